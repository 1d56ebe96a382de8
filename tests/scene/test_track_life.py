"""What begins, confirms, keeps and ends a track, and that any stream of boxes gives well-formed ones."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgevision.inference.detection import Box, Detection
from edgevision.scene.moment import Moment
from edgevision.scene.track import Track
from edgevision.scene.tracker import MOST, Tracked
from tests.scene.synthetic import Detector, Scene, Thing, every, still
from tests.scene.watching import BOX, account, around, look, new_tracker, stand


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
    stand(tracker, 3, box)
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
    stand(tracker, 23, box, begin=20)
    for frame in range(100):
        kept = look(tracker, 2.3 + frame / 10, box, score=0.4)
        assert [(track.score, track.found) for track in kept.alive] == [(0.4, True)]
        assert kept.of == (kept.alive[0].id,)


def test_a_low_score_elsewhere_keeps_nothing() -> None:
    tracker = new_tracker(max_lost=0.5)
    stand(tracker, 3, BOX)
    for clock in (0.3, 0.4, 0.5):
        assert look(tracker, clock, Box(0.45, 0.3, 0.6, 0.6), Box(0.4, 0.4, 0.5, 0.5), score=0.4).of == (None, None)


def test_a_score_around_the_threshold_does_not_flap() -> None:
    scene = Scene((Thing("ann", "person", still(0.5, 0.5), 0.1, 0.3),))
    told = account(scene, every(0.1, 300), 4, Detector(dropped=0.1, faint=0.6))
    assert [len(told.tracks), len(told.ended)] == [1, 0]


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
    stand(tracker, 3, BOX)
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
