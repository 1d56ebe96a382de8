"""Each thing is one track, whatever the detector drops, shakes and invents."""

import itertools
import math
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgevision.inference.detection import Box, Detection
from edgevision.scene.moment import Moment
from edgevision.scene.track import Track
from edgevision.scene.tracker import MOST, Tracked, Tracker
from tests.scene.synthetic import PERFECT, Detector, Scene, Thing, every, line, shots, still, stops, uneven

DETECTORS = [PERFECT, Detector()]


def new_tracker(min_hits: int = 3, max_lost: float = 2.0) -> Tracker:
    numbers = itertools.count()
    return Tracker(min_hits, max_lost, lambda: f"t{next(numbers)}")


@dataclass
class Account:
    """What a tracker made of a scene: the track of each thing at each time, all tracks, and the last state of each."""

    seen_as: dict[str, list[tuple[float, str]]] = field(default_factory=lambda: defaultdict(list))
    tracks: dict[str, Track] = field(default_factory=dict)
    ended: list[Track] = field(default_factory=list)

    def ids(self, name: str, since: float = 0.0, until: float = math.inf) -> set[str]:
        """Which track the thing mostly was in that time."""
        ids = Counter(track for clock, track in self.seen_as[name] if since <= clock < until)
        return {track for track, _ in ids.most_common(1)}


def account(
    scene: Scene, clocks: Iterable[float], seed: int, detector: Detector, tracker: Tracker | None = None
) -> Account:
    tracker = tracker or new_tracker()
    told = Account()
    for shot in shots(scene, clocks, seed, detector):
        tracked = tracker.update(shot.detections, shot.starts(0.5), shot.moment)
        told.tracks.update((track.id, track) for track in tracked.alive + tracked.ended)
        told.ended += tracked.ended
        for name, track in zip(shot.truth, tracked.of, strict=True):
            if name is not None and track is not None:
                told.seen_as[name].append((shot.moment.clock, track))
    return told


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


@pytest.mark.parametrize("detector", DETECTORS)
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


def test_noise_is_no_thing() -> None:
    tracker = new_tracker(max_lost=10)
    assert not account(Scene(()), every(0.1, 1000), 1, Detector(false=0.2, false_faint=1.0), tracker).tracks


def test_noise_that_looks_like_something_once_more_is_no_thing_yet() -> None:
    tracker = new_tracker()
    box = Box(0.1, 0.1, 0.2, 0.4)
    for clock, other in enumerate(
        [box, Box(0.12, 0.1, 0.2, 0.2), box, Box(0.1, 0.1, 0.4, 0.4), Box(0.1, 0.5, 0.2, 0.8)]
    ):
        tracked = look(tracker, clock / 10, other)
        assert not tracked.alive
        assert tracked.tentative


def look(tracker: Tracker, clock: float, *boxes: Box | None, score: float = 0.8, label: str = "person") -> Tracked:
    """Let the tracker see those boxes, with a score of at least 0.5 as what may start a track."""
    return tracker.update(
        [Detection(label, score, box) for box in boxes], [score >= 0.5] * len(boxes), Moment(clock, 1e9 + clock)
    )


BOX = Box(0.4, 0.4, 0.5, 0.7)


@pytest.mark.parametrize("box", [BOX, None])
def test_a_track_starts_with_min_hits_frames_and_tells_of_the_first(box: Box | None) -> None:
    tracker = new_tracker(min_hits=3)
    early = [look(tracker, clock, box) for clock in (10.0, 10.1)]
    assert [(t.alive, t.of, t.tentative) for t in early] == [((), (None,), True)] * 2
    third = look(tracker, 10.2, box, score=0.7)
    first, last = Moment(10.0, 1e9 + 10.0), Moment(10.2, 1e9 + 10.2)
    assert third.alive == (Track("t0", "person", 0.7, box, 3, first, last, True),)
    assert third.of == ("t0",)
    assert not third.tentative
    assert look(new_tracker(min_hits=1), 0.0, box).of == ("t0",)


