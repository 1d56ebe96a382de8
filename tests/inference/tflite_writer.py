"""Writes .tflite files table by table, with nothing but flatbuffers: tflite-runtime brings no schema objects.

Field numbers and codes are those of tensorflow/lite/schema/schema.fbs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import flatbuffers
import numpy as np
from flatbuffers import number_types
from numpy.typing import NDArray

TYPES = {"float32": 0, "float16": 1, "int32": 2, "uint8": 3, "int64": 4, "int16": 7, "int8": 9}
OPERATORS = {
    "ADD": 0,
    "AVERAGE_POOL_2D": 1,
    "CONV_2D": 3,
    "DEPTHWISE_CONV_2D": 4,
    "DEQUANTIZE": 6,
    "LOGISTIC": 14,
    "MUL": 18,
    "RESHAPE": 22,
    "SOFTMAX": 25,
}
OPTIONS = {"AVERAGE_POOL_2D": 5, "CONV_2D": 1, "DEPTHWISE_CONV_2D": 2, "SOFTMAX": 9, "ADD": 11, "MUL": 21}


@dataclass(frozen=True)
class Scalar:
    """A number and its flatbuffers type."""

    value: float
    flags: Any = number_types.Int32Flags


def byte(value: int) -> Scalar:
    """An enum, or a union's tag."""
    return Scalar(value, number_types.Int8Flags)


def unsigned(value: int) -> Scalar:
    """A 32-bit number without sign."""
    return Scalar(value, number_types.Uint32Flags)


def real(value: float) -> Scalar:
    """A 32-bit floating point number."""
    return Scalar(value, number_types.Float32Flags)


Value = Any
"""Scalar, str or bytes, an array of numbers, a table (field numbers and values), or a list of strings or tables."""

Table = Mapping[int, Value]


@dataclass
class TfliteWriter:
    """Collects tensors and operators; tensors are named by their number."""

    tensors: list[Table] = field(default_factory=list)
    buffers: list[Table] = field(default_factory=lambda: [{}])
    operators: list[Table] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)

    def tensor(
        self,
        shape: Sequence[int],
        dtype: str,
        *,
        scale: float = 0.0,
        zero_point: int = 0,
        data: NDArray[Any] | None = None,
        name: str | None = None,
        open_shape: Sequence[int] = (),
    ) -> int:
        """Add a tensor, a constant if it has `data`; its number. `open_shape` has a -1 where the size is left open."""
        number = len(self.tensors)
        table: dict[int, Value] = {
            0: np.array(shape, np.int32),
            1: byte(TYPES[dtype]),
            3: name or f"tensor_{number}",
        }
        if data is not None:
            table[2] = unsigned(len(self.buffers))
            self.buffers.append({0: np.frombuffer(data.astype(dtype).tobytes(), np.uint8)})
        if scale:
            table[4] = {2: np.array([scale], np.float32), 3: np.array([zero_point], np.int64)}
        if open_shape:
            table[7] = np.array(open_shape, np.int32)
        self.tensors.append(table)
        return number

    def operator(self, name: str, inputs: Sequence[int], output: int, options: Table | None = None) -> int:
        """Add an operator that makes `output`; that number."""
        if name not in self.codes:
            self.codes.append(name)
        table: dict[int, Value] = {
            0: unsigned(self.codes.index(name)),
            1: np.array(inputs, np.int32),
            2: np.array([output], np.int32),
        }
        if options is not None:
            table |= {3: byte(OPTIONS[name]), 4: options}
        self.operators.append(table)
        return output

    def finish(self, inputs: Sequence[int], outputs: Sequence[int], metadata: bytes | None = None) -> bytes:
        """The file; `metadata`: what its TFLITE_METADATA holds."""
        entries: list[Table] = []
        if metadata is not None:
            entries = [{0: "TFLITE_METADATA", 1: unsigned(len(self.buffers))}]
            self.buffers.append({0: np.frombuffer(metadata, np.uint8)})
        subgraph = {
            0: self.tensors,
            1: np.array(inputs, np.int32),
            2: np.array(outputs, np.int32),
            3: self.operators,
        }
        # Versions: each operator's first that knows the types used here.
        versions = {"CONV_2D": 5, "DEPTHWISE_CONV_2D": 5, "SOFTMAX": 3, "DEQUANTIZE": 3, "LOGISTIC": 3}
        model = {
            0: unsigned(3),
            1: [
                {0: byte(OPERATORS[name]), 2: Scalar(versions.get(name, 3)), 3: Scalar(OPERATORS[name])}
                for name in self.codes
            ],
            2: [subgraph],
            4: self.buffers,
            6: entries,
        }
        return flatbuffer(model, b"TFL3")


def flatbuffer(root: Table, identifier: bytes) -> bytes:
    """A root table with its four-letter file identifier."""
    builder = _Aligned(1024)
    builder.Finish(_table(builder, root), identifier)
    return bytes(builder.Output())


def normalization_metadata(mean: Sequence[float], std: Sequence[float], input_before: int = 0) -> bytes:
    """The TFLite metadata of a model whose input is (pixel - mean) / std (metadata_schema.fbs)."""
    options = {0: np.array(mean, np.float32), 1: np.array(std, np.float32)}
    unit = {0: Scalar(1, number_types.Uint8Flags), 1: options}
    return flatbuffer({0: "model", 3: [{2: [{0: "image", 4: [unit]}]}]}, b"M001")


class _Aligned(flatbuffers.Builder):  # type: ignore[misc]  # flatbuffers has no types
    def StartVector(self, elemSize: int, numElems: int, alignment: int) -> Any:  # noqa: N802, N803
        # Runtimes read weights where they lie.
        return super().StartVector(elemSize, numElems, 16 if elemSize == 1 else alignment)


def _table(builder: Any, table: Table) -> int:
    # Children are written before their table: flatbuffers can't be nested.
    offsets = {number: _offset(builder, value) for number, value in table.items() if not isinstance(value, Scalar)}
    builder.StartObject(max(table, default=-1) + 1)
    for number, value in table.items():
        if isinstance(value, Scalar):
            builder.PrependSlot(value.flags, number, value.flags.py_type(value.value), 0)
        else:
            builder.PrependUOffsetTRelativeSlot(number, offsets[number], 0)
    return int(builder.EndObject())


def _offset(builder: Any, value: Value) -> int:
    match value:
        case str() | bytes():
            return int(builder.CreateString(value))
        case np.ndarray():
            return int(builder.CreateNumpyVector(value))
        case list():
            offsets = [_offset(builder, item) for item in value]
            builder.StartVector(4, len(offsets), 4)
            for offset in reversed(offsets):
                builder.PrependUOffsetTRelative(offset)
            return int(builder.EndVector())
    return _table(builder, value)
