"""The raw-heads twin of a detector: the same file with TFLite_Detection_PostProcess cut off its end.

Vectors of the flatbuffer are shortened where they lie, so no runtime's schema objects are needed: tflite-runtime
brings none. Field numbers are those of tensorflow/lite/schema/schema.fbs.
"""

import struct
from dataclasses import dataclass

SUBGRAPHS, SIGNATURES = 2, 7  # of Model
OUTPUTS, OPERATORS = 2, 3  # of SubGraph
INPUTS = 1  # of Operator


@dataclass(frozen=True)
class Vector:
    """Where a vector of 32-bit entries begins (at its length)."""

    content: bytearray
    at: int

    def __len__(self) -> int:
        return self._read(0)

    def __getitem__(self, place: int) -> int:
        return self._read(4 + 4 * place)

    def __setitem__(self, place: int, value: int) -> None:
        struct.pack_into("<i", self.content, self.at + 4 + 4 * place, value)

    def shorten(self, length: int) -> None:
        """Keep the first `length` entries."""
        assert length <= len(self)
        struct.pack_into("<i", self.content, self.at, length)

    def table(self, place: int) -> int:
        """Where the table that the entry points to lies."""
        return self.at + 4 + 4 * place + self[place]

    def _read(self, offset: int) -> int:
        return int(struct.unpack_from("<i", self.content, self.at + offset)[0])


def vector(content: bytearray, table: int, field: int) -> Vector | None:
    """The vector in a field of the table; None where that isn't set."""
    (vtable,) = struct.unpack_from("<i", content, table)
    (size,) = struct.unpack_from("<H", content, table - vtable)
    if 4 + 2 * field >= size:
        return None
    (offset,) = struct.unpack_from("<H", content, table - vtable + 4 + 2 * field)
    if not offset:
        return None
    (further,) = struct.unpack_from("<I", content, table + offset)
    return Vector(content, table + offset + further)


def raw_heads_of(model: bytes, *, logits: bool = False) -> bytes:
    """The detector without its last operator, whose first two inputs (encodings, scores) become the outputs.

    `logits`: without the sigmoid that is its last but one, either.
    """
    content = bytearray(model)
    (root,) = struct.unpack_from("<I", content)
    subgraphs = vector(content, root, SUBGRAPHS)
    assert subgraphs is not None
    outputs, operators = (vector(content, subgraphs.table(0), field) for field in (OUTPUTS, OPERATORS))
    assert outputs is not None
    assert operators is not None
    inputs = vector(content, operators.table(len(operators) - 1), INPUTS)
    assert inputs is not None
    for place in range(2):
        outputs[place] = inputs[place]
    outputs.shorten(2)
    operators.shorten(len(operators) - 1)
    if logits:
        inputs = vector(content, operators.table(len(operators) - 1), INPUTS)
        assert inputs is not None
        outputs[1] = inputs[0]
        operators.shorten(len(operators) - 1)
    signatures = vector(content, root, SIGNATURES)
    if signatures is not None:
        signatures.shorten(0)
    return bytes(content)
