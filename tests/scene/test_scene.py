"""Whatever a camera sees becomes things that come, change and go: each with one start and one end."""

import itertools
import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgevision.inference.detection import Box, Detection
from edgevision.scene.event import Event
from edgevision.scene.moment import Moment
from edgevision.scene.rules import LabelRule, Rules, Zone
from edgevision.scene.scene import Scene
from edgevision.scene.seen import Look
from tests.scene import synthetic
from tests.scene.lives import Books
from tests.scene.synthetic import Detector, Thing, every, line, still, stops

NOW = 1.7e9
HALVES = {"left": Zone(((0, 0), (0.5, 0), (0.5, 1), (0, 1))), "right": Zone(((0.5, 0), (1, 0), (1, 1), (0.5, 1)))}

STRIPES = {
    f"stripe{n}": Zone(((n / 6, 0), (n / 6 + 1 / 6, 0), (n / 6 + 1 / 6, 1), (n / 6, 1))) for n in (0, 2, 1, 5, 4, 3)
}


def rules(
    labels: dict[str, LabelRule] | None = None,
    zones: dict[str, Zone] | None = None,
    min_hits: int = 3,
    max_lost: float = 2.0,
) -> Rules:
    return Rules(labels=labels or {}, zones=zones or {}, masks=(), min_hits=min_hits, max_lost=max_lost)


class Camera:
    """A Scene whose every Look is checked; ids count from 1."""

    def __init__(self, its: Rules, threshold: float = 0.5) -> None:
        numbers = itertools.count(1)
        self.scene = Scene(its, lambda: f"front-{next(numbers)}")
        self.books = Books(its)
        self.threshold = threshold

    def look(self, detections: Sequence[Detection], moment: Moment) -> Look:
        look = self.scene.look(detections, moment, self.threshold)
        self.books.look(look, self.scene, moment, self.threshold)
        return look

    def leave(self, moment: Moment) -> Look:
        look = self.scene.leave(moment)
        self.books.leave(look, self.scene, moment)
        return look


def moved(detection: Detection, right: float) -> Detection:
    box = detection.box
    return replace(detection, box=box and Box(box.xmin + right, box.ymin, box.xmax + right, box.ymax))


def at(clock: float) -> Moment:
    return Moment(clock, NOW + clock)


def played(
    its: Rules, scene: synthetic.Scene, clocks: Iterable[float], seed: int, how: Detector | None = None
) -> Books:
    """What is told of a scene, its camera switched off at the end."""
    camera = Camera(its)
    moment = at(0)
    for shot in synthetic.shots(scene, clocks, seed, how):
        moment = shot.moment
        camera.look(shot.detections, moment)
    camera.leave(moment)
    return camera.books


# Any stream of detections

numbers = st.floats(-0.5, 1.5) | st.floats()
odd_boxes = st.builds(Box, numbers, numbers, numbers, numbers)
places = [Box(x, y, x + 0.2, y + 0.3) for x, y in ((0.1, 0.1), (0.13, 0.12), (0.4, 0.3), (0.75, 0.68))]
boxes = st.sampled_from(places) | st.sampled_from(places) | st.sampled_from(places) | odd_boxes | st.none()
scores = st.sampled_from((0.2, 0.3, 0.5, 0.6, 0.9)) | st.floats(0, 1) | st.floats()
detections = st.builds(Detection, st.sampled_from(("person", "cat", "", "a/b")), scores, boxes)
thresholds = st.sampled_from((0.0, 0.3, 0.5, 1.0)) | st.floats(0, 1)


@dataclass(frozen=True, slots=True)
class Step:
    """Some frames, over and over, in which everything moves to the right; then perhaps nothing is seen any more."""

    frames: tuple[tuple[Detection, ...], ...]
    repeated: int
    right: float
    seconds: float
    stepped: float
    threshold: float
    leaves: bool


