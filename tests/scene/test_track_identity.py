"""Each thing is one track, whatever the detector drops, shakes and invents."""

import math
import random
from collections.abc import Callable

import pytest

from edgevision.inference.detection import Box, Detection
from edgevision.scene.moment import Moment
from tests.scene.synthetic import PERFECT, Detector, Scene, Thing, every, line, still, stops, uneven
from tests.scene.watching import BOX, account, around, look, new_tracker, stand


def opposite(chance: random.Random) -> Scene:
    """Two people who meet at half past two seconds and walk on."""
    width, rise = chance.uniform(0.05, 0.15), chance.uniform(-0.03, 0.03)
    height, alike = width * chance.uniform(1.5, 3), chance.uniform(0.8, 1.25)
    ann = line((0.5, 0.5), (chance.uniform(0.08, 0.2), 0), since=2.5)
    bob = line((0.5, 0.5 + rise), (-chance.uniform(0.08, 0.2), 0), since=2.5)
    return Scene(
        (
            Thing("ann", "person", ann, width, height, goes=5.0),
            Thing("bob", "person", bob, alike * width, alike * height, goes=5.0),
        )
    )


def diagonal(chance: random.Random) -> Scene:
    """Two cars of one size that meet at half past two seconds from both sides of the way that they go."""
    width, speed, angle = chance.uniform(0.08, 0.2), chance.uniform(0.12, 0.2), chance.uniform(0.5, 1.2)
    height = width * chance.uniform(0.6, 1)
    x, y = speed * math.cos(angle), speed * math.sin(angle)
    return Scene(
        (
            Thing("ann", "car", line((0.5, 0.5), (x, y), since=2.5), width, height, goes=5.0),
            Thing("bob", "car", line((0.5, 0.5), (x, -y), since=2.5), width, height, goes=5.0),
        )
    )


@pytest.mark.parametrize("cross", [opposite, diagonal])
@pytest.mark.parametrize("step", [0.1, 1 / 15])
def test_what_crosses_stays_itself(cross: Callable[[random.Random], Scene], step: float) -> None:
    switched, odd, crossings = 0, 0, 100
    for seed in range(crossings):
        told = account(cross(random.Random(seed)), every(step, 9.0), seed, Detector())
        ways = [(told.ids(name, until=2.0), told.ids(name, since=3.5)) for name in ("ann", "bob")]
        assert all(before and after for before, after in ways)
        switched += any(before != after for before, after in ways)
        odd += len(told.tracks) != 2
    assert switched <= crossings / 50
    assert odd <= crossings / 50


def test_what_hides_behind_a_bar_comes_back_as_itself() -> None:
    odd = 0
    for seed in range(100):
        chance = random.Random(seed)
        width, speed, hidden = chance.uniform(0.05, 0.15), chance.uniform(0.1, 0.25), chance.uniform(0.8, 1.8)
        bar = (speed * hidden - 0.4 * width) / 2  # it can't be seen until 0.3 of it is
        walker = Thing(
            "ann", "person", line((-0.1, 0.5), (speed, 0)), width, width * chance.uniform(1.5, 3), goes=1.2 / speed
        )
        scene = Scene((walker,), (Box(0.5 - bar, 0.0, 0.5 + bar, 1.0),) if bar > 0 else ())
        told = account(scene, every(0.1, 1.2 / speed + 5), seed, Detector(), new_tracker(max_lost=3.0))
        odd += [len(told.tracks), len(told.ended)] != [1, 1]
    assert odd <= 2


@pytest.mark.parametrize("detector", [PERFECT, Detector()])
def test_many_come_cross_stop_hide_and_go_and_each_is_one_track(detector: Detector) -> None:
    scene = Scene(
        (
            Thing("walks", "person", line((-0.05, 0.5), (0.08, 0)), 0.08, 0.25, goes=14),
            Thing(
                "stops",
                "person",
                stops((5, 1.05, 0.3), (10, 0.7, 0.3), (40, 0.7, 0.3), (45, 1.05, 0.3)),
                0.08,
                0.25,
                5,
                46,
            ),
            Thing("parks", "car", stops((2, 0.2, -0.1), (6, 0.2, 0.8)), 0.25, 0.2, 2),
            Thing("passes", "car", line((1.1, 0.75), (-0.25, 0), since=20), 0.2, 0.15, 20, 26),
            Thing("sits", "cat", still(0.9, 0.9), 0.06, 0.08, 3, 50),
        ),
        (Box(0.45, 0.0, 0.5, 1.0),),
    )
    for seed in range(5):
        told = account(scene, every(0.1, 60), seed, detector, new_tracker(max_lost=3.0))
        assert sorted(track.label for track in told.tracks.values()) == ["car", "car", "cat", "person", "person"]
        assert len(set().union(*(told.ids(thing.name) for thing in scene.things))) == 5
        assert len(told.ended) == 4
        for thing in scene.things:
            (track,) = told.ids(thing.name)
            assert told.tracks[track].first.clock == pytest.approx(thing.comes, abs=1.5)
            assert told.tracks[track].last.clock == pytest.approx(min(thing.goes, 60), abs=3.0)


