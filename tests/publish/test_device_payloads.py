"""The payloads of the device, byte for byte as the contract has them."""

import json
import math
from dataclasses import replace

import pytest

from edgevision.publish.device_payloads import (
    CameraInfo,
    CameraStats,
    ConfigurationInfo,
    Info,
    InputInfo,
    LatencyStats,
    ModelInfo,
    OutboxStats,
    Stats,
    info_payload,
    stats_payload,
)

NOON = 1_795_226_584.567  # 2026-11-21T02:03:04.567Z

STATS = Stats(
    time=NOON,
    degraded=True,
    cameras={"front": CameraStats(9.9987, 5.0, LatencyStats(12.345, 20.0), 3, 4, False, 7.9999)},
    outbox=OutboxStats(2, 5, True),
    dropped_messages=6,
    cpu_temperature=48.25,
    throttled=False,
    under_voltage=True,
    memory=123_456_789,
    uptime=3600.123,
)


def test_info_is_that_of_the_contract() -> None:
    model = ModelInfo("person", "ab" * 32, "detect", InputInfo(300, 300, 3, "uint8"), "cpu", True, "gone", 90)
    camera = CameraInfo("front", "picamera2", "person")
    right = ConfigurationInfo(None)
    info = Info("0.1.0", "ai-edge-litert 2.3.0", True, [model], [camera], "synchronized", right)
    assert info_payload(info).decode() == (
        '{"version":"0.1.0","runtime":"ai-edge-litert 2.3.0","degraded":true,'
        '"models":[{"name":"person","sha256":"' + "ab" * 32 + '","task":"detect",'
        '"input":{"width":300,"height":300,"channels":3,"dtype":"uint8"},"accelerator":"cpu","degraded":true,"reason":"gone",'
        '"labels":90}],'
        '"cameras":[{"name":"front","source":"picamera2","model":"person"}],'
        '"clock":"synchronized","configuration":{"error":null}}'
    )
    wrong = replace(info, configuration=ConfigurationInfo("edgevision.yaml:3:5: cameras: …"))
    assert json.loads(info_payload(wrong))["configuration"] == {"error": "edgevision.yaml:3:5: cameras: …"}


def test_stats_are_those_of_the_contract() -> None:
    assert stats_payload(STATS).decode() == (
        '{"time":"2026-11-21T02:03:04.567Z","degraded":true,'
        '"cameras":{"front":{"capture_fps":10.0,"inference_fps":5.0,"inference_ms":{"p50":12.35,"p95":20.0},'
        '"dropped_frames":3,"skipped_pictures":4,"stalled":false,"fps_limit":8.0}},'
        '"outbox":{"depth":2,"dropped":5,"on_disk":true},"dropped_messages":6,'
        '"cpu_temperature":48.25,"throttled":false,"under_voltage":true,"memory":123456789,"uptime":3600.12}'
    )


def test_what_the_machine_does_not_tell_is_null() -> None:
    told = json.loads(stats_payload(replace(STATS, cpu_temperature=None, throttled=None, under_voltage=None)))
    assert told["cpu_temperature"] is None
    assert told["throttled"] is None
    assert told["under_voltage"] is None


@pytest.mark.parametrize("broken", [math.nan, math.inf, -math.inf])
def test_nan_never_leaves_in_stats(broken: float) -> None:
    sick = replace(STATS, cameras={"front": CameraStats(broken, 1.0, LatencyStats(broken, None), 0, 0, True, None)})
    told = json.loads(stats_payload(sick))
    assert told["cameras"]["front"]["capture_fps"] is None
    assert told["cameras"]["front"]["inference_ms"] == {"p50": None, "p95": None}
    assert told["cameras"]["front"]["fps_limit"] is None
