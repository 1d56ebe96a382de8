"""The benchmark's peers: how they take part, how their environments are made, and that they see what is there."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench import peers
from bench.peers import PEERS, Peer
from bench.peers.converted import converted
from bench.peers.entrant import UnableError
from bench.peers.environment import EnvironmentMissingError, existing, folder, make, stamp
from tests.bench.answers import Answers, told

PYTHON = Path(sys.executable)

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


@pytest.fixture
def entrant(tmp_path: Path) -> Path:
    """A peer's file, whose library prints, and which has something to make once."""
    file = tmp_path / "entrant.py"
    file.write_text(ENTRANT)
    return file


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
