"""Times stay steady however the machine's clock is set, and are right once it is."""

import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import edgevision
from edgevision.daemon.clock import (
    FIRST_MADE,
    NO_STEP,
    SETTING_TAKES,
    TRUST,
    Clock,
    earliest,
    seconds_up,
    synchronized,
    vouched_for,
)
from edgevision.publish.json_values import rfc3339

FLOOR = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
TODAY = datetime(2026, 11, 21, tzinfo=UTC).timestamp()


class Machine:
    """A machine's two clocks: it has been up for `up` seconds, and its clock says `wall`."""

    def __init__(self, wall: float = TODAY, up: float = 1000.0, synchronized: bool = False) -> None:
        self.wall, self.up, self.synchronized = wall, up, synchronized
        self.vouched_for: float | None = None
        self.true = TODAY
        """What a right clock would say."""

    def clock(self) -> Clock:
        return Clock(
            lambda: self.wall, lambda: self.up, lambda: self.synchronized, FLOOR, lambda now: self.vouched_for == now
        )

    def passes(self, seconds: float) -> None:
        self.wall += seconds
        self.up += seconds
        self.true += seconds


STEPS = st.floats(-2e9, 2e9) | st.floats(-2, 2)
TIMES = st.floats(0, 1e5)


@given(st.lists(st.tuples(TIMES, STEPS, st.booleans()), max_size=30))
def test_frames_times_pass_as_time_does_however_the_clock_is_set(moves: list[tuple[float, float, bool]]) -> None:
    machine = Machine()
    clock = machine.clock()
    for seconds, step, looks in moves:
        before = clock.time()
        machine.wall += step
        if looks:
            clock.look()
        machine.passes(seconds)
        assert clock.time() - before == pytest.approx(seconds, abs=1e-5)
        assert clock.time() >= before


@given(st.lists(st.tuples(TIMES, STEPS), max_size=30))
def test_any_frames_time_is_told_by_the_clock_as_it_is_set_now(moves: list[tuple[float, float]]) -> None:
    machine = Machine()
    clock = machine.clock()
    frames = []
    for seconds, step in moves:
        frames.append((clock.time(), machine.up))
        machine.wall += step
        machine.passes(seconds)
        clock.look()
        for steady, up in frames:
            assert abs(clock.stamped(steady) - (machine.wall - (machine.up - up))) <= NO_STEP + 1e-3


@given(st.lists(st.floats(-0.049, 0.049), max_size=30))
def test_what_is_no_step_changes_no_time_that_was_told(noise: list[float]) -> None:
    machine = Machine()
    clock = machine.clock()
    told = clock.stamped(start := clock.time())
    honest = machine.wall
    for off in noise:
        machine.passes(1.0)
        honest += 1.0
        machine.wall = honest + off
        clock.look()
        assert clock.stamped(start) == told


@given(st.lists(st.floats(0.01, 0.09), min_size=20, max_size=20))
def test_many_steps_too_small_to_count_do_add_up(slews: list[float]) -> None:
    machine = Machine()
    clock = machine.clock()
    for slew in slews:
        machine.wall += slew
        clock.look()
        assert abs(clock.stamped(clock.time()) - machine.wall) <= NO_STEP + 1e-3


def test_an_event_of_1970_is_told_of_today_once_the_clock_is_set(caplog: pytest.LogCaptureFixture) -> None:
    machine = Machine(wall=20.0, up=20.0)
    clock = machine.clock()
    assert (clock.state, clock.right) == ("wrong", False)
    start = clock.time()
    old = clock.reckoning
    machine.passes(30.0)
    machine.wall, machine.synchronized = machine.true, True
    clock.look()
    assert (clock.state, clock.right) == ("synchronized", True)
    assert clock.stamped(start) == pytest.approx(TODAY, abs=1e-5)
    # What was written down with the old offset is mended by the difference to the new one.
    assert old.stamped(start) + clock.offset - old.offset == pytest.approx(TODAY, abs=1e-5)
    assert old.right is False


@given(st.floats(0, 2e9), st.floats(0, 1e5), STEPS)
def test_a_time_that_was_written_down_and_mended_later_is_that_of_later_messages(
    wall: float, seconds: float, step: float
) -> None:
    machine = Machine(wall)
    clock = machine.clock()
    machine.passes(seconds)
    old, start = clock.offset, clock.time()
    written = datetime.fromisoformat(rfc3339(clock.stamped(start))).timestamp()
    machine.wall = min(max(machine.wall + step, 0.0), 4e9)
    clock.look()
    mended = rfc3339(written + clock.offset - old)
    assume(abs(start * 1000 % 1 - 0.5) > 1e-3)  # which way a half goes is up to the floats
    assert mended == rfc3339(clock.stamped(start))


def test_a_step_is_logged_once_and_in_words(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "edgevision")
    machine = Machine(wall=TODAY - 20_000 * 86_400, up=5.0)
    clock = machine.clock()
    machine.wall = machine.true
    for step in (0.0, 0.0, -1.5, 0.0, 600.0, -7200.0, 0.05):
        machine.wall += step
        clock.look()
    told = [record.message for record in caplog.records if "was put" in record.message]
    assert told == [
        f"the clock was put {how}"
        for how in ("forward by 20,000 days", "back by 1.5 s", "forward by 10 minutes", "back by 2 hours")
    ]


