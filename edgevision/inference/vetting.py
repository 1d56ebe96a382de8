"""Opening a model in a child process first: what crashes, hangs or eats the memory there can't end the daemon.

The runtimes are native code that trusts its input; a damaged file may well make them read where there is nothing.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from edgevision.child_process import how_it_ended, signal_name
from edgevision.errors import AcceleratorError, AcceleratorLibraryError, ModelError
from edgevision.inference.edgetpu.reasons import explain_crash, explain_hang
from edgevision.inference.runtime import load_runtime
from edgevision.inference.tensors import Tensor
from edgevision.record import record

_VET = "import gc; gc.disable(); from edgevision.inference.vetting_child import main; main()"
"""There is nothing to collect in so short a life."""

DEADLINE = 30.0
"""Seconds from the start of the child to its answer; on a Raspberry Pi 3 importing the runtime takes some of them."""

MOST_MEMORY = 512 * 1024**2
"""Bytes that a model may take. No MobileNet needs a tenth; a Pi has 1 GB."""

OUT_OF_MEMORY = ("bad_alloc", "Cannot allocate memory", "MemoryError")
"""How the runtimes and Python say that there was no more."""


@record
class DelegateRequest:
    """The delegate to open the model with: its library and the `device` option."""

    library: str
    device: str


@record
class Request:
    """What the child is to do with the model on its standard input.

    `path` is for messages. Without `run` the file is only read: a model compiled for the Edge TPU can be described so
    where there is no Edge TPU.
    """

    path: str
    run: bool = True
    delegate: DelegateRequest | None = None
    most_memory: int = MOST_MEMORY
    parent: int = 0
    """The process that waits for the answer; without it there is no use in one."""


@record
class Ends:
    """The tensors that go into a model and come out of it, in the file's order."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]


def vet(
    path: Path,
    content: bytes,
    *,
    run: bool = True,
    delegate: DelegateRequest | None = None,
    deadline: float = DEADLINE,
    most_memory: int = MOST_MEMORY,
) -> Ends:
    """Open the model `content` in a child process and run it once; `path` is for messages.

    Raises ModelError when the file is at fault, and AcceleratorError when `delegate` can't be used.
    """
    request = Request(str(path), run, delegate, most_memory, os.getpid())
    # -P: the folder that edgevision was started in has no say in what is imported.
    command = [sys.executable, "-P", "-c", _VET, json.dumps(asdict(request))]
    try:
        child = subprocess.run(command, input=content, capture_output=True, timeout=deadline, check=False)
    except subprocess.TimeoutExpired as error:
        if delegate is not None:
            raise explain_hang(delegate.library, delegate.device, deadline) from error
        raise _damaged(request, f"gives no answer within {deadline:g} s") from error
    except OSError as error:
        raise ModelError(
            f"{path} can't be tried in a process of its own ({error.strerror}): {sys.executable}"
        ) from error
    return _read_answer(request, child)


def _read_answer(request: Request, child: "subprocess.CompletedProcess[bytes]") -> Ends:
    answer = _parse(child.stdout)
    match answer.get("error"):
        case None if "inputs" in answer:
            return Ends(_tensors(answer["inputs"]), _tensors(answer["outputs"]))
        case "library":
            raise AcceleratorLibraryError(answer["text"])
        case "accelerator":
            raise AcceleratorError(answer["text"])
        case "model":
            raise ModelError(answer["text"])
    said = child.stderr.decode(errors="replace")
    if any(words in said for words in OUT_OF_MEMORY):
        raise _damaged(request, f"needs more than {request.most_memory // 1024**2} MiB of memory")
    name = signal_name(child.returncode)
    if name is not None and request.delegate is not None:
        raise explain_crash(request.delegate.library, str(load_runtime()), name)
    raise _damaged(request, how_it_ended(child.returncode, said))


def _damaged(request: Request, how: str) -> ModelError:
    return ModelError(f"{request.path} {how} when it is opened: the file is damaged or made for another runtime")


def _parse(stdout: bytes) -> Mapping[str, Any]:
    try:
        answer = json.loads(stdout or b"{}")
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _tensors(entries: Sequence[Mapping[str, Any]]) -> tuple[Tensor, ...]:
    return tuple(Tensor(**{**entry, "shape": tuple(entry["shape"])}) for entry in entries)
