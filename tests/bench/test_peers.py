"""The benchmark's peers: how they take part, how their environments are made, and that they see what is there."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from bench import peers
from bench.contenders.bare import interpreter_of
from bench.peers import PEERS, Peer
from bench.peers.converted import converted
from bench.peers.entrant import UnableError, pictures
from bench.peers.environment import EnvironmentMissingError, existing, folder, make, stamp
from tests.bench.answers import ROOT, Answers

PYTHON = Path(sys.executable)
onnx_runtime = next(peer for peer in PEERS if peer.file.stem == "onnx_runtime")

ENTRANT = """
import os, time
from bench.peers.entrant import UnableError, enter

def load(settings, open_parts):
    os.write(1, b"INFO: a native library says hello\\n")
    if settings.threads > 8:
        raise UnableError("doesn't take that many threads")
    return lambda: print("a frame", os.write(1, b"INFO: and again\\n")) if settings.threads > 1 else None

enter(load, lambda settings: time.sleep(0.5))
"""

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


def told(model: Path, frames: Path, threads: int = 1) -> dict[str, Any]:
    """What the framework tells a contender."""
    return {
        "model": str(model),
        "labels": None,
        "frames": [str(frames)],
        "threads": threads,
        "spawned": time.monotonic(),
    }


@pytest.fixture
def entrant(tmp_path: Path) -> Path:
    """A peer's file, whose library prints, and which has something to make once."""
    file = tmp_path / "entrant.py"
    file.write_text(ENTRANT)
    return file


def environment_of(peer: Peer) -> Path:
    """The peer's Python, if `python -m bench.peers.environment` was here before."""
    if (python := existing(peer)) is None:
        pytest.skip(f"the environment of {peer.name} isn't here: python -m bench.peers.environment makes it")
    return python


def seen(peer: Peer, model: Path, labels: Path, frames: Path) -> list[tuple[int | str, float]]:
    """What the peer finds in the first frame, best first."""
    arguments = [peer.file.stem, str(model), str(labels), str(frames)]
    command = [str(environment_of(peer)), "-c", SEES, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [(found, score) for found, score in json.loads(done.stdout.splitlines()[-1])]


def test_what_a_native_library_prints_is_no_answer(entrant: Path, tmp_path: Path) -> None:
    with Answers(PYTHON, entrant, told(tmp_path, tmp_path)) as contender:
        assert contender.answer()["ready"] is True
        assert contender.turn(0.01)["frames"] > 0
    assert contender.status == 0
    assert "hello" in contender.said


def test_what_is_made_once_is_no_part_of_the_start(entrant: Path, tmp_path: Path) -> None:
    settings = told(tmp_path, tmp_path)
    with Answers(PYTHON, entrant, settings) as contender:
        started = contender.answer()["started"]
        whole = time.monotonic() - settings["spawned"]
    assert 0 < started <= whole - 0.5


def test_a_peer_that_cannot_run_says_why_and_ends(entrant: Path, tmp_path: Path) -> None:
    with Answers(PYTHON, entrant, told(tmp_path, tmp_path, threads=9)) as contender:
        assert contender.answer() == {"unable": "doesn't take that many threads"}
    assert contender.status == 1
    assert contender.said.splitlines()[-1] == "unable: doesn't take that many threads"


def test_an_environment_that_cannot_be_made_leaves_the_reason_and_nothing_else(tmp_path: Path) -> None:
    pytest.importorskip("ensurepip", reason="this Python makes no virtual environments with pip")
    peer = Peer("Nobody", tmp_path / "nobody.py", (str(tmp_path / "absent-1.0-py3-none-any.whl"),), takes_threads=True)
    with pytest.raises(EnvironmentMissingError, match=r"Nobody can't be installed here: .*absent"):
        make(peer, tmp_path)
    assert not folder(peer, tmp_path).exists()


def test_an_environment_made_for_another_python_is_not_taken(tmp_path: Path) -> None:
    peer = PEERS[0]
    assert existing(peer, tmp_path) is None
    folder(peer, tmp_path).mkdir()
    made_for = folder(peer, tmp_path) / "made-for"
    made_for.write_text(stamp(peer))
    assert existing(peer, tmp_path) == folder(peer, tmp_path) / "bin" / "python"
    made_for.write_text("2.7.18 pdp11 mediapipe\n")
    assert existing(peer, tmp_path) is None


def test_a_peer_without_environment_is_an_entry_that_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(peer: Peer) -> Path:
        raise EnvironmentMissingError("no network")

    monkeypatch.setattr("bench.peers.environment.python", refuse)
    peers._command.cache_clear()
    try:
        command = peers._command(PEERS[0])
    finally:
        peers._command.cache_clear()
    done = subprocess.run([*command, "{}"], capture_output=True, text=True, check=False)
    assert json.loads(done.stdout) == {"unable": "skipped: no network"}


def test_a_model_is_converted_once_for_the_same_bytes_and_arguments(tmp_path: Path) -> None:
    model, converter = tmp_path / "model.tflite", tmp_path / "converter.py"
    model.write_bytes(b"one")
    converter.write_text("import sys, time; open(sys.argv[2], 'w').write(f'{time.time_ns()} {sys.argv[3:]}')")
    first = converted(model, converter, ".onnx", cache=tmp_path)
    before = first.read_text()
    assert converted(model, converter, ".onnx", cache=tmp_path) == first
    assert first.read_text() == before
    assert converted(model, converter, ".onnx", "labels", cache=tmp_path) != first
    model.write_bytes(b"two")
    assert converted(model, converter, ".onnx", cache=tmp_path) != first


def test_a_model_that_cannot_be_converted_leaves_the_reason_and_no_file(tmp_path: Path) -> None:
    converter = tmp_path / "converter.py"
    converter.write_text("import sys; open(sys.argv[2], 'w').write('half'); sys.exit('an odd operator')")
    for _ in range(2):
        with pytest.raises(UnableError, match="an odd operator"):
            converted(converter, converter, ".onnx", cache=tmp_path)


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
