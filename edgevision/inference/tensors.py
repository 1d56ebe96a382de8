"""What a model says of its tensors and operators, as plain data."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgevision.inference.runtime import Interpreter
from edgevision.record import record

PASSING_OPERATORS = frozenset({"QUANTIZE", "DEQUANTIZE", "RESHAPE", "SQUEEZE", "EXPAND_DIMS", "CONCATENATION"})
"""Operators that leave the values what they are."""

EDGE_TPU_OPERATOR = "edgetpu-custom-op"
"""All operators that the Edge TPU compiler took together."""


@record
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
        real = values.astype(np.float64)
        if self.scale:
            real -= self.zero_point
            real *= self.scale
        return real

    def numbers(self, values: NDArray[np.generic]) -> list[Any]:
        """Real values of `values`, any shape but (), as plain floats in lists."""
        plain = not self.scale and self.dtype.startswith("float")
        numbers: list[Any] = values.tolist() if plain else self.dequantize(values).tolist()
        return numbers

    def reaches(self, values: NDArray[np.generic], least: float) -> NDArray[np.bool_]:
        """Where `values`, any shape, stand for at least `least`: dequantize(values) >= least, without dequantizing."""
        stored = _least_stored(self.dtype, self.scale, self.zero_point, least)
        if stored is None:
            return self.dequantize(values) >= least
        reached: NDArray[np.bool_] = values >= stored
        return reached

    def reaching(self, values: NDArray[np.generic], least: float) -> list[tuple[float, int]]:
        """Real value and place of all in `values` [n] that stand for at least `least`; the same values in order."""
        low = _bytes_below(self.dtype, self.scale, self.zero_point, least)
        if low is None:
            (places,) = self.reaches(values, least).nonzero()
            return list(zip(self.numbers(values[places]), places.tolist(), strict=True))
        # NumPy's machinery takes longer for this, for the model has driven it out of the processor's caches.
        stored, reaching = values.tobytes(), []
        for byte in set(stored.translate(None, low)):
            place = stored.find(byte)
            real = (values.item(place) - self.zero_point) * self.scale
            while place >= 0:
                reaching.append((real, place))
                place = stored.find(byte, place + 1)
        return reaching


@record
class Operator:
    """One operator of the graph; `inputs` and `outputs` are tensor indices in the operator's own order."""

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@record
class Graph:
    """A model's tensors and operators; `signature` maps the outputs' tensor names to the names of its signature."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    tensors: Mapping[int, Tensor]
    operators: tuple[Operator, ...] = ()
    signature: Mapping[str, str] = field(default_factory=dict)

    def found(self) -> str:
        """The outputs in words, for messages."""
        return ", ".join(str(tensor) for tensor in self.outputs)


def read_graph(interpreter: Interpreter) -> Graph:
    """What the interpreter tells. Raises UnicodeDecodeError when a name in the file is damaged."""
    inputs, outputs, tensors = (
        tuple(Tensor.from_details(entry) for entry in details)
        for details in (
            interpreter.get_input_details(),
            interpreter.get_output_details(),
            interpreter.get_tensor_details(),
        )
    )
    by_index = {tensor.index: tensor for tensor in tensors}
    return Graph(inputs, outputs, by_index, tuple(read_operators(interpreter)), _signature_names(interpreter))


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


def last_computation(tensor: int, operators: Sequence[Operator]) -> str | None:
    """The name of the operator that made the tensor's values, behind those that only pass them on.

    None where that isn't told: by the runtime, or because it is hidden in what was compiled for an Edge TPU.
    """
    operator = producer_of(tensor, operators)
    # A damaged file may have operators in a circle.
    for _ in operators:
        if operator is None or operator.name == EDGE_TPU_OPERATOR:
            return None
        if operator.name not in PASSING_OPERATORS or not operator.inputs:
            return operator.name
        operator = producer_of(operator.inputs[0], operators)
    return None


@lru_cache
def _least_stored(dtype: str, scale: float, zero_point: int, least: float) -> Any:
    """The smallest number of `dtype` that stands for at least `least`, one more than the largest if none does.

    None where numbers aren't stored in the order of what they stand for, or are too many.
    """
    if scale > 0 and dtype in ("uint8", "int8", "int16"):
        limits = np.iinfo(dtype)
        steps = range(limits.min, limits.max + 1)
        return limits.min + bisect_left(steps, True, key=lambda step: (step - zero_point) * scale >= least)
    if scale == 0 and dtype in ("float16", "float32"):
        kind = np.dtype(dtype).type
        nearest = kind(least)
        return nearest if float(nearest) >= least else np.nextafter(nearest, kind(np.inf))
    return None


@lru_cache
def _bytes_below(dtype: str, scale: float, zero_point: int, least: float) -> bytes | None:
    """All bytes that stand for less than `least`; None where a number isn't stored in one."""
    if dtype not in ("uint8", "int8") or scale <= 0:
        return None
    stored = np.arange(256, dtype=np.uint8)
    return stored[(stored.view(dtype).astype(np.float64) - zero_point) * scale < least].tobytes()


def _signature_names(interpreter: Interpreter) -> dict[str, str]:
    """The signature's name of each output tensor's name, where the model has exactly one signature."""
    signatures = interpreter.get_signature_list()
    if len(signatures) != 1:
        return {}
    details = interpreter.get_signature_runner().get_output_details()
    return {str(tensor["name"]): name for name, tensor in details.items()}
