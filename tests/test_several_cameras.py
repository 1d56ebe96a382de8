"""One daemon, several cameras and models: each camera goes by its own settings."""

import json
from pathlib import Path

from tests.daemon_process import DaemonProcess
from tests.mosquitto import Mosquitto
from tests.test_main_job import PICTURES

OF_THE_RUNTIME = "INFO: Created TensorFlow Lite"
"""What TensorFlow Lite itself writes to stderr, from C++, where no setting reaches it."""

BASE = "home/garden shed/eyes"


def test_each_camera_has_its_own_threshold_and_model_under_the_prefix_that_is_set_and_the_log_is_json(
    tmp_path: Path, models: Path
) -> None:
    source = {"type": "images", "path": str(PICTURES / "astronaut.jpg")}
    classifier = {
        "path": str(models / "mobilenet_v1_0.25_128_quant.tflite"),
        "labels": str(models / "imagenet_labels.txt"),
        "threshold": 0.01,
        "max_detections": 4,
    }
    with Mosquitto(tmp_path / "broker") as broker:
        config = {
            "device": "eyes",
            "mqtt": {"host": broker.host, "port": broker.port, "topic_prefix": "home/garden shed"},
            "model": {"threads": 1, "threshold": 0.95},
            "log": {"format": "json"},
            "cameras": {
                "strict": {"source": source, "publish": "all"},
                "lenient": {"source": source, "publish": "all", "model": {"threshold": 0.1}},
                "things": {"source": source, "publish": "all", "model": classifier},
            },
        }
        subscriber = broker.subscribe("#")
        with DaemonProcess(tmp_path, config) as daemon:
            assert daemon.wait() == 0, daemon.log
        subscriber.wait_for_payload(f"{BASE}/status", b"offline")
    own = {
        f"{BASE}/{camera}/{what}"
        for camera in config["cameras"]
        for what in ("detections", "status", "detect", "threshold")
    }
    counted = {f"{BASE}/{camera}/count/person" for camera in ("strict", "lenient")}  # "things" has too many labels
    of_device = {
        *(f"{BASE}/{what}" for what in ("status", "info", "stats")),
        "homeassistant/device/edgevision_eyes/config",
    }
    assert {message.topic for message in subscriber.messages} == own | counted | of_device
    seen = {name: json.loads(subscriber.payloads(f"{BASE}/{name}/detections")[0]) for name in config["cameras"]}
    assert {name: one["model"] for name, one in seen.items()} == {
        "strict": "person",
        "lenient": "person",
        "things": "mobilenet_v1_0.25_128_quant",
    }
    assert seen["strict"]["detections"] == []
    scores = [entry["score"] for entry in seen["lenient"]["detections"]]
    assert scores[0] > 0.5
    assert 0.1 <= scores[-1] < 0.5, "below the default"
    things = seen["things"]["detections"]
    assert 0 < len(things) <= 4
    assert all(entry["score"] >= 0.01 and "box" not in entry for entry in things)
    lines = [json.loads(line) for line in daemon.log.splitlines() if not line.startswith(OF_THE_RUNTIME)]
    assert lines[-1]["message"] == "stopped"
    assert all({"time", "level", "logger", "message"} <= line.keys() for line in lines)
