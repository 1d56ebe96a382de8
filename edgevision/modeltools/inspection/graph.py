"""The network in a .tflite file as plain data."""

import math
from collections.abc import Mapping

from edgevision.inference.tensors import Graph, Operator, Tensor
from edgevision.record import record

BITS = {
    "int2": 2,
    "int4": 4,
    "uint4": 4,
    "int8": 8,
    "uint8": 8,
    "bool": 8,
    "int16": 16,
    "uint16": 16,
    "float16": 16,
    "bfloat16": 16,
    "int32": 32,
    "uint32": 32,
    "float32": 32,
    "int64": 64,
    "uint64": 64,
    "float64": 64,
}
"""Of one element, for the types whose elements all have the same size."""


@record
class Quantization:
    """real value = (quantized - zero_point) * scale; one of each, or one for every slice along the dimension `axis`."""

    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    axis: int

    @property
    def per_channel(self) -> bool:
        """Whether there is more than one scale."""
        return len(self.scales) > 1


@record
class FileTensor:
    """One tensor as the file has it.

    `dynamic`: a side of `shape` is left open until the model runs, and 1 here. `constant`: its content is in the file,
    in the buffer of that number, which several tensors may share.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: str
    dynamic: bool
    buffer: int
    constant: bool
    quantization: Quantization | None

    @property
    def elements(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        """The memory it takes; 0 for text and the like."""
        return (self.elements * BITS.get(self.dtype, 0) + 7) // 8

    def plain(self) -> Tensor:
        """The tensor as the interpreter would describe it."""
        single = self.quantization is not None and not self.quantization.per_channel
        scale, zero_point = (
            (self.quantization.scales[0], self.quantization.zero_points[0])
            if self.quantization and single
            else (0.0, 0)
        )
        return Tensor(self.index, self.name, self.shape, self.dtype, scale, zero_point)


@record
class Description:
    """What the file says of itself; empty where it says nothing."""

    converter: str = ""
    name: str = ""
    text: str = ""
    version: str = ""
    author: str = ""
    licence: str = ""


@record
class Network:
    """The main graph of a .tflite file.

    `inputs` and `outputs` are indices of `tensors`; an operator's input of -1 is one it does without. `custom` names
    the operators that are no built-in ones. `subgraphs` counts the main graph too.
    """

    description: Description
    tensors: tuple[FileTensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    custom: frozenset[str]
    signature: Mapping[str, str]
    subgraphs: int

    def plain(self) -> Graph:
        """The graph as `edgevision.inference` knows it."""
        tensors = [tensor.plain() for tensor in self.tensors]
        return Graph(
            tuple(tensors[index] for index in self.inputs),
            tuple(tensors[index] for index in self.outputs),
            dict(enumerate(tensors)),
            self.operators,
            self.signature,
        )

    def operands(self, operator: Operator) -> list[FileTensor | None]:
        """The tensors an operator reads, in its own order."""
        return [self.tensors[index] if index >= 0 else None for index in operator.inputs]
