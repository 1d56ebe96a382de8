"""A stand-in for the runtimes' Interpreter, with one input, one output and the operators that a test names."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgevision.inference.model_file import FILE_IDENTIFIER
from edgevision.inference.runtime import Runtime, SignatureRunner

LABELS = ("cat", "dog", "owl")
SIDE = 8
"""Pixels of the input's height and of its width."""

EMPTY_TABLE = b"\4\0\4\0" + b"\4\0\0\0"
"""A flatbuffer's table without fields: a model that says nothing."""

_INPUT, _OUTPUT = 0, 9


@dataclass(frozen=True, slots=True)
class End:
    """The input or the output: real value = (quantized - zero_point) * scale; float32 has no scale."""

    dtype: str
    scale: float = 0.0
    zero_point: int = 0


@dataclass(slots=True)
class FakeInterpreter:
    """Answers every picture with `values`, as they are stored in the output."""

    input: End
    output: End
    values: list[float]
    operators: list[str]
    threads: list[int] = field(default_factory=list)
    """The number of threads of every opening."""
    shown: NDArray[np.generic] = field(init=False)
    """The input tensor."""

    def __post_init__(self) -> None:
        self.shown = np.zeros((1, SIDE, SIDE, 3), self.input.dtype)

    def runtime(self) -> Runtime:
        """A runtime whose every interpreter is this one."""
        return Runtime("fake", "1.0", self._opened, object)

    def _opened(self, *, num_threads: int, **_: object) -> "FakeInterpreter":
        self.threads.append(num_threads)
        return self

    def allocate_tensors(self) -> None:
        pass

    def invoke(self) -> None:
        pass

    def get_input_details(self) -> list[dict[str, Any]]:
        return [_details(_INPUT, "picture", (1, SIDE, SIDE, 3), self.input)]

    def get_output_details(self) -> list[dict[str, Any]]:
        return [_details(_OUTPUT, "scores", (1, len(self.values)), self.output)]

    def get_tensor_details(self) -> list[dict[str, Any]]:
        return [*self.get_input_details(), *self.get_output_details()]

    def get_signature_runner(self) -> SignatureRunner:
        raise AssertionError("there is no signature")

    def get_signature_list(self) -> Mapping[str, Mapping[str, list[str]]]:
        return {}

    def tensor(self, tensor_index: int) -> Callable[[], NDArray[np.generic]]:
        return lambda: self.shown if tensor_index == _INPUT else np.array([self.values], self.output.dtype)

    def set_tensor(self, tensor_index: int, value: NDArray[np.generic]) -> None:
        self.tensor(tensor_index)()[:] = value

    def get_tensor(self, tensor_index: int) -> NDArray[np.generic]:
        return self.tensor(tensor_index)().copy()

    def _get_ops_details(self) -> list[dict[str, Any]]:
        # One after the other from the input to the output.
        tensors = [_INPUT, *range(1, len(self.operators)), _OUTPUT]
        return [
            {"op_name": name, "inputs": [tensors[place]], "outputs": [tensors[place + 1]]}
            for place, name in enumerate(self.operators)
        ]


def model_file(folder: Path) -> Path:
    """A file that passes for a .tflite until a runtime looks at it, with three labels beside it."""
    path = folder / "model.tflite"
    path.write_bytes(b"\x0c\0\0\0" + FILE_IDENTIFIER + EMPTY_TABLE)
    path.with_suffix(".txt").write_text("\n".join(LABELS))
    return path


def _details(index: int, name: str, shape: tuple[int, ...], end: End) -> dict[str, Any]:
    return {
        "index": index,
        "name": name,
        "shape": np.array(shape),
        "dtype": np.dtype(end.dtype).type,
        "quantization": (end.scale, end.zero_point),
    }
