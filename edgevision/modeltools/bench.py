"""How fast a model runs here.

Each measurement is made in a process of its own: it holds that model and nothing else, so its memory can be told, and
a model that crashes the runtime ends that process only.
"""

import hashlib
import json
import os
import platform
import select
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from edgevision.child_process import how_it_ended, signal_name
from edgevision.errors import AcceleratorError, ModelError
from edgevision.inference.edgetpu.compiled import compiled_twin, is_compiled
from edgevision.inference.edgetpu.delegate import AUTO, Accelerator, library_name
from edgevision.inference.edgetpu.reasons import explain_crash, explain_hang
from edgevision.inference.model_file import read_model_file
from edgevision.inference.opening import with_three_tries
from edgevision.inference.runtime import load_runtime
from edgevision.record import record

SILENCE = 60.0
"""Seconds without a sign of life after which a measurement is given up; the slowest MobileNet on a Pi 3 takes 2."""

Progress = Callable[[float], None]
"""Told the part of a measurement that is done, 0..1."""


@record
class Request:
    """What one measurement is of, and how many seconds of invokes it takes.

    `device` is libedgetpu's name of the Edge TPU that the model runs on; None: on the CPU.
    """

    path: str
    threads: int
    seconds: float
    device: str | None = None
    parent: int = 0
    """The process that waits for the measurement."""


@record
class Measurement:
    """One number of threads. Times are milliseconds.

    p50, p95 and `frames_per_second` (invokes by their mean time) are of invoke() alone. `preprocess_p50_ms` is what
    bringing a picture of 1280 x 720 into the input takes besides; None when the input is no picture. `memory` is the
    resident set of the process in bytes, `model_memory` what the model adds to that of Python and the runtime.
    """

    threads: int
    invokes: int
    p50_ms: float
    p95_ms: float
    frames_per_second: float
    preprocess_p50_ms: float | None
    memory: int
    model_memory: int
    runtime: str
    accelerator: str


@record
class Machine:
    """Where it was measured; `cores` are those that this process may use."""

    architecture: str
    model: str
    cores: int


@record
class BenchReport:
    """All that `edgevision models bench` tells."""

    path: Path
    bytes: int
    sha256: str
    machine: Machine
    measurements: tuple[Measurement, ...]


def bench_file(
    path: Path,
    thread_counts: Sequence[int],
    seconds: float,
    progress: Callable[[int], Progress],
    accelerator: Accelerator = AUTO,
) -> BenchReport:
    """Measure the model for each number of threads; `progress` gives, for such a number, whom to tell how far it is.

    A model compiled for the Edge TPU runs there, with one thread, unless `accelerator` is the CPU.
    Raises ModelError when the file can't be used, crashes the runtime, or hangs; AcceleratorError when the Edge TPU
    can't be used.
    """
    path = _compiled_for(path, accelerator)
    content = read_model_file(path)
    device = accelerator.device if is_compiled(content) and accelerator.kind != "cpu" else None
    if device is not None:
        with_three_tries(path, content, device, lambda: None)
    measurements = [
        _measure_in_child(Request(str(path), threads, seconds, device, os.getpid()), progress(threads))
        for threads in (thread_counts if device is None else [1])
    ]
    digest = hashlib.sha256(content).hexdigest()
    return BenchReport(path, len(content), digest, this_machine(), tuple(measurements))


def _compiled_for(path: Path, accelerator: Accelerator) -> Path:
    """The file to measure: where the Edge TPU is asked for, the one beside `path` that is compiled for it."""
    if accelerator.kind != "edgetpu" or is_compiled(read_model_file(path)):
        return path
    compiled = compiled_twin(path)
    if not compiled.is_file():
        raise ModelError(
            f"{path} isn't compiled for the Edge TPU, and there is no {compiled.name} beside it: compile it with"
            " edgetpu_compiler"
        )
    return compiled


def to_json(report: BenchReport) -> dict[str, Any]:
    """The report as plain JSON values; docs/models.md tells what each key means."""
    return asdict(report) | {"path": str(report.path)}


def this_machine(device_tree: Path = Path("/proc/device-tree/model"), cpuinfo: Path = Path("/proc/cpuinfo")) -> Machine:
    """The machine's name as the board's firmware or the processor gives it, empty where neither does."""
    return Machine(platform.machine(), _name(device_tree, cpuinfo), len(os.sched_getaffinity(0)))


def _name(device_tree: Path, cpuinfo: Path) -> str:
    if device_tree.is_file():
        return device_tree.read_text(errors="replace").strip("\0\n ")
    lines = cpuinfo.read_text(errors="replace").splitlines() if cpuinfo.is_file() else []
    named = {key.strip(): value.strip() for key, found, value in (line.partition(":") for line in lines) if found}
    return named.get("Model") or named.get("model name") or ""


def _measure_in_child(request: Request, progress: Progress) -> Measurement:
    # -P: the folder that edgevision was started in has no say in what is imported.
    command = [sys.executable, "-P", "-m", "edgevision.modeltools.bench_child", json.dumps(asdict(request))]
    with tempfile.TemporaryFile() as stderr:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr)
        with child:
            try:
                answer = _follow(child, request, progress)
            finally:
                # Whatever has happened, it has nothing more to say.
                child.kill()
        if answer is not None:
            if "error" in answer:
                raise ModelError(answer["error"])
            if "accelerator_error" in answer:
                raise AcceleratorError(answer["accelerator_error"])
            return Measurement(**answer["measurement"])
        stderr.seek(0)
        said = stderr.read().decode(errors="replace")
    crash = signal_name(child.returncode)
    if crash is not None and request.device is not None:
        raise explain_crash(library_name(), str(load_runtime()), crash)
    raise ModelError(f"{request.path} {how_it_ended(child.returncode, said)} when it runs: {_WHY}")


_WHY = "the file is damaged or made for another runtime"


def _follow(child: "subprocess.Popen[bytes]", request: Request, progress: Progress) -> Mapping[str, Any] | None:
    """The child's last word, or None when it ended without one."""
    assert child.stdout is not None
    for line in _lines(child.stdout, request):
        said = json.loads(line)
        if "done" not in said:
            return dict(said)
        progress(said["done"])
    child.wait()
    return None


def _lines(stdout: IO[bytes], request: Request) -> Any:
    pending = b""
    while True:
        if not select.select([stdout], [], [], SILENCE)[0]:
            if request.device is not None:
                raise explain_hang(library_name(), request.device, SILENCE)
            raise ModelError(f"{request.path} gave no sign of life within {SILENCE:g} s when it runs: {_WHY}")
        read = os.read(stdout.fileno(), 65536)
        *lines, pending = (pending + read).split(b"\n")
        yield from lines
        if not read:
            return
