"""A model is opened in a child process first: whatever the file does there is an answer, not the daemon's end."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edgevision.errors import AcceleratorError, ModelError
from edgevision.inference.bundled import bundled_model
from edgevision.inference.opening import Choice, open_accelerated
from edgevision.inference.twins import Pair
from edgevision.inference.vetting import DelegateRequest, vet
from tests.edgetpu.build import FakeEdgeTpu

pytest_plugins = ["tests.edgetpu.fixtures"]

PERSON = bundled_model("person")


@pytest.fixture
def compiled(models: Path) -> Path:
    """A model that only the Edge TPU runs."""
    return models / "mobilenet_v1_0.25_128_quant_edgetpu.tflite"


def pretend(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str) -> None:
    """Let `script` be what runs in place of the child."""
    program = folder / "child"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(program))


def test_a_good_model_tells_its_inputs_and_outputs() -> None:
    ends = vet(PERSON, PERSON.read_bytes())
    assert [tensor.shape for tensor in ends.inputs] == [(1, 300, 300, 3)]
    assert sorted(tensor.shape for tensor in ends.outputs) == [(1,), (1, 100), (1, 100), (1, 100, 4)]


def test_a_damaged_model_is_refused() -> None:
    with pytest.raises(ModelError, match=r"person\.tflite"):
        vet(PERSON, PERSON.read_bytes()[:100_000])


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("cat >/dev/null; kill -SEGV $$", r"person\.tflite crashes \(SIGSEGV\).*damaged"),
        ("cat >/dev/null; kill -ABRT $$", r"person\.tflite crashes \(SIGABRT\)"),
        ("cat >/dev/null; echo std::bad_alloc >&2; kill -ABRT $$", "needs more than 512 MiB of memory"),
        ("cat >/dev/null; echo MemoryError >&2; exit 1", "needs more than 512 MiB of memory"),
        ("cat >/dev/null; echo KeyError: 7 >&2; exit 1", r"fails \(KeyError: 7\)"),
        ("echo noise", "fails"),
        ("exit 0", r"fails \(it said nothing\)"),
    ],
)
def test_whatever_ends_the_child_is_a_model_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, words: str
) -> None:
    pretend(monkeypatch, tmp_path, script)
    with pytest.raises(ModelError, match=words):
        vet(PERSON, PERSON.read_bytes())


def test_a_child_that_hangs_is_ended_at_the_deadline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, tmp_path, f"echo $$ >{tmp_path}/pid; exec sleep 100")
    with pytest.raises(ModelError, match=r"gives no answer within 0\.5 s"):
        vet(PERSON, PERSON.read_bytes(), deadline=0.5)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_a_model_that_wants_too_much_memory_is_refused() -> None:
    with pytest.raises(ModelError, match="needs more than 1 MiB of memory"):
        vet(PERSON, PERSON.read_bytes(), most_memory=1024**2)


def test_the_child_ends_with_its_parent(tmp_path: Path, fake_edgetpu: FakeEdgeTpu, compiled: Path) -> None:
    fake_edgetpu.behave(hang="load")
    code = (
        "from pathlib import Path; from edgevision.inference.vetting import *; import sys;"
        f"path = Path({str(compiled)!r}); vet(path, path.read_bytes(), delegate=DelegateRequest(sys.argv[1], ''))"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, str(fake_edgetpu.library)])
    try:
        children = _wait_for_children(parent.pid)
        parent.send_signal(signal.SIGKILL)
    finally:
        parent.kill()
        parent.wait()
    for child in children:
        _wait_for_end(child)


def test_nothing_of_the_folder_it_was_started_in_is_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('imported from the wrong place')")
    (tmp_path / "numpy.py").write_text("raise SystemExit('imported from the wrong place')")
    monkeypatch.chdir(tmp_path)
    vet(PERSON, PERSON.read_bytes())


def test_a_model_is_vetted_before_it_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, tmp_path, "kill -SEGV $$")
    with pytest.raises(ModelError, match=r"crashes \(SIGSEGV\)"):
        open_accelerated(Choice(PERSON), Pair(PERSON, None), None)


def test_a_compiled_model_can_be_described_without_an_edge_tpu(compiled: Path) -> None:
    (output,) = vet(compiled, compiled.read_bytes(), run=False).outputs
    assert output.shape == (1, 1001)
    with pytest.raises(ModelError, match="compiled for the Edge TPU"):
        vet(compiled, compiled.read_bytes())


@pytest.mark.parametrize("when", ["load", "prepare", "invoke"])
def test_a_delegate_that_crashes_is_an_accelerator_error(fake_edgetpu: FakeEdgeTpu, compiled: Path, when: str) -> None:
    fake_edgetpu.behave(crash=when)
    with pytest.raises(
        AcceleratorError, match=r"libedgetpu.so.1 crashes \(SIGSEGV\) with .*: it was most likely built"
    ):
        vet(compiled, compiled.read_bytes(), delegate=DelegateRequest(str(fake_edgetpu.library), ""))


def test_a_delegate_that_hangs_is_an_accelerator_error(fake_edgetpu: FakeEdgeTpu, compiled: Path) -> None:
    fake_edgetpu.behave(hang="load")
    with pytest.raises(AcceleratorError, match="gave no answer within 3 s"):
        vet(compiled, compiled.read_bytes(), delegate=DelegateRequest(str(fake_edgetpu.library), ""), deadline=3)


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        ({"refuse": "text"}, "doesn't answer"),
        ({"fail": "prepare"}, "fake edgetpu"),
        ({"fail": "invoke"}, "fake edgetpu"),
    ],
)
def test_a_delegate_that_fails_is_an_accelerator_error_with_its_reason(
    fake_edgetpu: FakeEdgeTpu, compiled: Path, behaviour: dict[str, str], words: str
) -> None:
    fake_edgetpu.behave(**behaviour)
    with pytest.raises(AcceleratorError, match=words):
        vet(compiled, compiled.read_bytes(), delegate=DelegateRequest(str(fake_edgetpu.library), ""))


@pytest.mark.parametrize(
    "preparation",
    [
        "resource.setrlimit(resource.RLIMIT_DATA, (400 * 1024**2,) * 2)",
        "Path.write_text = refuse",
    ],
    ids=["less memory is allowed already", "/proc is read-only"],
)
def test_a_sandbox_that_limits_the_child_itself_is_no_fault_of_the_file(preparation: str) -> None:
    code = f"""
