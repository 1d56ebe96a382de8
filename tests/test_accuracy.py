"""What edgevision publishes is what the model says: equal to a bare interpreter loop on the same pictures.

Run on both runtimes: here on the one that is installed, and by `make test-system` on tflite-runtime.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edgevision.capture.picture_file import decode_picture
from tests.bare import Found, bare_interpreter, classify, detect_in_tf1_order
from tests.daemon_process import DaemonProcess
from tests.mosquitto import Mosquitto

DETECTION_THRESHOLD = 0.2
CLASS_THRESHOLD = 0.02
MOST = 20
TOLERANCE = 1e-4

CLASSIFIERS = {
    "mobilenet_v1_0.25_128_quant": "imagenet_labels",
    "mobilenet_v1_0.5_160_quant": "imagenet_labels",
    "mobilenet_v1_0.75_192_quant": "imagenet_labels",
    "mobilenet_v2_1.0_224_quant": "imagenet_labels",
    "mobilenet_v2_1.0_224_inat_bird_quant": "inat_bird_labels",
    "v3-small_224_1.0_uint8": "imagenet_labels",
    "tf2_mobilenet_v2_1.0_224_ptq": "imagenet_labels",
    "vww_96_int8": "vww_labels",
    "vww_96_float": "vww_labels",
}

BareLoop = Callable[[Any, NDArray[np.uint8], list[str], float], list[Found]]


@pytest.fixture
def pictures(shared: Path) -> dict[str, list[Path]]:
    """Every test picture, by the camera that shows it."""
    folders = {"photos": shared / "images" / "photos", "coco": shared / "images" / "coco" / "images"}
    return {camera: sorted(folder.glob("*.jpg")) for camera, folder in folders.items()}


def published(
    tmp_path: Path,
    pictures: dict[str, list[Path]],
    model: Path,
    labels: Path,
    threshold: float,
    **more: Any,
) -> dict[str, list[Found]]:
    """What a subscriber receives for each picture when two cameras share the model."""
    with Mosquitto(tmp_path / "broker") as broker:
        subscriber = broker.subscribe("edgevision/bench/+/detections", "edgevision/bench/status")
        config = {
            "device": "bench",
            "mqtt": {"host": broker.host, "port": broker.port},
            "model": {"path": str(model), "labels": str(labels), "threshold": threshold, "threads": 1, **more},
            "cameras": {
                camera: {"source": {"type": "images", "path": str(files[0].parent)}, "publish": "all"}
                for camera, files in pictures.items()
            },
        }
        with DaemonProcess(tmp_path, config) as daemon:
            assert daemon.wait() == 0, daemon.log
        subscriber.wait_for_payload("edgevision/bench/status", b"offline")
        found: dict[str, list[Found]] = {}
        for message in subscriber.messages:
            if not message.topic.endswith("/detections"):
                continue
            payload = json.loads(message.payload)
            assert payload["frame"]["source"] not in found, "a picture came twice"
            found[payload["frame"]["source"]] = [
                Found(
                    one["label"],
                    one["score"],
                    tuple(one["box"][side] for side in ("xmin", "ymin", "xmax", "ymax")) if "box" in one else None,
                )
                for one in payload["detections"]
            ]
        return found


def assert_equal(published_by_name: dict[str, list[Found]], bare_by_name: dict[str, list[Found]]) -> None:
    assert published_by_name.keys() == bare_by_name.keys()
    for name, bare in bare_by_name.items():
        ours = published_by_name[name]
        assert [one.score for one in ours] == pytest.approx([one.score for one in bare], abs=TOLERANCE), name
        left = list(bare)
        for one in ours:
            # Equal scores have no order of their own, so any of them may be the partner.
            partner = next((other for other in left if _same(one, other)), None)
            assert partner is not None, f"{name}: {one} is not among {left}"
            left.remove(partner)


def _same(one: Found, other: Found) -> bool:
    numbers, others = (one.score, *(one.box or ())), (other.score, *(other.box or ()))
    return one.label == other.label and numbers == pytest.approx(others, abs=TOLERANCE)


def bare_answers(
    pictures: dict[str, list[Path]], model: Path, labels: Path, threshold: float, answer: BareLoop, drop_first: bool
) -> dict[str, list[Found]]:
    """The bare loop's answers by file name."""
    interpreter = bare_interpreter(model)
    names = labels.read_text().splitlines()[drop_first:]
    return {
        file.name: answer(interpreter, decode_picture(file.read_bytes()), names, threshold)[:MOST]
        for files in pictures.values()
        for file in files
    }


def test_detections_equal_those_of_a_bare_interpreter(
    tmp_path: Path, models: Path, pictures: dict[str, list[Path]]
) -> None:
    model, labels = models / "coco_ssd_mobilenet_v1_1.0_quant.tflite", models / "coco_ssd_labels.txt"
    bare = bare_answers(pictures, model, labels, DETECTION_THRESHOLD, detect_in_tf1_order, drop_first=True)
    assert sum(map(len, bare.values())) > 100
    assert_equal(published(tmp_path, pictures, model, labels, DETECTION_THRESHOLD), bare)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classes_equal_those_of_a_bare_interpreter(
    tmp_path: Path, models: Path, pictures: dict[str, list[Path]], name: str
) -> None:
    model, labels = models / f"{name}.tflite", models / f"{CLASSIFIERS[name]}.txt"
    bare = bare_answers(pictures, model, labels, CLASS_THRESHOLD, classify, drop_first=False)
    assert all(bare.values())
    more = {"normalize": {"mean": 0, "std": 255}} if name.endswith("float") else {}
    assert_equal(published(tmp_path, pictures, model, labels, CLASS_THRESHOLD, **more), bare)
