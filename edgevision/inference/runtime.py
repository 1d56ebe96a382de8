"""Choosing the TensorFlow Lite runtime: LiteRT where it is installed, else tflite-runtime.

Both offer the same `Interpreter`; the rest of edgevision sees only the Protocol below.
"""

import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from edgevision.errors import ModelError
from edgevision.record import record

KNOWN_RUNTIMES = (
    ("ai-edge-litert", "ai_edge_litert.interpreter"),
    ("tflite-runtime", "tflite_runtime.interpreter"),
)
"""Distribution and module of each runtime, the preferred one first."""


Delegate = object
"""A loaded delegate. The interpreter that it was given to must be gone before it is."""


class SignatureRunner(Protocol):
    """What edgevision uses of `SignatureRunner`, alike in both runtimes."""

    def get_output_details(self) -> dict[str, dict[str, Any]]: ...


class Interpreter(Protocol):
    """What edgevision uses of `Interpreter`, alike in both runtimes."""

    def allocate_tensors(self) -> None: ...
    def invoke(self) -> None: ...
    def get_input_details(self) -> list[dict[str, Any]]: ...
    def get_output_details(self) -> list[dict[str, Any]]: ...
    def get_tensor_details(self) -> list[dict[str, Any]]: ...
    def get_signature_runner(self) -> SignatureRunner: ...
    def get_signature_list(self) -> Mapping[str, Mapping[str, list[str]]]: ...
    def tensor(self, tensor_index: int) -> Callable[[], NDArray[np.generic]]: ...
    def set_tensor(self, tensor_index: int, value: NDArray[np.generic]) -> None: ...
    def get_tensor(self, tensor_index: int) -> NDArray[np.generic]: ...


@record
class Runtime:
    """One installed runtime: its distribution's name and version, and its `Interpreter` class."""

    name: str
    version: str
    interpreter_class: Callable[..., Interpreter]
    load_delegate: Callable[..., Delegate]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"

    def open(self, path: Path, content: bytes, threads: int, delegates: Sequence[Delegate] = ()) -> Interpreter:
        """An interpreter for the model that `content` is, its tensors allocated; `path` is for messages.

        Not opened by its path: the runtime would map the file into memory, and die when somebody replaces it.
        Raises ModelError with the runtime's own reason when it can't read the file or lacks an operator.
        """
        interpreter = self.read(path, content, threads, delegates)
        try:
            interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise ModelError(_open_size(path, interpreter) or _explain(path, str(self), str(error))) from error
        return interpreter

    def read(self, path: Path, content: bytes, threads: int = 1, delegates: Sequence[Delegate] = ()) -> Interpreter:
        """An interpreter that can tell of its tensors but not run: what is compiled for an Edge TPU can be read so.

        Raises ModelError with the runtime's own reason when it can't read the file.
        """
        try:
            return self.interpreter_class(
                model_content=content, num_threads=threads, experimental_delegates=list(delegates)
            )
        except (ValueError, RuntimeError) as error:
            raise ModelError(_explain(path, str(self), str(error))) from error


def _open_size(path: Path, interpreter: Interpreter) -> str | None:
    """What to do where an input has no fixed size, which the runtimes say by an operator that fails to prepare."""
    for details in interpreter.get_input_details():
        shape = [int(side) for side in details.get("shape_signature", ())]
        if -1 in shape[1:]:
            return f"{path} leaves the size of its input open ({shape}): convert it with a fixed height and width"
    return None


def _explain(path: Path, runtime: str, reason: str) -> str:
    reason = " ".join(reason.split())
    if "edgetpu-custom-op" in reason:
        return f"{path} is compiled for the Edge TPU and can't run on the CPU: give the model it was compiled from"
    if "unresolved custom op" in reason.lower():
        return (
            f"{path} needs an operator that {runtime} doesn't have ({reason}): convert it with built-in operators only"
        )
    return f"{path} can't be opened by {runtime} ({reason}): the file is damaged or made for another runtime"


@cache
def load_runtime() -> Runtime:
    """The best runtime installed here.

    Raises ModelError with the command to install one where there is none.
    """
    for distribution, module in KNOWN_RUNTIMES:
        try:
            loaded = importlib.import_module(module)
        except ImportError:
            continue
        return Runtime(distribution, _version(module), loaded.Interpreter, loaded.load_delegate)
    raise ModelError(
        "no TensorFlow Lite runtime is installed: pip install ai-edge-litert"
        " (on 32-bit Raspberry Pi OS: pip install tflite-runtime 'numpy<2', which needs Python 3.11)"
    )


def _version(module: str) -> str:
    # Not from the distribution's metadata, which takes its time; a nightly build goes by another name there, too.
    return str(getattr(sys.modules[module.partition(".")[0]], "__version__", "of unknown version"))
