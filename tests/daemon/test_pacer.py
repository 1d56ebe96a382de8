"""No more frames a second than the limit, evenly spread."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgevision.daemon.pacer import Pacer


def passed(times: Iterable[float], fps: float | None) -> list[float]:
    """Those of the frames that are let through."""
    pacer = Pacer()
    return [now for now in times if not pacer.until_due(now, fps)]


def test_without_a_limit_all_pass() -> None:
    assert len(passed([0.0] * 10, None)) == 10


@pytest.mark.parametrize("fps", [0.5, 3, 8, 10])
def test_frames_pass_at_the_limit_s_rate_though_it_is_no_divisor_of_the_camera_s(fps: float) -> None:
    frames = passed((n / 10 for n in range(6000)), fps)
    assert len(frames) == pytest.approx(600 * fps, abs=1)


@given(st.lists(st.floats(0, 100), min_size=2, max_size=200), st.floats(0.5, 100))
def test_no_while_has_more_than_the_limit_and_one_or_two(times: list[float], fps: float) -> None:
    frames = passed(sorted(times), fps)
    for first in range(len(frames)):
        for last in range(first, len(frames)):
            assert last - first + 1 <= (frames[last] - frames[first]) * fps + 2 + 1e-6


def test_a_limit_that_is_raised_holds_at_once() -> None:
    pacer = Pacer()
    assert [pacer.until_due(0, 0.5) for _ in range(2)] == [0, 0]
    assert pacer.until_due(0.1, 0.5) == pytest.approx(1.9)
    assert pacer.until_due(0.2, 10) == pytest.approx(0.1)
    assert pacer.until_due(0.31, 10) == 0