steps = st.builds(
    Step,
    frames=st.lists(st.lists(detections, max_size=4).map(tuple), min_size=1, max_size=3).map(tuple),
    repeated=st.integers(1, 8),
    right=st.sampled_from((0.03, -0.03, 0.0)),
    seconds=st.sampled_from((0.1, 0.1, 0.1, 0.0, 0.5, 3.0, 70.0)),
    stepped=st.sampled_from((0.0, 0.0, 0.0, -86400.0, 86400.0)),
    threshold=thresholds,
    leaves=st.sampled_from((False, False, False, True)),
)
any_rules = st.builds(
    Rules,
    labels=st.dictionaries(
        st.sampled_from(("person", "cat")), st.builds(LabelRule, threshold=st.none() | thresholds), max_size=2
    ),
    zones=st.sampled_from(({}, STRIPES, {"cats": Zone(HALVES["left"].polygon, ("cat",)), **STRIPES})),
    masks=st.sampled_from(((), (((0.4, 0.5), (0.6, 0.5), (0.6, 0.7), (0.4, 0.7)),))),
    min_hits=st.integers(1, 3),
    max_lost=st.sampled_from((0.1, 2.0, 100.0)),
)


@settings(max_examples=300, deadline=None)
@given(any_rules, st.lists(steps, max_size=8))
def test_any_stream_of_detections_gives_well_formed_lives(its: Rules, drawn: list[Step]) -> None:
    camera = Camera(its)
    clock = stepped = right = 0.0
    for step in drawn:
        stepped += step.stepped
        camera.threshold = step.threshold
        for frame in step.frames * step.repeated:
            camera.look([moved(one, right) for one in frame], Moment(clock, NOW + clock + stepped))
            right += step.right
            clock += step.seconds
        if step.leaves:
            camera.leave(Moment(clock, NOW + clock + stepped))
    camera.leave(Moment(clock, NOW + clock + stepped))
    ids = [event.id for event in camera.books.events]
    assert len(set(ids)) == len(ids)


def test_more_things_than_anybody_follows_still_have_a_start_and_an_end() -> None:
    camera = Camera(rules(min_hits=1))
    crowd = [
        Detection("person", 0.9, Box(x / 20, y / 20, x / 20 + 0.04, y / 20 + 0.04))
        for x in range(20)
        for y in range(20)
    ]
    for n in range(5):
        camera.look(crowd, at(n / 10))
    camera.leave(at(1))
    assert len(camera.books.lives) >= 100


# Scenes whose truth is known


def whose(scene: synthetic.Scene, start: Event) -> str:
    """The thing that a start is about: the one of its label that is nearest to where it was told to be."""
    assert start.box is not None
    x, y = start.box.xmin + start.box.xmax, start.box.ymin + start.box.ymax

    def apart(thing: Thing) -> float:
        box = thing.box(start.time - NOW)
        return math.hypot(box.xmin + box.xmax - x, box.ymin + box.ymax - y)

    return min((thing for thing in scene.things if thing.label == start.label), key=apart).name


YARD = synthetic.Scene(
    (
        Thing("walker", "person", line((-0.1, 0.5), (0.1, 0.0), since=2.0), 0.1, 0.35, comes=2.0, goes=14.0),
        Thing("runner", "person", line((1.1, 0.55), (-0.3, 0.0), since=4.0), 0.1, 0.35, comes=4.0, goes=8.0),
        Thing(
            "visitor", "person", stops((20, 1.0, 0.7), (24, 0.7, 0.7), (30, 0.7, 0.7), (34, 1.1, 0.7)), 0.1, 0.4, 20, 35
        ),
        Thing("cat", "cat", line((0.05, 0.9), (0.04, -0.02), since=10.0), 0.12, 0.1, comes=10.0, goes=18.0),
        Thing("car", "car", still(0.3, 0.2), 0.3, 0.2, comes=1.0, goes=39.0),
    ),
    covers=(Box(0.48, 0.0, 0.54, 1.0),),
)