@pytest.mark.parametrize(
    ("clocks", "max_lost"),
    [(every(0.1, 600), 2.0), (every(1.0, 8 * 3600), 12.0), (every(5.0, 8 * 3600), 60.0), (uneven(1200, 1), 4.0)],
    ids=["10 minutes", "8 hours", "8 hours, seldom looked at", "at a rate that changes"],
)
def test_what_stands_still_is_one_track_all_the_time(clocks: list[float], max_lost: float) -> None:
    scene = Scene(
        (Thing("ann", "person", still(0.3, 0.6), 0.1, 0.3), Thing("bob", "person", still(0.42, 0.6), 0.1, 0.3))
    )
    told = account(scene, clocks, 1, Detector(false=0.02), new_tracker(max_lost=max_lost))
    assert len(told.tracks) == 2
    assert not told.ended
    assert told.ids("ann") != told.ids("bob")


def test_two_who_walk_close_together_stay_two() -> None:
    for seed in range(20):
        path, beside = line((0.1, 0.5), (0.1, 0)), line((0.16, 0.5), (0.1, 0))
        scene = Scene((Thing("ann", "person", path, 0.1, 0.3), Thing("bob", "person", beside, 0.1, 0.3)))
        told = account(scene, every(0.1, 7.0), seed, Detector())
        assert len(told.tracks) == 2
        assert told.ids("ann", until=2.0) == told.ids("ann", since=5.0) != told.ids("bob", since=5.0)


def test_one_false_box_does_not_lead_a_hidden_thing_astray() -> None:
    tracker = new_tracker()
    for frame in range(10):
        look(tracker, frame / 10, around(0.2 + 0.02 * frame))
    stand(tracker, 17, begin=10)
    look(tracker, 1.7, Box(0.3, 0.2, 0.36, 0.6))
    stand(tracker, 20, begin=18)
    for frame in range(20, 23):
        tracked = look(tracker, frame / 10, around(0.2 + 0.02 * frame))
    assert tracked.of == ("t0",)


def test_what_comes_back_in_time_is_itself_though_it_is_confirmed_later() -> None:
    tracker = new_tracker(max_lost=2.0)
    stand(tracker, 11, around(0.5))
    look(tracker, 2.9)
    assert look(tracker, 3.0, around(0.58)).alive
    assert look(tracker, 3.05).alive
    back = look(tracker, 3.1, around(0.58))
    assert back.of == ("t0",)
    assert [track.hits for track in back.alive] == [13]


@pytest.mark.parametrize("other", [around(0.9), Box(0.56, 0.5, 0.61, 0.56)], ids=["far away", "of another size"])
def test_something_else_is_not_what_was_lost(other: Box) -> None:
    tracker = new_tracker()
    stand(tracker, 10, around(0.5))
    tracked = stand(tracker, 20, other, begin=10)
    assert [(track.id, track.found) for track in tracked.alive] == [("t0", False), ("t1", True)]


def test_what_began_before_another_was_lost_is_not_that() -> None:
    tracker = new_tracker()
    stand(tracker, 10, BOX)
    other = Box(0.33, 0.4, 0.43, 0.7)
    look(tracker, 1.0, BOX, other)
    tracked = stand(tracker, 14, other, begin=11)
    assert [(track.id, track.found) for track in tracked.alive] == [("t0", False), ("t1", True)]


def test_the_coasting_box_of_what_is_gone_for_long_stays_near() -> None:
    """So that who comes back to where he was is found again, be it after half an hour."""
    tracker = new_tracker(max_lost=3600)
    chance = random.Random(2)
    for frame in range(50):
        look(tracker, frame / 10, around(0.5 + chance.gauss(0, 0.006)))
    stand(tracker, 18000, begin=50)
    tracked = stand(tracker, 18003, around(0.5), begin=18000)
    assert [track.id for track in tracked.alive] == ["t0"]
    assert tracked.of == ("t0",)


