"""The benchmark's peers see what is there, each in its own environment."""

import json
import os
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

from bench.contenders.bare import interpreter_of
from bench.peers import PEERS, Peer
from bench.peers.entrant import pictures
from bench.peers.environment import EnvironmentMissingError, python
from tests.bench.answers import ROOT, Answers, told

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

onnx_runtime = next(peer for peer in PEERS if peer.file.stem == "onnx_runtime")

SEES = """
import importlib, json, sys
from contextlib import ExitStack
from pathlib import Path
from bench.peers.entrant import Settings

stem, model, labels, frames = sys.argv[1:]
load = importlib.import_module(f"bench.peers.{stem}").load
with ExitStack() as open_parts:
    step = load(Settings(Path(model), Path(labels), 1, Path(frames)), open_parts)
    print(json.dumps(step()))
"""


@pytest.fixture
def frames(photos: Path, tmp_path: Path) -> Path:
    """A folder of one frame: a cat."""
    picture = cv2.imread(str(photos / "cat_720p.jpg"))
    assert picture is not None
    cv2.imwrite(str(tmp_path / "0.bmp"), cv2.resize(picture, (1280, 720)))
    return tmp_path


def environment_of(peer: Peer) -> Path:
    """The peer's Python, which is installed if need be: some hundred megabytes."""
    try:
        return python(peer)
    except EnvironmentMissingError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


def seen(peer: Peer, model: Path, labels: Path, frames: Path) -> list[tuple[int | str, float]]:
    """What the peer finds in the first frame, best first."""
    arguments = [peer.file.stem, str(model), str(labels), str(frames)]
    command = [str(environment_of(peer)), "-c", SEES, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [(found, score) for found, score in json.loads(done.stdout.splitlines()[-1])]


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.file.stem)
@pytest.mark.parametrize(
    ("file", "labels", "cats"),
    [
        ("coco_ssd_mobilenet_v1_1.0_quant", "coco_ssd_labels", {16, "cat"}),
        ("mobilenet_v2_1.0_224_quant", "imagenet_labels", {286, 282, "Egyptian cat", "tabby, tabby cat"}),
    ],
)
def test_a_peer_sees_the_cat(
    peer: Peer, file: str, labels: str, cats: set[int | str], models: Path, frames: Path
) -> None:
    best, score = seen(peer, models / f"{file}.tflite", models / f"{labels}.txt", frames)[0]
    assert best in cats
    assert score > 0.5


@pytest.mark.parametrize(
    "file",
    ["coco_ssd_mobilenet_v1_1.0_quant", "mobilenet_v2_1.0_224_quant", "mobilenet_v1_0.25_128_quant"],
)
def test_the_network_turned_into_onnx_answers_as_the_interpreter_does(file: str, models: Path, frames: Path) -> None:
    model = models / f"{file}.tflite"
    interpreter = interpreter_of({"model": str(model), "threads": 1})
    taken, outputs = interpreter.get_input_details()[0], interpreter.get_output_details()
    _, height, width, _ = taken["shape"].tolist()
    small = cv2.resize(next(pictures(frames)), (width, height))
    interpreter.set_tensor(taken["index"], cv2.cvtColor(small, cv2.COLOR_BGR2RGB)[None])
    interpreter.invoke()
    values = [interpreter.get_tensor(output["index"])[0] for output in outputs]
    if len(values) == 4:
        expected = [(kind, score) for kind, score in zip(values[1], values[2], strict=True) if score >= 0.5]
    else:
        scale, _ = outputs[0]["quantization"]
        expected = [(best, scale * values[0][best]) for best in np.argsort(values[0])[:-4:-1]]
    found = seen(onnx_runtime, model, models / "imagenet_labels.txt", frames)
    assert found[0][0] == expected[0][0]
    assert [score for _, score in found] == pytest.approx([score for _, score in expected], abs=0.02)


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.file.stem)
@pytest.mark.parametrize("file", ["coco_ssd_mobilenet_v1_1.0_quant", "mobilenet_v1_0.25_128_quant"])
def test_a_peer_takes_its_turns(peer: Peer, file: str, models: Path, frames: Path) -> None:
    with Answers(environment_of(peer), peer.file, told(models / f"{file}.tflite", frames)) as contender:
        assert contender.answer()["ready"] is True
        assert contender.turn(0.1)["frames"] > 0
    assert contender.status == 0
    assert "Traceback" not in contender.said


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.file.stem)
@pytest.mark.parametrize("file", ["mobilenet_v1_0.25_128_quant_edgetpu", "traffic_model", "vww_96_float"])
def test_a_peer_says_which_model_it_does_not_take(peer: Peer, file: str, models: Path, frames: Path) -> None:
    with Answers(environment_of(peer), peer.file, told(models / f"{file}.tflite", frames)) as contender:
        assert contender.answer()["unable"]
    assert contender.status == 1
    assert "Traceback" not in contender.said
