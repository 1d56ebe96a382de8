"""From turns to figures."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from bench.contest import STILL, WITH_OPENCV, Key, Record, Results, Start
from bench.figures import Figure, Rounds, figures, fps, least_share, rows
from bench.turns import Turn

BARE = Key("ssd", 1, "bare")
LOOP = replace(BARE, name="straightforward")
PIPELINE = replace(BARE, name="pipeline", kind="camera")
DAEMON = replace(BARE, name="daemon")


def turns(key: Key, *frames: int, cpu: float = 1.0, phase: str = "speed", **more: Any) -> Iterator[Record]:
    """A turn of one second in each round, with so many frames and `cpu` seconds."""
    for number, count in enumerate(frames):
        turn = Turn(count, 1.0, cpu, 100_000_000)._replace(**more)
        yield Record(phase, key, number, turn)


def test_ratios_are_formed_within_a_round() -> None:
    # The machine was slow in the second round, for both; the medians' ratio would be 0.9.
    records = [*turns(BARE, 100, 10, 100), *turns(PIPELINE, 90, 9, 80)]
    assert Rounds(records, "speed").ratio(PIPELINE, BARE, fps) == pytest.approx(0.9)
    uneven = [*turns(BARE, 100, 200, 300), *turns(PIPELINE, 300, 100, 150)]
    assert Rounds(uneven, "speed").ratio(PIPELINE, BARE, fps) == pytest.approx(0.5)


def test_a_round_that_one_of_them_missed_counts_for_neither() -> None:
    records = [*turns(BARE, 100, 100), *turns(PIPELINE, 90)]
    assert Rounds(records, "speed").ratio(PIPELINE, BARE, fps) == pytest.approx(0.9)
    assert Rounds([*turns(BARE, 100)], "speed").ratio(PIPELINE, BARE, fps) is None


def test_the_table_has_medians() -> None:
    (row,) = rows(Results(records=[*turns(BARE, 100, 300, 110)]))
    assert (row.key, row.fps, row.relative) == (BARE, 110, 1.0)
    assert row.cpu == pytest.approx(1 / 110)
    assert row.resident == 100_000_000


def test_the_least_camera_is_held_against_its_share() -> None:
    assert least_share([Turn(0, 1, 1, 1, each=[10, 30]), Turn(0, 1, 1, 1, each=[20, 20])]) == pytest.approx(0.75)
    assert least_share([Turn(0, 1, 1, 1, each=[])]) == 0.0


def test_all_ten_figures_are_told() -> None:
    late = {"p50": 2.0, "p95": 9.0, "p99": 16.0}
    two = [replace(key, threads=2) for key in (BARE, PIPELINE)]
    small = [replace(key, model="v1-small") for key in (BARE, PIPELINE)]
    still, opencv = replace(DAEMON, kind=STILL), replace(BARE, kind=WITH_OPENCV)
    records = [
        *turns(BARE, 100, cpu=1.0),
        *turns(LOOP, 100, cpu=1.4),
        *turns(PIPELINE, 99, cpu=0.99 * 1.1),
        *turns(replace(PIPELINE, cameras=4), 99, each=[24, 25, 25, 25]),
        *turns(DAEMON, 94),
        *turns(two[0], 200),
        *turns(two[1], 180),
        *turns(small[0], 4000),
        *turns(small[1], 3400),
        *turns(DAEMON, 50, phase="paced", beyond=late),
        *turns(still, 10, phase="paced", resident=120, beyond=late),
        *turns(opencv, 100, phase="paced", resident=100),
    ]
    starts = [Start("starts", key, 0, seconds, 0) for key, seconds in ((BARE, 0.1), (DAEMON, 0.15))]
    found = figures(Results(records, starts, idle=[0.05]))
    expected: list[tuple[int, float, bool]] = [
        (1, 0.99, True),
        (2, 0.9, False),
        (3, 0.85, True),
        (4, 0.94, False),
        (5, 2.0, True),
        (5, 16.0, False),
        (6, 1.0, True),
        (6, 24 * 4 / 99, True),
        (7, 0.25, True),
        (8, 0.05, True),
        (9, 1.2, True),
        (10, 1.5, True),
    ]
    assert [(one.number, one.met) for one in found] == [(number, met) for number, _, met in expected]
    assert [one.measured for one in found] == pytest.approx([measured for _, measured, _ in expected])


def test_what_was_not_measured_is_not_told() -> None:
    assert figures(Results()) == []
    assert figures(Results(records=[*turns(PIPELINE, 90)])) == []


def test_a_daemon_that_waits_for_its_camera_says_nothing_of_its_speed() -> None:
    slow = replace(DAEMON, kind="240 fps at most")
    assert figures(Results(records=[*turns(BARE, 1000), *turns(slow, 240)])) == []


@pytest.mark.parametrize(("at_most", "met"), [(True, False), (False, True)])
def test_a_target_is_a_least_or_a_most(at_most: bool, met: bool) -> None:
    assert Figure(1, "", 1.0, 1.1, at_most=at_most).met is met
