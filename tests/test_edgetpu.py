"""The whole daemon with a fake Edge TPU: whatever that does, every frame that goes in comes out.

Run on both runtimes: here on the one that is installed, and by `make test-system` on tflite-runtime.
"""

import itertools
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.daemon_process import DaemonProcess
from tests.edgetpu.build import FakeEdgeTpu
from tests.mosquitto import Mosquitto, Subscriber
from tests.test_main_job import PICTURES

pytest_plugins = ["tests.edgetpu.fixtures"]

BASE = "edgevision/rig"
BY_TPU = "stingray"
"""What the fake Edge TPU is told to see: class 7 of ImageNet's labels."""


def configuration(folder: Path, models: Path, broker: Mosquitto, pictures: int) -> dict[str, Any]:
    """A daemon that looks at so many pictures, all alike, with a model compiled for the Edge TPU."""
    source = folder / "pictures"
    source.mkdir()
    shutil.copy(PICTURES / "chelsea.jpg", source / "00000.jpg")
    for number in range(1, pictures):
        os.link(source / "00000.jpg", source / f"{number:05}.jpg")
    return {
        "device": "rig",
        "mqtt": {"host": broker.host, "port": broker.port},
        "model": {
            "path": str(models / "mobilenet_v1_0.25_128_quant_edgetpu.tflite"),
            "labels": str(models / "imagenet_labels.txt"),
            "threshold": 0.1,
            "threads": 1,
        },
        "stats": {"interval": 1},
        "cameras": {"front": {"source": {"type": "images", "path": str(source)}, "publish": "all"}},
    }


def best_labels(subscriber: Subscriber) -> list[str]:
    """The best label of each frame, in the order of the frames; fails where one is missing or came twice."""
    frames = [json.loads(payload) for payload in subscriber.payloads(f"{BASE}/front/detections")]
    assert [frame["seq"] for frame in frames] == list(range(len(frames)))
    return [frame["detections"][0]["label"] for frame in frames]


def told(subscriber: Subscriber, topic: str) -> list[bool]:
    """Whether `info` or `stats` said `degraded`, each time that it said something."""
    return [json.loads(payload)["degraded"] for payload in subscriber.payloads(f"{BASE}/{topic}")]


@pytest.mark.parametrize(
    "behaviour",
    [None, {"devices": 0}, {"refuse": "quiet"}, {"refuse": "text"}, {"crash": "load"}, {"fail": "prepare"}],
    ids=["works", "absent", "refuses quietly", "refuses with a text", "crashes on load", "can't take the model"],
)
def test_an_edge_tpu_that_is_not_there_is_missed_by_no_frame(
    tmp_path: Path, models: Path, fake_edgetpu: FakeEdgeTpu, behaviour: dict[str, str | int] | None
) -> None:
    environment = dict(fake_edgetpu.environment(**{"class": 7}, **(behaviour or {})))
    with Mosquitto(tmp_path / "broker") as broker:
        subscriber = broker.subscribe(f"{BASE}/#")
        with DaemonProcess(tmp_path, configuration(tmp_path, models, broker, 120), environment) as daemon:
            assert daemon.wait() == 0, daemon.log
        subscriber.wait_for_payload(f"{BASE}/status", b"offline")
    labels = best_labels(subscriber)
    assert len(labels) == 120
    assert set(labels) == {BY_TPU} if behaviour is None else BY_TPU not in labels
    assert told(subscriber, "info")[-1] is told(subscriber, "stats")[-1] is (behaviour is not None)
    (model,) = json.loads(subscriber.payloads(f"{BASE}/info")[-1])["models"]
    assert model["accelerator"] == ("edgetpu" if behaviour is None else "cpu")
    assert (model["reason"] is None) is (behaviour is None)


def test_an_edge_tpu_that_fails_at_frame_50_and_comes_back_costs_no_frame(
    tmp_path: Path, models: Path, fake_edgetpu: FakeEdgeTpu
) -> None:
    environment = dict(fake_edgetpu.environment(**{"class": 7}, fail_after=50, exclusive=1))
    with Mosquitto(tmp_path / "broker") as broker:
        subscriber = broker.subscribe(f"{BASE}/#")

        def frames() -> int:
            return len(subscriber.payloads(f"{BASE}/front/detections"))

        with DaemonProcess(tmp_path, configuration(tmp_path, models, broker, 30_000), environment) as daemon:
            subscriber.wait_for(lambda _: told(subscriber, "info")[-1:] == [True], "degraded")
            failed_at = frames()
            subscriber.wait_for(lambda _: frames() >= failed_at + 100, "a hundred frames on the CPU")
            fake_edgetpu.plug_in()
            subscriber.wait_for(lambda _: told(subscriber, "info")[-1:] == [False], "the Edge TPU back")
            back_at = frames()
            subscriber.wait_for(lambda _: frames() >= back_at + 20, "twenty frames on the Edge TPU")
            assert daemon.stop() == 0, daemon.log
        subscriber.wait_for_payload(f"{BASE}/status", b"offline")
    labels = best_labels(subscriber)
    by_tpu = [label == BY_TPU for label in labels]
    assert by_tpu.index(False) == 50
    again = by_tpu.index(True, 50)
    assert not any(by_tpu[50:again])
    assert again >= 150
    assert len(set(labels[50:again])) == 1
    assert [degraded for degraded, _ in itertools.groupby(told(subscriber, "info"))] == [False, True, False]
    assert told(subscriber, "stats")[-1] is False