@pytest.mark.parametrize("box", [BOX, None])
def test_a_track_ends_when_unseen_for_longer_than_max_lost(box: Box | None) -> None:
    tracker = new_tracker(max_lost=1.0)
    for clock in (0.0, 0.1, 0.2):
        look(tracker, clock, box)
    lost = look(tracker, 1.1)
    assert [(track.found, track.last.clock) for track in lost.alive] == [(False, 0.2)]
    assert not lost.ended
    assert [track.id for track in look(tracker, 1.2).alive] == ["t0"]
    gone = look(tracker, 1.21)
    assert not gone.alive
    assert [(track.id, track.last.clock) for track in gone.ended] == [("t0", 0.2)]
    assert not look(tracker, 1.3).ended


@pytest.mark.parametrize("box", [BOX, None])
def test_one_missed_frame_ends_nothing_however_long_it_took(box: Box | None) -> None:
    tracker = new_tracker(max_lost=1.0)
    for clock in (0.0, 60.0, 120.0):
        look(tracker, clock, box)
    assert look(tracker, 180.0).alive
    assert look(tracker, 240.0, box).of == ("t0",)
    look(tracker, 300.0)
    assert look(tracker, 360.0).ended


@pytest.mark.parametrize("box", [BOX, None])
def test_a_low_score_keeps_a_track_but_begins_and_confirms_none(box: Box | None) -> None:
    tracker = new_tracker(max_lost=0.5)
    for frame in range(10):
        assert not look(tracker, frame / 10, box, score=0.4).tentative
    look(tracker, 1.0, box)
    look(tracker, 1.1, box)
    assert not look(tracker, 1.2, box, score=0.4).alive
    for clock in (2.0, 2.1, 2.2):
        look(tracker, clock, box)
    for frame in range(100):
        kept = look(tracker, 2.3 + frame / 10, box, score=0.4)
        assert [(track.score, track.found) for track in kept.alive] == [(0.4, True)]
        assert kept.of == (kept.alive[0].id,)


def test_a_low_score_elsewhere_keeps_nothing() -> None:
    tracker = new_tracker(max_lost=0.5)
    for clock in (0.0, 0.1, 0.2):
        look(tracker, clock, BOX)
    for clock in (0.3, 0.4, 0.5):
        assert look(tracker, clock, Box(0.45, 0.3, 0.6, 0.6), Box(0.4, 0.4, 0.5, 0.5), score=0.4).of == (None, None)


def test_a_score_around_the_threshold_does_not_flap() -> None:
    scene = Scene((Thing("ann", "person", still(0.5, 0.5), 0.1, 0.3),))
    told = account(scene, every(0.1, 300), 4, Detector(dropped=0.1, faint=0.6))
    assert [len(told.tracks), len(told.ended)] == [1, 0]


def test_one_false_box_does_not_lead_a_hidden_thing_astray() -> None:
    tracker = new_tracker()
    for frame in range(10):
        look(tracker, frame / 10, around(0.2 + 0.02 * frame))
    for frame in range(10, 20):
        look(tracker, frame / 10, *([Box(0.3, 0.2, 0.36, 0.6)] if frame == 17 else []))
    for frame in range(20, 23):
        tracked = look(tracker, frame / 10, around(0.2 + 0.02 * frame))
    assert tracked.of == ("t0",)


def around(x: float) -> Box:
    return Box(x - 0.05, 0.35, x + 0.05, 0.65)


def stand(tracker: Tracker, until: int, *boxes: Box) -> None:
    """Ten frames a second of the same, until before that frame."""
    for frame in range(until):
        look(tracker, frame / 10, *boxes)


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
    for frame in range(10, 20):
        tracked = look(tracker, frame / 10, other)
    assert [(track.id, track.found) for track in tracked.alive] == [("t0", False), ("t1", True)]


@pytest.mark.parametrize(
    "pattern", ["x..x..x..x..x..x..", "xx...xx...xx...xx..."], ids=["one of three", "three missed"]
)
def test_what_is_missed_too_often_is_not_confirmed(pattern: str) -> None:
    tracker = new_tracker()
    for frame, mark in enumerate(pattern):
        assert not look(tracker, frame / 10, *([BOX] if mark == "x" else [])).alive


def test_a_missed_frame_does_not_keep_a_thing_from_being_confirmed() -> None:
    tracker = new_tracker()
    for frame, mark in enumerate("x.x.x"):
        tracked = look(tracker, frame / 10, *([BOX] if mark == "x" else []))
    assert tracked.of == ("t0",)


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


