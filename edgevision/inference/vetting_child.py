"""What the child process of `edgevision.inference.vetting` does. It imports no more than opening a model takes."""

import json
import os
import resource
import signal
import sys
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from edgevision.child_process import end_with
from edgevision.errors import AcceleratorError, AcceleratorLibraryError, ModelError
from edgevision.inference.noise import show_noise
from edgevision.inference.runtime import Interpreter, load_runtime
from edgevision.inference.tensors import Tensor, read_operators
from edgevision.inference.vetting import DelegateRequest, Request


def main() -> None:
    """Read the model from standard input, do what the request in the first argument says, print one JSON object."""
    request = _request(sys.argv[1])
    _limit(request)
    content = sys.stdin.buffer.read()
    # Native libraries print what they like on standard output: that goes elsewhere, the answer alone is left there.
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    with answer:
        json.dump(_answer(request, content), answer)
    # Not through the interpreter's end: a delegate's destructors have nothing to add to the answer.
    answer.close()
    os._exit(0)


def _answer(request: Request, content: bytes) -> dict[str, Any]:
    try:
        return _describe(request, _open(request, content))
    except AcceleratorLibraryError as error:
        return {"error": "library", "text": str(error)}
    except AcceleratorError as error:
        return {"error": "accelerator", "text": str(error)}
    except ModelError as error:
        return {"error": "model", "text": str(error)}
    except UnicodeDecodeError:
        return {"error": "model", "text": f"{request.path} is damaged: a name in it isn't UTF-8; get the file anew"}


def _open(request: Request, content: bytes) -> Interpreter:
    runtime, path = load_runtime(), Path(request.path)
    if request.delegate is None:
        return runtime.open(path, content, threads=1) if request.run else runtime.read(path, content)
    from edgevision.inference.edgetpu.delegate import open_on

    return open_on(runtime, path, content, request.delegate.device, request.delegate.library)


def _run(request: Request, interpreter: Interpreter, inputs: list[Tensor]) -> None:
    """Run the model once. Raises ModelError or AcceleratorError when it fails on it."""
    for tensor in inputs:
        show_noise(interpreter.tensor(tensor.index)())
    try:
        interpreter.invoke()
    except (RuntimeError, ValueError) as error:
        reason = " ".join(str(error).split())
        if request.delegate is None:
            raise ModelError(
                f"{request.path} can't be run by {load_runtime()} ({reason}): the file is damaged"
            ) from error
        from edgevision.inference.edgetpu.reasons import explain_invoke

        raise explain_invoke(request.delegate.device, reason) from error


def _describe(request: Request, interpreter: Interpreter) -> dict[str, Any]:
    """Ask everything that edgevision asks a model, and run it once."""
    inputs, outputs = _tensors(interpreter.get_input_details()), _tensors(interpreter.get_output_details())
    _tensors(interpreter.get_tensor_details())
    read_operators(interpreter)
    if len(interpreter.get_signature_list()) == 1:
        interpreter.get_signature_runner().get_output_details()
    if request.run:
        _run(request, interpreter, inputs)
        for tensor in outputs:
            interpreter.tensor(tensor.index)()
    return {"inputs": [asdict(tensor) for tensor in inputs], "outputs": [asdict(tensor) for tensor in outputs]}


def _tensors(details: list[dict[str, Any]]) -> list[Tensor]:
    return [Tensor.from_details(entry) for entry in details]


def _limit(request: Request) -> None:
    """See to it that this process neither outlives its parent nor takes more memory than a model may."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends this process
    end_with(request.parent)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    most = _data_bytes() + request.most_memory
    _, allowed = resource.getrlimit(resource.RLIMIT_DATA)
    if allowed == resource.RLIM_INFINITY or most < allowed:
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    # Where memory is short all the same, the kernel is to end this process and none that does real work.
    with suppress(OSError):  # a sandbox may show /proc for reading only, or not at all
        Path("/proc/self/oom_score_adj").write_text("1000")


def _data_bytes() -> int:
    """The size of this process's private data, as RLIMIT_DATA counts it; 0 where there is no /proc."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return 0
    (kilobytes,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmData:"))
    return int(kilobytes) * 1024


def _request(text: str) -> Request:
    entries = json.loads(text)
    if entries["delegate"] is not None:
        entries["delegate"] = DelegateRequest(**entries["delegate"])
    return Request(**entries)
