"""The `end` of tracks that nobody could end, and times put right: pure functions on payloads."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgevision.publish.entry import Entry
from edgevision.publish.json_values import rfc3339
from edgevision.publish.lost_tracks import end_of, righted
from edgevision.publish.payloads import event_payload
from edgevision.scene.event import Event, EventType

TIMES = st.floats(0, 4e9).map(lambda seconds: round(seconds, 3))


def an_entry(kind: EventType = "update", number: int = 3, start: float = 1000.0, time: float = 1010.5) -> Entry:
    event = Event(
        f"front-6f3a-{number}", kind, "front-6f3a", "Käfer", 0.8, 0.9, None, ("drive",), ("drive",), start, time, None
    )
    return Entry("p/pi/front/events", event_payload("pi", "front", event), 1, "front-6f3a")


def test_a_lost_track_ends_when_it_was_last_told_of() -> None:
    last = an_entry()
    end = end_of(last, now=2000.0)
    assert end is not None
    assert (end.topic, end.qos, end.track, end.over) == (last.topic, 1, "front-6f3a", True)
    before, after = json.loads(last.payload), json.loads(end.payload)
    assert list(before) == list(after)
    changed = {key: after[key] for key in after if after[key] != before[key]}
    assert changed == {"id": "front-6f3a-4", "type": "end", "time": rfc3339(2000.0), "end": rfc3339(1010.5)}


@given(TIMES, TIMES)
def test_an_end_is_never_earlier_than_the_event_before(now: float, last: float) -> None:
    end = end_of(an_entry(start=last, time=last), now)
    assert end is not None
    event = json.loads(end.payload)
    assert event["start"] <= event["end"] <= event["time"]


@pytest.mark.parametrize(
    "payload",
    [b"", b"\xff", b"[]", b"{}", b'{"id":"a-1","time":"9999999"}', b'{"id":"a-1","time":"noon"}',
     b'{"id":"a-1","time":7}', b'{"id":null,"time":null}', b"[" * 100_000,
     b'{"id":"a-1","time":"2026-01-01T00:00:00Z","score":NaN}', b'{"id":"a-1","time":"2026-01-01T00:00Z","top":1e999}'],
)  # fmt: skip
def test_what_is_no_event_has_no_end_and_stays_as_it_is(payload: bytes) -> None:
    assert end_of(Entry("t", payload, 1, "a"), 2000.0) is None
    assert righted(Entry("t", payload, 1, "a", offset=5.0), 7.0).payload == payload


@pytest.mark.parametrize("name", ["front", "-1", "front-", "front-x", "front-" + "9" * 5000])
def test_an_id_that_is_not_ours_has_no_end(name: str) -> None:
    event = json.dumps({"id": name, "time": "2026-01-01T00:00:00.000Z"})
    assert end_of(Entry("t", event.encode(), 1, "a"), 2000.0) is None


@given(TIMES, st.floats(-1e9, 1e9))
def test_all_times_of_an_event_move_by_the_difference(time: float, offset: float) -> None:
    last = an_entry("end", start=time, time=time + 5)
    wrong = Entry(last.topic, last.payload, 1, last.track, offset=offset)
    right = righted(wrong, offset + 3600)
    assert right.offset is None
    event = json.loads(right.payload)
    assert (event["start"], event["time"]) == (rfc3339(time + 3600), rfc3339(time + 3605))
    assert {**json.loads(wrong.payload), "start": 0, "time": 0} == {**event, "start": 0, "time": 0}


def test_right_times_stay() -> None:
    assert righted(an_entry(), 7.0) is not None
    assert righted(an_entry(), 7.0) == an_entry()


@pytest.mark.parametrize("offset", [float("inf"), float("nan"), 1e30])
def test_a_step_beyond_the_calendar_changes_nothing(offset: float) -> None:
    wrong = Entry("t", an_entry().payload, 1, "a", offset=0.0)
    assert righted(wrong, offset).payload == wrong.payload