def test_the_coasting_box_of_what_is_gone_for_long_stays_near() -> None:
    """So that who comes back to where he was is found again, be it after half an hour."""
    tracker = new_tracker(max_lost=3600)
    chance = random.Random(2)
    for frame in range(50):
        look(tracker, frame / 10, around(0.5 + chance.gauss(0, 0.006)))
    for frame in range(50, 18000):
        look(tracker, frame / 10)
    for frame in range(18000, 18003):
        tracked = look(tracker, frame / 10, around(0.5))
    assert [track.id for track in tracked.alive] == ["t0"]
    assert tracked.of == ("t0",)


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


def test_two_who_walk_close_together_stay_two() -> None:
    for seed in range(20):
        path, beside = line((0.1, 0.5), (0.1, 0)), line((0.16, 0.5), (0.1, 0))
        scene = Scene((Thing("ann", "person", path, 0.1, 0.3), Thing("bob", "person", beside, 0.1, 0.3)))
        told = account(scene, every(0.1, 7.0), seed, Detector())
        assert len(told.tracks) == 2
        assert told.ids("ann", until=2.0) == told.ids("ann", since=5.0) != told.ids("bob", since=5.0)


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


def test_what_began_before_another_was_lost_is_not_that() -> None:
    tracker = new_tracker()
    stand(tracker, 10, BOX)
    other = Box(0.33, 0.4, 0.43, 0.7)
    look(tracker, 1.0, BOX, other)
    for frame in range(11, 14):
        tracked = look(tracker, frame / 10, other)
    assert [(track.id, track.found) for track in tracked.alive] == [("t0", False), ("t1", True)]


def test_labels_never_mix() -> None:
    tracker = new_tracker(min_hits=1)
    for label in ("cat", "dog"):
        assert look(tracker, 0.0, BOX, label=label).tentative is False
    assert [(track.id, track.label) for track in look(tracker, 0.1, BOX, None, label="dog").alive] == [
        ("t0", "cat"),
        ("t1", "dog"),
        ("t2", "dog"),
    ]


def test_a_classifiers_label_is_one_track_however_often_it_is_named() -> None:
    tracker = new_tracker(min_hits=2)
    for clock in (0.0, 0.1, 0.2):
        tracked = tracker.update(
            [Detection("cat", 0.5), Detection("cat", 0.9), Detection("dog", 0.6)], [True] * 3, Moment(clock, clock)
        )
    assert [(track.label, track.score) for track in tracked.alive] == [("cat", 0.9), ("dog", 0.6)]
    assert tracked.of == (None, "t0", "t1")


def test_a_classifiers_label_must_hold_without_a_gap() -> None:
    tracker = new_tracker(min_hits=3)
    for frame in range(12):
        assert not look(tracker, frame / 10, *([None] if frame % 3 else [])).alive


def test_who_was_hidden_for_a_while_is_known_by_what_first_shows_beside_the_one_in_front() -> None:
    tracker = new_tracker()
    front, behind = Box(0.4, 0.1, 0.57, 0.9), Box(0.5, 0.3, 0.6, 0.8)
    for frame in range(5):
        look(tracker, frame / 10, front, *([behind] if frame else []))
    for frame in range(5, 12):
        look(tracker, frame / 10, front)
    sliver = Box(front.xmax, behind.ymin, behind.xmax, behind.ymax)
    assert look(tracker, 1.2, front, sliver).of == ("t0", "t1")


NONSENSE = [
    Box(math.nan, 0.1, 0.2, 0.3),
    Box(0.1, 0.1, math.inf, 0.3),
    Box(0.1, -math.inf, 0.2, math.inf),
    Box(0.2, 0.1, 0.2, 0.3),
    Box(0.3, 0.1, 0.2, 0.3),
    Box(0.1, 0.1, 0.1 + 1e-300, 0.3),
    Box(-1e300, -1e300, 1e300, 1e300),
]


