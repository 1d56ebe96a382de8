"""A daemon whose configuration is changed while it runs, and what it has published."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgevision.demo import pictures
from tests.daemon_process import DaemonProcess
from tests.mosquitto import Mosquitto, Received, Subscriber, wait_until

BASE = "edgevision/test"
PICTURES = Path(next(iter(pictures.__path__)))
PEOPLE = str(PICTURES / "grace_hopper.jpg")


def camera(index: int = 0, fps: float = 3, **settings: Any) -> dict[str, Any]:
    """A stand-in for a Pi camera of which every frame is looked at and published."""
    source = {"type": "picamera2", "index": index, "size": [320, 240], "fps": fps}
    return {"source": source, "motion": {"enabled": False}, "publish": "all", **settings}


def config(broker: Mosquitto, cameras: Mapping[str, Any] | None = None, **rest: Any) -> dict[str, Any]:
    """Of the device `test`; its camera `front` unless `cameras` says otherwise."""
    return {
        "device": "test",
        "mqtt": {"host": broker.host, "port": broker.port},
        "stats": {"interval": 1},
        "cameras": cameras or {"front": camera()},
        **rest,
    }


def running(folder: Path, settings: dict[str, Any]) -> DaemonProcess:
    return DaemonProcess(folder, settings, {"EDGEVISION_FAKE_CAMERA": f"{PEOPLE}:bars"})


def payloads(messages: list[Received], topic: str) -> list[dict[str, Any]]:
    return [json.loads(one.payload) for one in messages if one.topic == f"{BASE}/{topic}" and one.payload]


def frames(subscriber: Subscriber, name: str = "front") -> list[int]:
    """The numbers of the frames that have been published."""
    return [payload["seq"] for payload in payloads(subscriber.messages, f"{name}/detections")]


def wait_for_frames(subscriber: Subscriber, name: str = "front", more: int = 3) -> None:
    seen = len(frames(subscriber, name))
    wait_until(lambda: len(frames(subscriber, name)) >= seen + more, f"{more} frames of {name}", 20)


def wait_for_info(subscriber: Subscriber, wanted: str) -> dict[str, Any]:
    """Waits until the newest `info` has `wanted` in it."""

    def newest() -> dict[str, Any]:
        return next(reversed(payloads(subscriber.messages, "info")), {})

    wait_until(lambda: wanted in json.dumps(newest()), f"{wanted} in info", 20)
    return newest()


def assert_without_a_gap(numbers: list[int]) -> None:
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