def test_who_was_hidden_for_a_while_is_known_by_what_first_shows_beside_the_one_in_front() -> None:
    tracker = new_tracker()
    front, behind = Box(0.4, 0.1, 0.57, 0.9), Box(0.5, 0.3, 0.6, 0.8)
    look(tracker, 0.0, front)
    stand(tracker, 5, front, behind, begin=1)
    stand(tracker, 12, front, begin=5)
    sliver = Box(front.xmax, behind.ymin, behind.xmax, behind.ymax)
    assert look(tracker, 1.2, front, sliver).of == ("t0", "t1")


@pytest.mark.parametrize("score", [0.4, 0.6])
def test_who_stands_there_is_not_carried_off_by_a_passer_by(score: float) -> None:
    """The detector gives what can be seen of her, then, with that score, a sliver that goes along with him."""
    tracker = new_tracker()
    for frame in range(60):
        passer = 1.2 - 0.025 * frame
        before = Box(passer - 0.1, 0.4, passer + 0.1, 0.9)
        sides = [(0.4, min(before.xmin, 0.6)), (max(before.xmax, 0.4), 0.6)]
        left, right = max(sides, key=lambda side: side[1] - side[0])
        detections = [Detection("person", 0.8, Box(left, 0.4, right, 0.9))]
        if right - left < 0.05:
            edge = max(before.xmin - 0.02, 0.4)
            detections = [Detection("person", score, Box(edge, 0.4, edge + 0.1, 0.9))]
        if before.xmin < 0.95 and before.xmax > 0.05:
            detections.append(Detection("person", 0.9, before))
        tracked = tracker.update(detections, [one.score >= 0.5 for one in detections], Moment(frame / 10, frame / 10))
    assert tracked.of[0] == "t0"
    assert {track.id for track in tracked.alive} <= {"t0", "t1"}


def test_of_two_in_one_place_each_is_told_by_its_size() -> None:
    tracker, tall, small = new_tracker(), Box(0.45, 0.3, 0.55, 0.7), Box(0.46, 0.4, 0.54, 0.6)
    stand(tracker, 5, tall, small)
    assert look(tracker, 0.5, small, tall).of == ("t1", "t0")
    assert look(tracker, 0.6, small).of == ("t1",)


def test_a_box_between_two_belongs_to_the_one_seen_last() -> None:
    tracker = new_tracker()
    stand(tracker, 10, around(0.45), around(0.55))
    assert look(tracker, 1.0, around(0.45)).of == ("t0",)
    assert look(tracker, 1.1, around(0.45)).of == ("t0",)
    assert look(tracker, 1.2, around(0.497)).of == ("t0",)


def test_two_boxes_on_one_thing_are_one_track() -> None:
    tracker = new_tracker(min_hits=1)
    for frame in range(10):
        tracked = look(tracker, frame / 10, BOX, Box(0.41, 0.4, 0.51, 0.72))
        assert [track.id for track in tracked.alive] == ["t0"]
        assert sorted(tracked.of, key=str) == [None, "t0"]


def test_a_part_with_a_clearly_lower_score_is_not_another() -> None:
    tracker = new_tracker()
    for frame in range(10):
        detections = [Detection("person", 0.95, BOX), Detection("person", 0.55, Box(0.395, 0.42, 0.44, 0.65))]
        missed = frame in (5, 7)
        tracked = tracker.update(detections[missed:], [True, True][missed:], Moment(frame / 10, frame / 10))
        assert not tracked.tentative or frame < 3
    assert [track.id for track in tracked.alive] == ["t0"]


def test_a_child_before_its_parent_is_another() -> None:
    tracker = new_tracker()
    stand(tracker, 5, BOX, Box(0.42, 0.52, 0.48, 0.7))
    assert look(tracker, 0.5, BOX, Box(0.42, 0.52, 0.48, 0.7)).of == ("t0", "t1")


@pytest.mark.parametrize("speed", [0.1, 0.2])
@pytest.mark.parametrize("width", [0.16, 0.24])
def test_what_a_thin_bar_cuts_in_two_is_one(speed: float, width: float) -> None:
    tracker, bar = new_tracker(), (0.5, 0.53)
    for frame in range(round((1 - width) / speed * 10)):
        left = speed * frame / 10
        right = left + width
        parts = [(left, min(right, bar[0])), (max(left, bar[1]), right)]
        boxes = [Box(*part[:1], 0.3, *part[1:], 0.8) for part in parts if part[1] - part[0] > 0.25 * width]
        look(tracker, frame / 10, *(boxes if right > bar[0] and left < bar[1] else [Box(left, 0.3, right, 0.8)]))
    assert [track.id for track in tracker.clear()] == ["t0"]