@pytest.mark.parametrize("box", NONSENSE)
def test_a_box_that_is_none_is_not_there(box: Box) -> None:
    tracker = new_tracker(min_hits=1)
    assert look(tracker, 0.0, box) == Tracked((), (), (None,), False)
    look(tracker, 0.1, BOX)
    both = look(tracker, 0.2, box, BOX)
    assert both.of == (None, "t0")
    assert look(tracker, 0.3, BOX, score=math.nan).of == (None,)


def test_clear_ends_all_and_forgets_it() -> None:
    tracker = new_tracker()
    for clock in (0.0, 0.1, 0.2):
        look(tracker, clock, BOX)
    look(tracker, 0.3, Box(0.1, 0.1, 0.2, 0.3))
    assert [track.id for track in tracker.clear()] == ["t0"]
    assert tracker.clear() == []
    assert look(tracker, 0.0) == Tracked((), (), (), False)


def test_memory_has_an_end_and_who_is_there_goes_before_who_was() -> None:
    tracker = new_tracker(min_hits=1, max_lost=3600)
    chance, ended = random.Random(1), 0
    for frame in range(60):
        boxes = [Box(x, y, x + 0.01, y + 0.01) for x, y in ((chance.random(), chance.random()) for _ in range(10))]
        tracked = look(tracker, frame, *boxes)
        ended += len(tracked.ended)
        assert len(tracked.alive) <= MOST
    assert ended > 100


def test_of_more_things_than_can_be_followed_those_that_are_followed_stay() -> None:
    tracker = new_tracker(min_hits=1, max_lost=2.0)
    boxes = [Box(x / 20, y / 10, x / 20 + 0.04, y / 10 + 0.08) for x in range(20) for y in range(8)]
    followed = set()
    for frame in range(30):
        tracked = look(tracker, frame / 10, *boxes)
        assert tracked.ended == ()
        followed |= {track.id for track in tracked.alive}
    assert len(followed) == MOST


sides = st.one_of(st.floats(-0.1, 1.1), st.floats(), st.sampled_from([0.0, 0.4, 0.41, 0.5, 0.7, 1.0]))
boxes = st.one_of(
    st.none(), st.builds(Box, sides, sides, sides, sides), st.sampled_from([BOX, around(0.5), around(0.52)])
)
found = st.lists(
    st.tuples(st.builds(Detection, st.sampled_from(["cat", "dog"]), st.floats(0, 1), boxes), st.booleans()), max_size=5
)
streams = st.lists(st.tuples(st.one_of(st.sampled_from([0.0, 1e-9, 0.1]), st.floats(0, 1e4)), found), max_size=30)


@settings(max_examples=200, deadline=None)
@given(streams, st.integers(1, 4), st.sampled_from([0.1, 2.0, 3600.0]))
def test_any_stream_gives_well_formed_tracks(
    stream: list[tuple[float, list[tuple[Detection, bool]]]], min_hits: int, max_lost: float
) -> None:
    tracker = new_tracker(min_hits, max_lost)
    clock, alive, gone = 0.0, dict[str, Track](), set[str]()
    for passed, detections in stream:
        clock += passed
        now = Moment(clock, clock)
        tracked = tracker.update([detection for detection, _ in detections], [may for _, may in detections], now)
        told = {track.id: track for track in tracked.alive}
        ended = {track.id for track in tracked.ended}
        assert len(told) == len(tracked.alive)
        assert len(ended) == len(tracked.ended)
        assert not ended & told.keys()
        assert not gone & (told.keys() | ended)
        assert set(alive) <= told.keys() | ended
        for track in tracked.alive + tracked.ended:
            before = alive.get(track.id)
            assert track.first <= track.last <= now
            assert track.hits >= min_hits
            assert track.found == (track.last == now and track.id in tracked.of) or passed == 0
            if before:
                assert (before.label, before.first) == (track.label, track.first)
                assert before.hits <= track.hits
        owners = [owner for owner in tracked.of if owner is not None]
        assert len(owners) == len(set(owners))
        for (detection, _), owner in zip(detections, tracked.of, strict=True):
            if owner is not None:
                shown = told[owner]
                assert (shown.label, shown.score, shown.box) == (detection.label, detection.score, detection.box)
                assert shown.found
        alive, gone = told, gone | ended
    assert {track.id for track in tracker.clear()} == set(alive)
