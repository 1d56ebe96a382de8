"""The payloads of cameras, byte for byte as the contract has them."""

import json
import math
import re
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgevision.inference.detection import Box, Detection
from edgevision.publish.json_values import rfc3339
from edgevision.publish.message import Message
from edgevision.publish.payloads import InferredFrame, detections_payload, embedding_payload, event_payload
from edgevision.scene.event import Event
from edgevision.scene.seen import Seen

NOON = 1_795_226_584.567  # 2026-11-21T02:03:04.567Z

BOX = Box(0.1, 0.2, 0.4, 0.9)
START = Event(
    "front-6f3a-0", "start", "front-6f3a", "person", 0.83, 0.91, BOX, ("drive",), ("drive",), NOON - 1, NOON, None
)


def frame(source: str | None = None, inference_ms: float = 12.3) -> InferredFrame:
    return InferredFrame("porch-pi", "front", "person", 1234, NOON, 1280, 720, source, inference_ms)


def payload(*detections: Detection, source: str | None = None, inference_ms: float = 12.3) -> bytes:
    return detections_payload(frame(source, inference_ms), [Seen(found, None, ()) for found in detections])


def test_an_embedding_is_a_frame_with_a_vector_in_place_of_detections() -> None:
    sent = json.loads(embedding_payload(frame("a.jpg"), [0.0, -1 / 3, 123456.789, 1e-20, 2.0]))
    without = json.loads(payload(source="a.jpg"))
    del without["detections"]
    assert sent == {**without, "vector": [0.0, -0.333333, 123457.0, 1e-20, 2.0]}


def test_what_is_not_finite_in_a_vector_is_null() -> None:
    sent = json.loads(embedding_payload(frame(), [float("nan"), float("inf"), 1.0]))
    assert sent["vector"] == [None, None, 1.0]


def test_detections_are_those_of_the_contract() -> None:
    assert payload(Detection("person", 0.83, Box(0.1, 0.2, 0.4, 0.9))).decode() == (
        '{"schema":1,"device":"porch-pi","camera":"front","model":"person","seq":1234,'
        '"time":"2026-11-21T02:03:04.567Z","frame":{"width":1280,"height":720,"source":null},'
        '"inference_ms":12.3,'
        '"detections":[{"label":"person","score":0.83,"box":{"xmin":0.1,"ymin":0.2,"xmax":0.4,"ymax":0.9}}]}'
    )


def test_track_and_zones_are_told_where_they_apply() -> None:
    sent = detections_payload(
        frame(),
        [
            Seen(Detection("person", 0.83, BOX), "front-6f3a", ("drive", "door")),
            Seen(Detection("cat", 0.9, BOX), None, ()),
        ],
    )
    cat, person = json.loads(sent)["detections"]
    assert list(cat) == ["label", "score", "box"]
    assert list(person) == ["label", "score", "box", "track", "zones"]
    assert (person["track"], person["zones"]) == ("front-6f3a", ["drive", "door"])


def test_an_event_is_that_of_the_contract() -> None:
    assert event_payload("porch-pi", "front", START).decode() == (
        '{"schema":1,"id":"front-6f3a-0","type":"start","device":"porch-pi","camera":"front","track":"front-6f3a",'
        '"label":"person","score":0.83,"top_score":0.91,"box":{"xmin":0.1,"ymin":0.2,"xmax":0.4,"ymax":0.9},'
        '"zones":["drive"],"entered_zones":["drive"],'
        '"start":"2026-11-21T02:03:03.567Z","time":"2026-11-21T02:03:04.567Z","end":null}'
    )


def test_an_event_tells_its_end_and_a_box_only_if_there_is_one() -> None:
    end = replace(START, type="end", box=None, zones=(), score=1 / 3, end=NOON - 0.25)
    told = json.loads(event_payload("porch-pi", "front", end))
    assert (told["type"], told["box"], told["zones"], told["entered_zones"]) == ("end", None, [], ["drive"])
    assert (told["score"], told["end"]) == (0.33333, "2026-11-21T02:03:04.317Z")


@pytest.mark.parametrize("broken", [math.nan, math.inf])
def test_nan_never_leaves_in_an_event(broken: float) -> None:
    sent = event_payload("pi", "front", replace(START, score=broken, top_score=broken, box=Box(0.1, broken, 0.2, 0.2)))
    told = json.loads(sent)
    assert (told["score"], told["top_score"], told["box"]) == (None, None, None)


