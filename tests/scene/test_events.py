"""The life of one thing is told once, in order, and when there is something to tell."""

from dataclasses import replace

import pytest

from edgevision.inference.detection import Box
from edgevision.scene.event import Event
from edgevision.scene.events import Life
from edgevision.scene.moment import Moment
from edgevision.scene.rules import Rules, Zone
from edgevision.scene.track import Track

LEFT, RIGHT = Box(0.1, 0.2, 0.3, 0.6), Box(0.7, 0.2, 0.9, 0.6)
RULES = Rules(
    labels={},
    zones={
        "right": Zone(((0.5, 0), (1, 0), (1, 1), (0.5, 1))),
        "left": Zone(((0, 0), (0.5, 0), (0.5, 1), (0, 1))),
        "cats": Zone(((0, 0), (1, 0), (1, 1), (0, 1)), ("cat",)),
    },
    masks=(),
    min_hits=3,
    max_lost=2.0,
)
NOW = 1_700_000_000.0


def at(clock: float, stepped: float = 0.0) -> Moment:
    return Moment(clock, NOW + clock + stepped)


def track(moment: Moment, score: float = 0.6, box: Box | None = LEFT, *, found: bool = True) -> Track:
    return Track("front-1", "person", score, box, 3, at(0), moment, found)


def begun(score: float = 0.6, box: Box | None = LEFT) -> Life:
    life = Life(RULES, track(at(1), score, box))
    life.start(at(1))
    return life


def fed(life: Life, *tracks: Track) -> list[Event | None]:
    """The events of a track's next frames, each at the time it was seen last."""
    return [life.update(one, one.last) for one in tracks]


def test_a_start_says_what_it_is_and_since_when() -> None:
    assert Life(RULES, track(at(1))).start(at(1)) == Event(
        id="front-1-0",
        type="start",
        track="front-1",
        label="person",
        score=0.6,
        top_score=0.6,
        box=LEFT,
        zones=("left",),
        entered_zones=("left",),
        start=at(0).time,
        time=at(1).time,
        end=None,
    )


def test_nothing_new_is_no_event() -> None:
    assert fed(begun(), *(track(at(1 + n / 10)) for n in range(500))) == [None] * 500


def test_an_end_says_when_it_was_seen_last_and_what_it_was_then() -> None:
    life = begun()
    fed(life, track(at(2), 0.65, RIGHT))
    end = life.end(track(at(2), 0.65, RIGHT, found=False), at(5))
    assert (end.type, end.id, end.box, end.score, end.top_score) == ("end", "front-1-1", RIGHT, 0.65, 0.65)
    assert (end.start, end.end, end.time) == (at(0).time, at(2).time, at(5).time)


def test_a_score_better_by_a_tenth_than_what_was_last_told_is_told() -> None:
    scores = [0.5, 0.55, 0.59, 0.6, 0.65, 0.69, 0.3, 0.7, 0.7]
    events = fed(begun(0.5), *(track(at(2 + n), score) for n, score in enumerate(scores)))
    assert [event and event.top_score for event in events] == [None] * 3 + [0.6] + [None] * 3 + [0.7, None]


def test_the_top_score_stays_when_the_score_falls() -> None:
    life = begun(0.9)
    fed(life, track(at(2), 0.3))
    end = life.end(track(at(2), 0.3), at(5))
    assert (end.score, end.top_score) == (0.3, 0.9)


def test_a_zone_is_told_when_it_was_entered_for_three_frames() -> None:
    events = fed(begun(), *(track(at(2 + n), 0.5 + n / 100, RIGHT) for n in range(5)))
    assert [event is not None for event in events] == [False, False, True, False, False]
    told = events[2]
    assert told is not None
    assert (told.type, told.zones, told.entered_zones) == ("update", ("right",), ("left", "right"))
    assert (told.score, told.top_score, told.box, told.time) == (0.52, 0.6, RIGHT, at(4).time)


def test_frames_in_which_it_is_not_found_say_nothing_of_zones() -> None:
    events = fed(begun(), *(track(at(2 + n), box=RIGHT, found=n < 2) for n in range(9)), track(at(12), box=RIGHT))
    assert [event is not None for event in events] == [False] * 9 + [True]


def test_zones_entered_again_are_not_entered_twice() -> None:
    life = begun()
    boxes = [RIGHT] * 3 + [LEFT] * 3 + [RIGHT] * 3
    last = fed(life, *(track(at(2 + n), box=box) for n, box in enumerate(boxes)))[-1]
    assert last is not None
    assert last.entered_zones == ("left", "right")
    assert last.id == "front-1-3"


def test_what_a_zone_does_not_care_for_is_not_in_it() -> None:
    cat = replace(track(at(1)), label="cat")
    assert Life(RULES, cat).start(at(1)).zones == ("left", "cats")


def test_once_a_minute_while_it_lasts_seen_or_not() -> None:
    events = fed(begun(), *(track(at(1 + n), found=n % 3 == 0) for n in range(601)))
    assert [n for n, event in enumerate(events) if event is not None] == list(range(60, 601, 60))


def test_the_minute_begins_with_whatever_was_told_last() -> None:
    scores = [0.5] * 40 + [0.9] * 100
    events = fed(begun(0.5), *(track(at(1 + n), score) for n, score in enumerate(scores)))
    assert [n for n, event in enumerate(events) if event is not None] == [40, 100]


def test_the_minute_goes_by_the_clock_that_never_steps() -> None:
    life = begun()
    steps = [life.update(track(at(1 + n)), at(1 + n, stepped=3600.0 * (-1) ** n)) for n in range(61)]
    assert [n for n, event in enumerate(steps) if event is not None] == [60]


def test_a_classifiers_label_is_in_no_zone() -> None:
    life = Life(RULES, track(at(1), box=None))
    start, end = life.start(at(1)), life.end(track(at(1), box=None), at(4))
    assert (start.box, start.zones, end.box, end.entered_zones) == (None, (), None, ())


@pytest.mark.parametrize("stepped", [-86400.0, 86400.0])
def test_times_go_forward_though_the_clock_is_set_while_it_is_there(stepped: float) -> None:
    life = Life(RULES, track(at(1)))
    events = [life.start(at(1))]
    for moment in (at(61, stepped), at(121, stepped)):
        update = life.update(track(moment), moment)
        assert update is not None
        events.append(update)
    events.append(life.end(track(at(121, stepped)), at(124, stepped)))
    assert [event.type for event in events] == ["start", "update", "update", "end"]
    assert [event.time for event in events] == sorted(event.time for event in events)
    end = events[-1]
    assert end.end is not None
    assert end.start <= end.end <= end.time
    assert {event.start for event in events} == {at(0).time}


def test_a_start_before_the_clock_was_put_back_is_told_as_now() -> None:
    start = Life(RULES, track(at(1))).start(at(1, stepped=-86400))
    assert start.start == start.time == at(1, stepped=-86400).time


def test_a_thing_last_seen_before_the_clock_was_put_back_ends_after_its_start() -> None:
    life = Life(RULES, track(at(1)))
    life.start(at(1))
    end = life.end(track(at(1, stepped=-86400)), at(4, stepped=-86400))
    assert end.start == end.end == at(0).time
    assert end.time == at(1).time