@pytest.mark.parametrize(
    ("wall", "up", "synchronized", "state", "right"),
    [
        (TODAY, 5.0, True, "synchronized", True),
        (0.0, 5.0, True, "synchronized", True),
        (TODAY, 5.0, False, "waiting", False),
        (TODAY, SETTING_TAKES + 1, False, "assumed", True),
        (FLOOR - 1, 5.0, False, "wrong", False),
        (FLOOR - 1, 1e6, False, "wrong", False),
        (-5.0, 5.0, False, "wrong", False),
    ],
)
def test_what_is_known_of_the_clock(wall: float, up: float, synchronized: bool, state: str, right: bool) -> None:
    clock = Machine(wall, up, synchronized).clock()
    assert (clock.state, clock.right) == (state, right)


def test_a_machine_that_nothing_sets_is_believed_after_ten_minutes() -> None:
    machine = Machine(up=5.0)
    clock = machine.clock()
    states = []
    for _ in range(5):
        clock.look()
        states.append(clock.state)
        machine.passes(150.0)
    assert states == ["waiting"] * 4 + ["assumed"]


def test_a_machine_whose_battery_clock_agrees_is_believed_at_once() -> None:
    machine = Machine(up=5.0)
    machine.vouched_for = machine.wall
    clock = machine.clock()
    assert (clock.state, clock.right) == ("assumed", True)


def test_a_clock_is_vouched_for_by_one_with_a_battery_or_by_whoever_runs_the_machine(tmp_path: Path) -> None:
    rtc = tmp_path / "rtc0"
    rtc.mkdir()
    assert not vouched_for(TODAY, {}, tmp_path)
    (rtc / "since_epoch").write_text("300\n")  # it has no battery
    assert not vouched_for(TODAY, {}, tmp_path)
    (rtc / "since_epoch").write_text("nonsense\n")
    assert not vouched_for(TODAY, {}, tmp_path)
    assert vouched_for(TODAY, {TRUST: "1"}, tmp_path)
    (rtc / "since_epoch").write_text(f"{TODAY + 3:.0f}\n")
    assert vouched_for(TODAY, {}, tmp_path)


def test_times_that_may_be_told_may_always_be_told() -> None:
    machine = Machine(up=5.0, synchronized=True)
    clock = machine.clock()
    machine.synchronized = False  # as after hours without the network
    clock.look()
    assert (clock.state, clock.right) == ("assumed", True)
    machine.wall = 0.0
    clock.look()
    assert (clock.state, clock.right) == ("wrong", True)


def test_a_clock_that_is_set_while_we_look_is_not_called_right_by_its_old_time() -> None:
    machine = Machine(wall=20.0, up=20.0)

    def wall() -> float:
        said = machine.wall
        machine.wall, machine.synchronized = machine.true, True
        return said

    clock = Clock(wall, lambda: machine.up, lambda: machine.synchronized, FLOOR)
    assert not clock.right
    clock.look()
    assert clock.right
    assert clock.stamped(clock.time()) == pytest.approx(machine.true)


def test_being_put_off_between_the_two_clocks_is_no_step(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "edgevision")
    machine = Machine()
    delays = iter([0.0, 3.0, 0.5, *[0.0] * 50])  # the first reading of the look takes three seconds

    def wall() -> float:
        said = machine.wall
        machine.passes(next(delays))
        return said

    clock = Clock(wall, lambda: machine.up, lambda: False, FLOOR)
    offset = clock.offset
    clock.look()
    assert clock.offset == offset
    assert not [record for record in caplog.records if "was put" in record.message]


def test_this_machines_clocks_are_read() -> None:
    clock = Clock()
    assert abs(clock.stamped(clock.time()) - time.time()) < 60
    assert clock.state in {"synchronized", "assumed", "waiting"}
    assert seconds_up() >= time.monotonic() - 1


def test_timesyncd_or_the_kernel_says_whether_the_network_has_set_the_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kernel_says(answer: int) -> Callable[[], object]:
        class Library:
            def adjtimex(self, buffer: object) -> int:
                assert bytes(buffer) == bytes(512)  # type: ignore[call-overload]  # a ctypes array: nothing is set by it
                return answer

        return Library

    for answer, known in ((0, True), (3, True), (5, False), (-1, False)):
        monkeypatch.setattr("edgevision.daemon.clock._libc", kernel_says(answer))
        assert synchronized(tmp_path / "synchronized") is known
    (tmp_path / "synchronized").touch()
    assert synchronized(tmp_path / "synchronized") is True


def test_asking_the_kernel_is_harmless(tmp_path: Path) -> None:
    before = time.time() - time.monotonic()
    assert synchronized(tmp_path / "none") in {True, False}
    assert abs(time.time() - time.monotonic() - before) < 60


def test_it_is_not_earlier_than_the_installation(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert FIRST_MADE <= earliest() <= max(time.time(), FIRST_MADE)
    package = tmp_path / "__init__.py"
    package.touch()
    monkeypatch.setattr(edgevision, "__file__", str(package))
    for mtime, floor in (
        (TODAY, TODAY),
        (0.0, FIRST_MADE),
        (315_532_800.0, FIRST_MADE),
    ):  # zip files know no day before 1980
        os.utime(package, (mtime, mtime))
        assert earliest() == floor


def test_the_clock_costs_no_heavy_import() -> None:
    heavy = {"numpy", "cv2", "pydantic", "asyncio"}
    code = "import sys, edgevision.daemon.clock; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not heavy & set(loaded)