@pytest.mark.parametrize("seed", range(8))
def test_everything_that_comes_and_goes_has_one_start_and_one_end(seed: int) -> None:
    books = played(rules(), YARD, every(0.1, 45.0), seed)
    told = [whose(YARD, life[0]) for life in books.lives.values()]
    assert sorted(told) == sorted(thing.name for thing in YARD.things)
    for name, life in zip(told, books.lives.values(), strict=True):
        thing = next(thing for thing in YARD.things if thing.name == name)
        seen = [clock for clock in every(0.1, 45.0) if name in synthetic.visible(YARD, clock)]
        start, end = life[-1].start, life[-1].end
        assert end is not None
        assert seen[0] - 0.01 <= start - NOW <= seen[0] + 2, "the start is the first hit"
        assert seen[-1] - 2 <= end - NOW <= seen[-1] + 2, "the end is when it was seen last"
        assert thing.label == life[0].label


@pytest.mark.parametrize("seed", range(4))
def test_noise_is_no_event(seed: int) -> None:
    nothing = synthetic.Scene(())
    assert played(rules(), nothing, every(0.1, 600.0), seed).lives == {}


def test_what_stands_still_for_ten_minutes_is_one_thing_told_once_a_minute() -> None:
    parked = synthetic.Scene((Thing("car", "car", still(0.5, 0.5), 0.3, 0.3, comes=5.0, goes=605.0),))
    (life,) = played(rules(zones=HALVES), parked, every(0.1, 610.0), 7).lives.values()
    assert [event.type for event in life[:1] + life[-1:]] == ["start", "end"]
    after = [event for event in life[1:-1] if event.time - NOW > 60]
    assert [event.type for event in after] == ["update"] * len(after)
    gaps = [later.time - earlier.time for earlier, later in itertools.pairwise(after)]
    assert all(60 <= gap < 60.2 for gap in gaps)
    assert len(after) in (9, 10)
    assert life[-1].end is not None
    assert life[-1].end - life[0].start == pytest.approx(600, abs=3)


def test_updates_of_a_thing_that_never_changes_come_once_a_minute_and_no_more() -> None:
    camera = Camera(rules())
    for n in range(8 * 600):
        camera.look([Detection("car", 0.8, places[0])], at(n / 8))
    assert [event.time - NOW for event in camera.books.events] == [0.25 + 60 * n for n in range(10)]


@pytest.mark.parametrize("seed", range(4))
def test_whoever_walks_through_the_zones_enters_and_leaves_each_once(seed: int) -> None:
    zones = {
        "door": Zone(((0.8, 0), (1, 0), (1, 1), (0.8, 1)), ("person",)),
        "path": Zone(((0.3, 0.6), (0.7, 0.6), (0.7, 1), (0.3, 1))),
        "cats": Zone(((0, 0), (1, 0), (1, 1), (0, 1)), ("cat",)),
    }
    scene = synthetic.Scene((Thing("ann", "person", stops((1, 0.0, 0.75), (15, 0.9, 0.75)), 0.1, 0.4, 1, 20),))
    (life,) = played(rules(zones=zones), scene, every(0.1, 25.0), seed).lives.values()
    told = [zones for zones, _ in itertools.groupby(event.zones for event in life)]
    assert told == [(), ("path",), (), ("door",)]
    assert life[-1].entered_zones == ("path", "door")


