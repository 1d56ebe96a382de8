"""Topics and payloads, byte for byte as the contract has them."""

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
from edgevision.publish.message import Message
from edgevision.publish.payloads import (
    CameraInfo,
    CameraStats,
    InferredFrame,
    Info,
    InputInfo,
    LatencyStats,
    ModelInfo,
    OutboxStats,
    Stats,
    detections_payload,
    embedding_payload,
    info_payload,
    rfc3339,
    stats_payload,
)
from edgevision.publish.topics import Topics

NOON = 1_795_226_584.567  # 2026-11-21T02:03:04.567Z

STATS = Stats(
    time=NOON,
    degraded=True,
    cameras={"front": CameraStats(9.9987, 5.0, LatencyStats(12.345, 20.0), 3, 4, False)},
    outbox=OutboxStats(2, 5),
    cpu_temperature=48.25,
    throttled=False,
    memory=123_456_789,
    uptime=3600.123,
)


def frame(source: str | None = None, inference_ms: float = 12.3) -> InferredFrame:
    return InferredFrame("porch-pi", "front", "person", 1234, NOON, 1280, 720, source, inference_ms)


def payload(*detections: Detection, source: str | None = None, inference_ms: float = 12.3) -> bytes:
    return detections_payload(frame(source, inference_ms), detections)


def test_topics_are_those_of_the_contract() -> None:
    topics = Topics("edgevision", "porch-pi")
    assert topics.base == "edgevision/porch-pi"
    assert topics.status == "edgevision/porch-pi/status"
    assert topics.info == "edgevision/porch-pi/info"
    assert topics.stats == "edgevision/porch-pi/stats"
    assert topics.detections("front") == "edgevision/porch-pi/front/detections"
    assert topics.embedding("front") == "edgevision/porch-pi/front/embedding"


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
    sick = replace(STATS, cameras={"front": CameraStats(broken, 1.0, LatencyStats(broken, None), 0, 0, True)})
    told = json.loads(stats_payload(sick))
    assert told["cameras"]["front"]["capture_fps"] is None
    assert told["cameras"]["front"]["inference_ms"] == {"p50": None, "p95": None}


def test_labels_and_file_names_are_utf_8() -> None:
    sent = payload(Detection("Löwe 🦁", 0.5), source="caf\udce9.jpg")
    assert "Löwe 🦁".encode() in sent
    assert json.loads(sent)["frame"]["source"] == "caf?.jpg"


def test_info_is_that_of_the_contract() -> None:
    model = ModelInfo("person", "ab" * 32, "detect", InputInfo(300, 300, 3, "uint8"), "cpu", True, "gone", 90)
    info = Info("0.1.0", "ai-edge-litert 2.3.0", True, [model], [CameraInfo("front", "picamera2", "person")])
    assert info_payload(info).decode() == (
        '{"version":"0.1.0","runtime":"ai-edge-litert 2.3.0","degraded":true,'
        '"models":[{"name":"person","sha256":"' + "ab" * 32 + '","task":"detect",'
        '"input":{"width":300,"height":300,"channels":3,"dtype":"uint8"},"accelerator":"cpu","degraded":true,"reason":"gone",'
        '"labels":90}],'
        '"cameras":[{"name":"front","source":"picamera2","model":"person"}]}'
    )


def test_stats_are_those_of_the_contract() -> None:
    assert stats_payload(STATS).decode() == (
        '{"time":"2026-11-21T02:03:04.567Z","degraded":true,'
        '"cameras":{"front":{"capture_fps":10.0,"inference_fps":5.0,"inference_ms":{"p50":12.35,"p95":20.0},'
        '"dropped_frames":3,"skipped_pictures":4,"stalled":false}},'
        '"outbox":{"depth":2,"dropped":5},"cpu_temperature":48.25,"throttled":false,"memory":123456789,"uptime":3600.12}'
    )


def test_what_the_machine_does_not_tell_is_null() -> None:
    told = json.loads(stats_payload(replace(STATS, cpu_temperature=None, throttled=None)))
    assert told["cpu_temperature"] is None
    assert told["throttled"] is None


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