import json, os, resource, sys
from dataclasses import asdict
from pathlib import Path
from edgevision.inference import vetting_child
from edgevision.inference.vetting import Request
def refuse(*arguments, **options):
    raise OSError("read-only")
{preparation}
sys.argv[1] = json.dumps(asdict(Request("person.tflite", parent=os.getppid())))
vetting_child.main()
"""
    child = subprocess.run(
        [sys.executable, "-c", code, ""], input=PERSON.read_bytes(), capture_output=True, timeout=60, check=False
    )
    assert b'"inputs"' in child.stdout, child.stderr


def _wait_for_children(parent: int) -> list[int]:
    """The processes that `parent` has started, once there are any and they have shed their parent's program."""
    tasks = Path(f"/proc/{parent}/task")
    until = time.monotonic() + 30
    while True:
        assert time.monotonic() < until, "there is no child"
        children = [int(pid) for task in tasks.iterdir() for pid in (task / "children").read_text().split()]
        if children and all(b"vetting_child" in Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children):
            return children


def _wait_for_end(process: int) -> None:
    """Until the process is gone, or is waiting to be buried by whoever inherits orphans here."""
    status, until = Path(f"/proc/{process}/status"), time.monotonic() + 30
    while status.exists() and "State:\tZ" not in status.read_text():
        assert time.monotonic() < until, "the child lives on"
        time.sleep(0.01)