def test_counts_say_who_is_in_which_zone_and_keep_their_zeros() -> None:
    camera = Camera(rules(zones=HALVES))
    left, right = (Detection("person", 0.9, places[0]), Detection("person", 0.9, places[3]))
    looks = [camera.look(frame, at(n / 10)) for n, frame in enumerate([[]] * 2 + [[left]] * 3 + [[left, right]] * 3)]
    assert [look.counts for look in looks] == [{}] * 4 + [{"person": 1}] * 3 + [{"person": 2}]
    assert looks[4].zone_counts == {("left", "person"): 1}
    assert looks[7].zone_counts == {("left", "person"): 1, ("right", "person"): 1}
    gone = camera.leave(at(1))
    assert gone.counts == {"person": 0}
    assert gone.zone_counts == {("left", "person"): 0, ("right", "person"): 0}
    assert camera.look([], at(2)).counts == {"person": 0}
    assert looks[7].counts == {"person": 2}, "what was handed out stays as it was"


@pytest.mark.parametrize("seed", range(4))
def test_a_score_that_wavers_around_the_threshold_does_not_flap(seed: int) -> None:
    chance = random.Random(seed)
    camera = Camera(rules(labels={"person": LabelRule(threshold=0.6)}))
    for n in range(1200):
        score = min(max(chance.gauss(0.55, 0.08), 0.31), 1.0)
        look = camera.look([Detection("person", score, places[0])], at(n / 10))
        assert len(look.seen) == (score >= 0.6), "what is below its threshold isn't published"
    camera.leave(at(120))
    (life,) = camera.books.lives.values()
    assert [event.type for event in life].count("start") == 1


def test_a_label_of_a_classifier_wavers_and_does_not_flap() -> None:
    camera = Camera(rules())
    sure, unsure = [Detection("cat", 0.8)], [Detection("cat", 0.3), Detection("dog", 0.4)]
    frames = [sure, sure, unsure, sure, sure, sure, *[unsure] * 100, sure, *[[]] * 25]
    looks = [camera.look(frame, at(n / 10)) for n, frame in enumerate(frames)]
    assert [event.type for event in camera.books.events] == ["start", "end"]
    (start, end) = camera.books.events
    assert (start.label, start.box, start.zones) == ("cat", None, ())
    assert start.time == at(0.5).time
    assert end.end == at(10.6).time
    assert looks[50].seen == ()


def test_a_score_that_just_reaches_the_threshold_counts() -> None:
    camera = Camera(rules())
    looks = [camera.look([Detection("person", 0.5, places[0])], at(n / 10)) for n in range(3)]
    assert [len(look.seen) for look in looks] == [1, 1, 1]
    assert [event.type for event in looks[2].events] == ["start"]


def test_what_never_reaches_the_threshold_never_starts() -> None:
    camera = Camera(rules())
    for n in range(600):
        camera.look([Detection("person", 0.49, places[0]), Detection("cat", 0.49)], at(n / 10))
    assert camera.books.lives == {}
    assert not camera.scene.occupied


def test_what_falls_below_half_the_threshold_ends() -> None:
    camera = Camera(rules())
    for n in range(60):
        camera.look([Detection("person", 0.9 if n < 10 else 0.24, places[0])], at(n / 10))
    assert [event.type for event in camera.books.events] == ["start", "end"]
    assert camera.books.events[-1].end == at(0.9).time


def test_a_threshold_that_is_raised_ends_what_is_below_half_of_it() -> None:
    camera = Camera(rules(), threshold=0.3)
    for n in range(60):
        camera.threshold = 0.3 if n < 10 else 0.9
        camera.look([Detection("person", 0.4, places[0])], at(n / 10))
    assert [event.type for event in camera.books.events] == ["start", "end"]


def test_each_frame_counts_until_all_that_is_there_is_confirmed_and_as_soon_as_it_is_missed() -> None:
    camera = Camera(rules())
    occupied, patience = [], []
    for n in range(40):
        camera.look([Detection("person", 0.9, places[0])] if 5 <= n < 15 else [], at(n / 10))
        occupied.append(camera.scene.occupied)
        patience.append(camera.scene.patience)
    assert occupied == [False] * 5 + [True] * 30 + [False] * 5
    assert patience == [math.inf] * 5 + [0] * 2 + [1] * 8 + [0] * 20 + [math.inf] * 5
    camera.look([Detection("person", 0.9, places[0])], at(4.0))
    camera.leave(at(4.1))
    assert camera.scene.patience == math.inf


