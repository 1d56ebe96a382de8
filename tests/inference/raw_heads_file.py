"""The raw-heads twin of a detector: the same file with TFLite_Detection_PostProcess cut off its end.

Vectors of the flatbuffer are shortened where they lie, so no runtime's schema objects are needed: tflite-runtime
brings none. Field numbers are those of tensorflow/lite/schema/schema.fbs.
"""

import struct

from edgevision.inference.flatbuffer import Table

SUBGRAPHS, SIGNATURES = 2, 7  # of Model
OUTPUTS, OPERATORS = 2, 3  # of SubGraph
INPUTS = 1  # of Operator


def raw_heads_of(model: bytes, *, logits: bool = False) -> bytes:
    """The detector without its last operator, whose first two inputs (encodings, scores) become the outputs.

    `logits`: without the sigmoid that is its last but one, either.
    """
    content = bytearray(model)
    root = Table.root(model)
    (graph,) = root.tables(SUBGRAPHS)
    *_, sigmoid, last = graph.tables(OPERATORS)
    boxes, scores = _first(model, last, 2)
    if logits:
        (scores,) = _first(model, sigmoid, 1)
    _, operators = graph.extent(OPERATORS)
    _shorten(content, graph, OPERATORS, operators - (2 if logits else 1))
    _shorten(content, graph, OUTPUTS, 2)
    struct.pack_into("<ii", content, graph.extent(OUTPUTS)[0], boxes, scores)
    if root.extent(SIGNATURES)[1]:
        _shorten(content, root, SIGNATURES, 0)
    return bytes(content)


def _first(model: bytes, operator: Table, count: int) -> tuple[int, ...]:
    """The operator's first inputs."""
    return struct.unpack_from(f"<{count}i", model, operator.extent(INPUTS)[0])


def _shorten(content: bytearray, table: Table, field: int, length: int) -> None:
    """Keep the first `length` entries of a vector; how many it has stands before them."""
    start, before = table.extent(field)
    assert length <= before
    struct.pack_into("<I", content, start - 4, length)
