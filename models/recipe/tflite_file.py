"""Read, look through and write .tflite files as objects of their schema."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

Model = Any
"""`schema.ModelT`: generated code without types, and so are its operators and tensors."""

CONVOLUTIONS = (schema.BuiltinOperator.CONV_2D, schema.BuiltinOperator.DEPTHWISE_CONV_2D)


class _AlignedBuilder(flatbuffers.Builder):  # type: ignore[misc]  # flatbuffers has no types
    """Puts every array on a multiple of 16 bytes.

    The schema asks that of weights (`force_align: 16`), Python's generated code forgets it, and
    runtimes map the file and read weights where they lie.
    """

    def StartVector(self, elemSize: int, numElems: int, alignment: int) -> Any:  # noqa: N802, N803
        return super().StartVector(elemSize, numElems, 16 if elemSize == 1 else alignment)


def read(content: bytes) -> Model:
    """Unpack a .tflite file."""
    return schema.ModelT.InitFromPackedBuf(bytearray(content))


def write(model: Model) -> bytes:
    """Pack a .tflite file; the same model always gives the same bytes."""
    builder = _AlignedBuilder(1 << 23)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def kind(model: Model, operator: Any) -> int:
    """Give the operator's `schema.BuiltinOperator`."""
    code = model.operatorCodes[operator.opcodeIndex]
    # Old readers know only the deprecated field; which one is set depends on the op's number.
    return max(int(code.builtinCode), int(code.deprecatedBuiltinCode))


def operators(model: Model, matches: Callable[[Any], bool]) -> list[Any]:
    """Give the operators of the (only) subgraph that match, in the order they run."""
    return [operator for operator in model.subgraphs[0].operators if matches(operator)]


def convolutions(model: Model) -> list[Any]:
    """Give all convolutions, in the order they run."""
    return operators(model, lambda operator: kind(model, operator) in CONVOLUTIONS)


def the_operator(model: Model, builtin: int) -> Any:
    """Give the only operator of a kind.

    Raises:
        ValueError: there is none, or more than one.
    """
    (found,) = operators(model, lambda operator: kind(model, operator) == builtin)
    return found


def tensor(model: Model, index: int) -> Any:
    """Give a tensor of the subgraph."""
    return model.subgraphs[0].tensors[int(index)]


def name(model: Model, index: int) -> str:
    """Give a tensor's name."""
    return str(tensor(model, index).name.decode())


def values(model: Model, index: int, dtype: type[np.generic]) -> NDArray[Any]:
    """Copy a constant tensor's values, shaped."""
    one = tensor(model, index)
    return np.frombuffer(bytes(model.buffers[one.buffer].data), dtype=dtype).reshape(one.shape).copy()


def set_values(model: Model, index: int, array: NDArray[Any]) -> None:
    """Replace a constant tensor's values."""
    model.buffers[tensor(model, index).buffer].data = np.frombuffer(array.tobytes(), dtype=np.uint8)


def scale_and_zero_point(model: Model, index: int) -> tuple[float, int]:
    """Give the quantization of a tensor that has one scale."""
    quantization = tensor(model, index).quantization
    ((scale,), (zero_point,)) = quantization.scale, quantization.zeroPoint
    return float(scale), int(zero_point)
