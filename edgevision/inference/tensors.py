"""What a model says of its tensors and operators, as plain data."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgevision.inference.runtime import Interpreter


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor: real value = (quantized - zero_point) * scale; a scale of 0 means not quantized."""

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: str
    scale: float = 0.0
    zero_point: int = 0

    @classmethod
    def from_details(cls, details: Mapping[str, Any]) -> "Tensor":
        """From an entry of the interpreter's get_input_details() and the like."""
        scale, zero_point = details["quantization"]
        shape = tuple(int(side) for side in details["shape"])
        dtype = np.dtype(details["dtype"]).name
        return cls(int(details["index"]), str(details["name"]), shape, dtype, float(scale), int(zero_point))

    def __str__(self) -> str:
        return f"{self.name!r} {list(self.shape)} {self.dtype}"

    def dequantize(self, values: NDArray[np.generic]) -> NDArray[np.float64]:
        """Real values of `values`, any shape. Widened first: a difference of uint8 would wrap."""
        if not self.scale:
            return values.astype(np.float64)
        return (values.astype(np.int64) - self.zero_point) * np.float64(self.scale)


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator of the graph; `inputs` and `outputs` are tensor indices in the operator's own order."""

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def read_operators(interpreter: Interpreter) -> list[Operator]:
    """The model's operators in execution order, without the nodes that delegates put in their place.

    Empty where the runtime doesn't tell: `_get_ops_details` is not promised by either runtime, though both have it.
    """
    read = getattr(interpreter, "_get_ops_details", None)
    if read is None:
        return []
    return [
        Operator(str(op["op_name"]), tuple(map(int, op["inputs"])), tuple(map(int, op["outputs"])))
        for op in read()
        if op["op_name"] != "DELEGATE"
    ]


def producer_of(tensor: int, operators: Iterable[Operator]) -> Operator | None:
    """The operator that writes the tensor of that index."""
    return next((op for op in operators if tensor in op.outputs), None)