def test_where_one_thing_is_missed_or_something_begins_the_others_are_looked_at_too() -> None:
    camera = Camera(rules())
    two = [Detection("person", 0.9, places[0]), Detection("person", 0.9, places[3])]
    seen = [two] * 4 + [two[:1], two, [*two, Detection("dog", 0.9, places[2])], two]
    patience = []
    for n, found in enumerate(seen):
        camera.look(found, at(n / 10))
        patience.append(camera.scene.patience)
    assert patience == [0, 0, 1, 1, 0, 1, 0, 0]


@pytest.mark.parametrize(("max_lost", "patience"), [(0.9, 0.0), (1.0, 0.5), (30.0, 5.0)])
def test_the_rest_is_half_of_the_time_that_a_thing_may_be_lost(max_lost: float, patience: float) -> None:
    camera = Camera(rules(max_lost=max_lost))
    for n in range(5):
        camera.look([Detection("person", 0.9, places[0])], at(n / 10))
    assert camera.scene.patience == patience


def test_what_stands_still_has_one_life_though_it_is_looked_at_once_in_a_while_and_now_and_then_missed() -> None:
    camera, chance, clock, looks = Camera(rules()), random.Random(1), 0.0, 0
    while clock < 600:
        box = Box(*(side + chance.gauss(0, 0.003) for side in (0.2, 0.3, 0.4, 0.8)))
        camera.look([Detection("car", chance.uniform(0.4, 0.8), box)] if chance.random() > 0.1 else [], at(clock))
        clock += max(camera.scene.patience if camera.scene.patience < math.inf else 0.0, 0.1)
        looks += 1
    assert looks < 900
    kinds = [event.type for event in camera.books.events]
    assert (kinds.count("start"), kinds.count("end"), kinds.count("update") >= 9) == (1, 0, True)


def test_what_is_seen_has_its_track_once_it_has_started_and_its_zones_at_once() -> None:
    camera = Camera(rules(zones=HALVES))
    person, weak, cat = (
        Detection("person", 0.7, places[0]),
        Detection("person", 0.4, places[3]),
        Detection("cat", 0.9, places[3]),
    )
    looks = [camera.look([person, weak, cat], at(n / 10)) for n in range(3)]
    assert [[(seen.detection, seen.zones) for seen in look.seen] for look in looks] == [
        [(cat, ("right",)), (person, ("left",))]
    ] * 3
    assert [seen.track for seen in looks[1].seen] == [None, None]
    tracks = {event.label: event.track for event in looks[2].events}
    assert [seen.track for seen in looks[2].seen] == [tracks["cat"], tracks["person"]]


def test_after_leaving_everything_starts_anew() -> None:
    camera = Camera(rules())
    for n in range(3):
        camera.look([Detection("person", 0.9, places[0])], at(n / 10))
    (end,) = camera.leave(at(5)).events
    assert (end.type, end.end, end.time) == ("end", at(0.2).time, at(5).time)
    assert camera.leave(at(6)).events == ()
    for n in range(3):
        camera.look([Detection("person", 0.9, places[0])], at(7 + n / 10))
    assert [event.id for event in camera.books.events] == ["front-1-0", "front-1-1", "front-2-0"]
    assert camera.books.events[2].start == at(7).time


def test_the_model_is_asked_for_all_that_keeps_a_track_alive() -> None:
    assert Scene(rules(), str).least(0.5) == 0.25
    assert Scene(rules({"cat": LabelRule(0.8), "dog": LabelRule()}), str).least(0.5) == 0.25
    assert Scene(rules({"cat": LabelRule(0.0)}), str).least(0.5) == 0
    assert Scene(rules({"cat": LabelRule(1.0)}), str).least(0.0) == 0.5
