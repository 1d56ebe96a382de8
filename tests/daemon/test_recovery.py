"""A camera that fails is had back a few times, then left to a new process; what never came is waited for."""

import pytest

from edgevision.daemon.recovery import HANGS_AT_MOST, DriverRecovery, FileRecovery, Recovery, recovery_of
from tests.daemon.cameras import ScriptedSource


def fail(recovery: Recovery, now: float, hangs: bool = False) -> float | None:
    """Seconds until the next try."""
    return recovery.failed(now, hangs=hangs).wait


def came() -> DriverRecovery:
    """Of a camera that has given a frame."""
    recovery = DriverRecovery()
    recovery.picture(0)
    return recovery


def test_a_camera_that_never_came_is_tried_for_ever() -> None:
    recovery = DriverRecovery()
    assert [fail(recovery, now) for now in range(0, 60, 10)] == [1, 2, 4, 5, 5, 5]
    assert fail(recovery, 1e6) == 5


def test_a_camera_that_hangs_from_the_start_is_left_to_a_new_process_after_a_while() -> None:
    recovery = DriverRecovery()
    assert fail(recovery, 0, hangs=True) == 1
    assert fail(recovery, HANGS_AT_MOST - 1, hangs=True) == 2
    assert fail(recovery, HANGS_AT_MOST, hangs=True) is None


def test_a_camera_that_fails_at_its_first_start_has_not_come_back_once_it_comes() -> None:
    recovery = DriverRecovery()
    fail(recovery, 0)
    recovery.picture(1)
    for now in (10, 20, 30):
        assert fail(recovery, now) == 1
        recovery.picture(now + 1)
    assert fail(recovery, 40) is None


def test_the_fourth_failure_in_ten_minutes_is_the_last() -> None:
    recovery = came()
    for now in (10, 20, 30):
        assert fail(recovery, now) == 1
        assert fail(recovery, now + 1) == 2, "trying again is no failure of its own"
        recovery.picture(now + 5)
    verdict = recovery.failed(40)
    assert verdict.wait is None
    assert verdict.text == "given up: it had come back 3 times within 10 minutes"


@pytest.mark.parametrize(("last", "wait"), [(614.9, None), (615.1, 1.0)])
def test_what_is_longer_ago_is_forgotten(last: float, wait: float | None) -> None:
    recovery = came()
    for now in (10, 200, 400):
        assert fail(recovery, now) == 1
        recovery.picture(now + 5)
    assert fail(recovery, last) == wait


def test_a_camera_that_can_not_be_had_back_is_given_up_after_a_minute() -> None:
    recovery, now, waits = came(), 100.0, list[float | None]()
    while not waits or waits[-1] is not None:
        waits.append(fail(recovery, now))
        now += waits[-1] or 0
    assert waits[:5] == [1, 2, 4, 5, 5]
    assert 160 <= now < 166


def test_a_camera_that_hangs_is_given_up_at_once() -> None:
    assert fail(came(), 1, hangs=True) is None


def test_files_that_end_are_given_up_after_six_tries_and_others_never() -> None:
    ending, endless = FileRecovery(finite=True), FileRecovery(finite=False)
    assert [fail(ending, 0) for _ in range(6)] == [1, 2, 4, 8, 16, None]
    assert [fail(endless, 0) for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]


@pytest.mark.parametrize(("seconds", "wait"), [(9, 4), (10, 1)])
def test_files_are_mended_when_their_frames_have_come_for_a_while(seconds: float, wait: float) -> None:
    recovery = FileRecovery(finite=False)
    fail(recovery, 0)
    fail(recovery, 0)
    recovery.picture(100)
    recovery.picture(100 + seconds)
    assert fail(recovery, 200) == wait


def test_a_driver_s_source_is_not_treated_as_a_file() -> None:
    assert isinstance(recovery_of(ScriptedSource()), FileRecovery)
