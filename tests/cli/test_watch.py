"""`edgevision watch` on a terminal: what is known of each camera, until it is over or too old."""

import json
import re

import pytest

from edgevision.cli.watch_state import EVENTS, FORGET_AFTER, TRACK_FORGOTTEN_AFTER
from edgevision.cli.watch_view import duration
from tests.cli.watched import (
    BASE,
    EVENTS_OF_FRONT,
    FRONT,
    NOW,
    detections,
    drawn,
    event,
    say,
    stats,
    tracked,
    trimmed,
    view_of,
)


def test_what_the_daemon_says_is_shown() -> None:
    info = {"version": "0.1.0", "runtime": "ai-edge-litert 2.1.0"}
    found = detections(("person", 0.83), ("dog", 0.61))
    shown = drawn(
        view_of((f"{BASE}/status", b"online"), (f"{BASE}/info", info), (f"{BASE}/stats", stats()), (FRONT, found))
    )
    for words in (BASE, "online", "0.1.0", "ai-edge-litert 2.1.0", "front", "30.0", "12.3", "71.2", "4321"):
        assert words in shown
    assert "person 83 %, dog 61 %" in shown


def test_a_feature_vector_is_shown_by_its_length() -> None:
    shown = drawn(view_of((f"{BASE}/front/embedding", {"vector": [0.5, None, 2.0]})))
    assert "a vector of 3 numbers" in shown


def test_detections_are_forgotten_after_a_while_and_the_camera_is_not() -> None:
    view = view_of((FRONT, detections(("person", 0.83))))
    assert "person" in drawn(view, NOW + FORGET_AFTER - 0.1)
    later = drawn(view, NOW + FORGET_AFTER + 0.1)
    assert "person" not in later
    assert "front" in later


def test_a_stalled_camera_is_shown_as_one_until_it_is_back() -> None:
    view = view_of((FRONT, detections(("person", 0.83))), (f"{BASE}/stats", stats(stalled=True)))
    assert "stalled" in drawn(view)
    view.update(f"{BASE}/stats", json.dumps(stats()).encode(), NOW)
    assert "stalled" not in drawn(view)
    assert "person" in drawn(view)


def test_a_camera_that_has_run_nothing_yet_has_no_time() -> None:
    shown = drawn(view_of((f"{BASE}/stats", stats(inference_ms={"p50": None, "p95": None}))))
    assert "front" in shown
    assert "None" not in shown


def test_a_thing_is_there_from_its_start_to_its_end() -> None:
    view = view_of((EVENTS_OF_FRONT, event("start")))
    assert "person 83 %, 30 s, drive\n" in trimmed(drawn(view))
    say(view, FRONT, tracked("person", 0.7, "front-6f3a", "drive", "lawn"), NOW + 20)
    assert "person 70 %, 50 s, drive lawn\n" in trimmed(drawn(view, NOW + 20))
    say(view, EVENTS_OF_FRONT, event("update", 1, score=0.9, zones=[], time="2026-11-21T02:03:54.500Z"), NOW + 30)
    assert "person 90 %, 1 min 00 s\n" in trimmed(drawn(view, NOW + 40))
    say(view, EVENTS_OF_FRONT, event("end", 2), NOW + 50)
    assert "person 90 %" not in drawn(view, NOW + 50)


def test_who_looks_later_learns_of_what_is_there_already() -> None:
    view = view_of((f"{BASE}/front/count/person", b"1"), (FRONT, tracked("person", 0.83, "a", "drive")))
    shown = trimmed(drawn(view, NOW + 12))
    assert "1 person\n" in shown
    assert "person 83 %, over 12 s, drive\n" in shown
    say(view, EVENTS_OF_FRONT, event("update", 7, "a"), NOW + 12)
    assert "person 83 %, 30 s, drive\n" in trimmed(drawn(view, NOW + 12))


def test_a_thing_that_nobody_speaks_of_any_more_is_gone_at_last() -> None:
    view = view_of((EVENTS_OF_FRONT, event("start")))
    assert "person 83 %" in drawn(view, NOW + TRACK_FORGOTTEN_AFTER - 1)
    assert "person 83 %" not in drawn(view, NOW + TRACK_FORGOTTEN_AFTER + 1)
    say(view, FRONT, detections(), NOW + TRACK_FORGOTTEN_AFTER + 1)
    assert not view.cameras["front"].tracks


def test_nothing_is_there_once_the_device_is_offline() -> None:
    view = view_of((EVENTS_OF_FRONT, event("start")), (FRONT, detections(("dog", 0.6))), (f"{BASE}/status", b"offline"))
    shown = drawn(view)
    assert "dog" not in shown
    assert "person 83 %" not in shown
    assert "start" in shown, "it did happen"


def test_the_latest_events_are_listed_each_once() -> None:
    view = view_of(*[(EVENTS_OF_FRONT, event("start", track=f"t{number}")) for number in range(EVENTS + 3)])
    say(view, f"{BASE}/back/events", event("end", 9, "t9", label="dog", top_score=0.77))
    say(view, f"{BASE}/back/events", event("end", 9, "t9", label="dog", top_score=0.77))
    lines = [line.split() for line in drawn(view).splitlines() if re.match("[0-9:]{8} ", line)]
    assert len(lines) == EVENTS
    assert lines[0][1:6] == ["front", "start", "person", "91", "%"]
    assert lines[0][6:] == ["drive"]
    assert lines[-1][1:] == ["back", "end", "dog", "77", "%", "2", "min", "05", "s", "drive,", "lawn"]
    assert lines[-2][1:3] == ["front", "start"]


def test_counts_are_shown_with_their_labels_as_they_are_and_not_when_they_are_none() -> None:
    counts = {"person": b"2", "traffic light%2F%25": b"11", "dog": b"0", "cat": b"1"}
    view = view_of(*[(f"{BASE}/front/count/{label}", count) for label, count in counts.items()])
    assert "1 cat, 2 person, 11 traffic light/%" in drawn(view)
    assert "dog" not in drawn(view)
    say(view, f"{BASE}/front/count/cat", b"")  # a retained message that is taken away
    assert "cat" not in drawn(view)


@pytest.mark.parametrize(
    ("topic", "payload", "words"), [("detect", b"OFF", "detection is off"), ("status", b"offline", "offline")]
)
def test_why_a_camera_sees_nothing_is_shown_until_it_does(topic: str, payload: bytes, words: str) -> None:
    view = view_of((FRONT, detections(("person", 0.83))), (f"{BASE}/front/{topic}", payload))
    assert words in drawn(view)
    assert "person" not in drawn(view)
    say(view, f"{BASE}/front/{topic}", b"ON" if topic == "detect" else b"online")
    assert words not in drawn(view)
    assert "person" in drawn(view)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-3, "0 s"), (0.4, "0 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (3599, "59 min 59 s"), (7_530, "2 h 05 min")],
)
def test_durations_are_short(seconds: float, text: str) -> None:
    assert duration(seconds) == text
