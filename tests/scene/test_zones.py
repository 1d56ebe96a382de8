"""A thing is in the zone it stands in, and enters and leaves it once."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgevision.inference.detection import Box
from edgevision.scene.polygon import Polygon
from edgevision.scene.rules import Zone
from edgevision.scene.zones import Whereabouts, foot, masked, zones_of

FRAME: Polygon = ((0, 0), (1, 0), (1, 1), (0, 1))
DRIVE: Polygon = ((0.1, 0.5), (0.9, 0.5), (1, 1), (0, 1))
HALVES = {"left": Zone(((0, 0), (0.5, 0), (0.5, 1), (0, 1))), "right": Zone(((0.5, 0), (1, 0), (1, 1), (0.5, 1)))}
THIRDS = {
    "right": Zone(((0.6, 0), (1, 0), (1, 1), (0.6, 1))),
    "all": Zone(((0, 0), (1, 0), (1, 0.7), (0, 0.7))),
    "left": Zone(((0, 0), (0.4, 0), (0.4, 1), (0, 1))),
}
sides = st.tuples(st.floats(-0.5, 1.5), st.floats(-0.5, 1.5))


def standing_at(x: float, y: float) -> Box:
    return Box(x - 0.05, y - 0.2, x + 0.05, y)


LEFT, RIGHT = standing_at(0.2, 0.5), standing_at(0.8, 0.5)
PLACES = [standing_at(x, y) for x in (0.2, 0.5, 0.8) for y in (0.5, 0.9)]


def test_the_bottom_centre_of_the_box_decides() -> None:
    drive = {"drive": Zone(DRIVE)}
    assert foot(Box(0.25, 0.125, 0.5, 0.75)) == (0.375, 0.75)
    assert zones_of(drive, "person", Box(0.4, 0.1, 0.6, 0.6)) == ("drive",)
    assert zones_of(drive, "person", Box(0.4, 0.1, 0.6, 0.45)) == ()
    assert zones_of(drive, "person", Box(0.0, 0.5, 0.1, 0.6)) == ()


@given(sides, sides)
def test_a_zone_that_is_the_whole_frame_has_every_box(xs: tuple[float, float], ys: tuple[float, float]) -> None:
    box = Box(min(xs), min(ys), max(xs), max(ys))
    assert zones_of({"all": Zone(FRAME)}, "person", box) == ("all",)
    assert masked([FRAME], box)


@pytest.mark.parametrize("x", [0.1, 0.5, 0.9])
def test_who_is_cut_off_by_the_bottom_of_the_frame_stands_in_the_zone_that_reaches_there(x: float) -> None:
    assert zones_of({"drive": Zone(DRIVE)}, "person", standing_at(x, 1.0)) == ("drive",)


def test_the_left_and_right_border_belong_to_the_zones_that_reach_there() -> None:
    assert zones_of(HALVES, "person", Box(0, 0, 0, 0.5)) == ("left",)
    assert zones_of(HALVES, "person", Box(1, 0, 1, 1)) == ("right",)


def test_a_zone_that_ends_before_the_border_does_not_have_what_stands_there() -> None:
    assert zones_of({"middle": Zone(((0, 0.5), (1, 0.5), (1, 0.99), (0, 0.99)))}, "person", standing_at(0.5, 1.0)) == ()


def test_a_zone_has_only_the_labels_it_cares_for() -> None:
    zones = {"cats": Zone(FRAME, ("cat",)), "any": Zone(FRAME), "both": Zone(FRAME, ("dog", "cat"))}
    assert zones_of(zones, "cat", standing_at(0.5, 0.5)) == ("cats", "any", "both")
    assert zones_of(zones, "dog", standing_at(0.5, 0.5)) == ("any", "both")
    assert zones_of(zones, "person", standing_at(0.5, 0.5)) == ("any",)


def test_what_has_no_box_is_in_no_zone() -> None:
    assert zones_of({"any": Zone(FRAME)}, "person", None) == ()


def test_a_zone_is_entered_and_left_with_the_third_frame_in_a_row() -> None:
    where = Whereabouts(HALVES, "person", RIGHT)
    assert [where.found_at(box) for box in (LEFT, LEFT, LEFT, LEFT)] == [False, False, True, False]
    assert where.zones == ("left",)
    assert [where.found_at(box) for box in (RIGHT, RIGHT, RIGHT, RIGHT)] == [False, False, True, False]
    assert where.zones == ("right",)


def test_to_and_fro_changes_nothing() -> None:
    where = Whereabouts(HALVES, "person", LEFT)
    assert not any(where.found_at(box) for box in [RIGHT, RIGHT, LEFT] * 100)
    assert where.zones == ("left",)


def test_to_and_fro_on_one_edge_does_not_hide_that_another_zone_is_entered() -> None:
    zones = {"low": Zone(((0, 0.5), (1, 0.5), (1, 1), (0, 1))), "left": HALVES["left"]}
    where = Whereabouts(zones, "person", standing_at(0.2, 0.3))
    low, lower = standing_at(0.2, 0.8), standing_at(0.8, 0.8)
    assert [where.found_at(box) for box in (low, lower, low)] == [False, False, True]
    assert where.zones == ("low", "left")


def test_what_stands_on_an_edge_and_jitters_changes_its_zones_once_at_most() -> None:
    chance = random.Random(1)
    where = Whereabouts(HALVES, "person", LEFT)
    shaken = (standing_at(0.5 + chance.gauss(0, 0.03) * 0.1, 0.5 + chance.gauss(0, 0.03) * 0.2) for _ in range(36000))
    assert [where.found_at(box) for box in shaken].count(True) == 1
    assert where.zones == ("left", "right")


@pytest.mark.parametrize(("right", "down"), [(-0.01, 0.0), (0.01, 0.0), (0.0, -0.02), (0.0, 0.02)])
def test_a_zone_is_left_by_more_than_a_tenth_of_the_box_and_entered_by_none(right: float, down: float) -> None:
    """At each side of a zone, for a box of 0.1 x 0.2."""
    middle = {"middle": Zone(((0.4, 0.4), (0.6, 0.4), (0.6, 0.6), (0.4, 0.6)))}
    x, y = 0.5 + 10 * right, 0.5 + 5 * down
    inside, near, away = (standing_at(x + part * right, y + part * down) for part in (-0.1, 0.9, 1.1))

    coming = Whereabouts(middle, "person", away)
    assert not any(coming.found_at(near) for _ in range(10))
    assert [coming.found_at(inside) for _ in range(3)] == [False, False, True]
    assert not any(coming.found_at(near) for _ in range(10))
    assert [coming.found_at(away) for _ in range(3)] == [False, False, True]


def test_whoever_walks_slowly_over_the_edge_is_in_both_zones_only_for_a_step() -> None:
    where = Whereabouts(HALVES, "person", LEFT)
    told = [where.zones]
    for step in range(200):
        if where.found_at(standing_at(0.4 + step / 1000, 0.5)):
            told.append(where.zones)
    assert told == [("left",), ("left", "right"), ("right",)]


def test_what_a_zone_does_not_care_for_never_enters_it() -> None:
    where = Whereabouts({"cats": Zone(FRAME, ("cat",))}, "person", LEFT)
    assert not any(where.found_at(LEFT) for _ in range(10))
    assert where.zones == ()


@given(st.sampled_from(PLACES), st.lists(st.sampled_from(PLACES), max_size=30))
def test_it_changes_exactly_when_three_frames_in_a_row_say_so(first: Box, frames: list[Box]) -> None:
    where = Whereabouts(THIRDS, "person", first)
    told = set(zones_of(THIRDS, "person", first))
    assert set(where.zones) == told
    for number in range(len(frames)):
        last = [zones_of(THIRDS, "person", box) for box in frames[max(number - 2, 0) : number + 1]]
        expected = {
            zone
            for zone in THIRDS
            if (zone in told) ^ (len(last) == 3 and all((zone in frame) != (zone in told) for frame in last))
        }
        assert where.found_at(frames[number]) == (expected != told)
        assert where.zones == tuple(zone for zone in THIRDS if zone in expected)
        told = expected
