"""How contenders count."""

import time

import pytest

from bench.turns import Stamp, loop, steady


def stamps(*times: float) -> list[Stamp]:
    """Frames at those times, each of which took half a second of a processor."""
    return [Stamp(at, number / 2) for number, at in enumerate(times)]


def test_frames_are_counted_whole() -> None:
    assert steady(stamps(1, 2, 3, 4, 5), 1.5, 4.5) == (3, 3, 1.5)


def test_without_a_frame_before_it_counting_begins_with_the_first() -> None:
    assert steady(stamps(2, 3, 4), 1.5, 4.5) == (2, 2, 1.0)


def test_a_pause_counts_wherever_it_is() -> None:
    assert steady(stamps(0, 9.9, 10), 1, 10)[:2] == (2, 10)


def test_no_frame_is_no_frame() -> None:
    assert steady([], 1, 3) == (0, 2, 0.0)
    assert steady(stamps(2), 1, 3) == (0, 2, 0.0)


def test_a_loop_tells_frames_time_and_processor() -> None:
    calls: list[None] = []

    def once() -> None:
        calls.append(None)
        time.sleep(0.001)

    turn = loop(once, 0.05)
    assert turn.frames == len(calls)
    assert turn.seconds >= 0.05
    assert turn.cpu == pytest.approx(turn.cpu) and turn.cpu < turn.seconds
    assert turn.resident > 1_000_000