def test_a_frame_without_detections_is_told_too() -> None:
    assert json.loads(payload())["detections"] == []


def test_a_classifier_has_no_box_and_the_highest_score_comes_first() -> None:
    told = json.loads(payload(Detection("cat", 0.25), Detection("dog", 0.5), Detection("cow", 0.25)))["detections"]
    assert told == [
        {"label": "dog", "score": 0.5},
        {"label": "cat", "score": 0.25},
        {"label": "cow", "score": 0.25},
    ]


def test_numbers_are_rounded() -> None:
    told = json.loads(payload(Detection("cat", 0.123456789, Box(1 / 3, -1e-9, 2 / 3, 1.0)), inference_ms=12.3456))
    assert told["inference_ms"] == 12.35
    assert told["detections"][0]["score"] == 0.12346
    assert told["detections"][0]["box"] == {"xmin": 0.33333, "ymin": 0.0, "xmax": 0.66667, "ymax": 1.0}
    assert b"-0.0" not in payload(Detection("cat", 0.5, Box(-1e-9, 0, 1, 1)))


def test_numpy_scores_are_taken() -> None:
    score = np.float32(0.1)
    assert json.loads(payload(Detection("cat", score)))["detections"][0]["score"] == 0.1  # type: ignore[arg-type]  # what NumPy code hands over


@pytest.mark.parametrize("broken", [math.nan, math.inf, -math.inf])
def test_nan_never_leaves(broken: float) -> None:
    found = [
        Detection("broken", broken),
        Detection("broken", 0.9, Box(0.1, broken, 0.2, 0.2)),
        Detection("whole", 0.5, Box(0.1, 0.1, 0.2, 0.2)),
    ]
    told = json.loads(payload(*found, inference_ms=broken))
    assert [entry["label"] for entry in told["detections"]] == ["whole"]
    assert told["inference_ms"] is None


def test_labels_and_file_names_are_utf_8() -> None:
    sent = payload(Detection("Löwe 🦁", 0.5), source="caf\udce9.jpg")
    assert "Löwe 🦁".encode() in sent
    assert json.loads(sent)["frame"]["source"] == "caf?.jpg"


def test_names_are_told_as_they_are_whatever_json_makes_of_them() -> None:
    odd = 'a "b" \\ \n\x01 \u2028 ü'
    sent = detections_payload(
        InferredFrame(odd, odd, odd, 1, NOON, 2, 3, odd, 12.3), [Seen(Detection(odd, 0.5, BOX), odd, (odd, "door"))]
    )
    told = json.loads(sent)
    assert [told[key] for key in ("device", "camera", "model")] == [odd] * 3
    assert told["frame"]["source"] == odd
    (entry,) = told["detections"]
    assert (entry["label"], entry["track"], entry["zones"]) == (odd, odd, [odd, "door"])


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "1970-01-01T00:00:00.000Z"),
        (NOON, "2026-11-21T02:03:04.567Z"),
        (1.9994, "1970-01-01T00:00:01.999Z"),
        (1.9996, "1970-01-01T00:00:02.000Z"),
        (59.9996, "1970-01-01T00:01:00.000Z"),
        (-0.0004, "1970-01-01T00:00:00.000Z"),
        (-0.5, "1969-12-31T23:59:59.500Z"),
    ],
)
def test_times_are_rfc_3339(seconds: float, text: str) -> None:
    assert rfc3339(seconds) == text


@given(st.floats(min_value=-2e9, max_value=4e9))
def test_times_are_read_back_to_half_a_millisecond(seconds: float) -> None:
    text = rfc3339(seconds)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", text)
    read = (datetime.fromisoformat(text) - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()
    assert abs(read - seconds) <= 0.000501


@pytest.mark.parametrize("topic", ["", "a/+/b", "a/#", "a\0b", "x" * 65_536])
def test_a_topic_that_mqtt_does_not_allow_is_no_message(topic: str) -> None:
    with pytest.raises(ValueError, match="topic"):
        Message(topic, b"")


def test_a_qos_that_mqtt_does_not_know_is_no_message() -> None:
    with pytest.raises(ValueError, match="QoS"):
        Message("a", b"", qos=3)
