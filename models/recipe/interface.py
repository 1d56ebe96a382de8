"""Name and order what goes in and out, and derive the twin without post-processing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray
from tflite_file import Model, tensor, the_operator, values

INPUT = "image"
OUTPUTS = ("detection_boxes", "detection_classes", "detection_scores", "num_detections")
"""In this order by position too: it is the custom op's own and that of TensorFlow's published models."""
RAW_OUTPUTS = ("box_encodings", "class_scores")


def tidy(model: Model) -> None:
    """Name input and outputs and put the outputs in the custom op's order, in place.

    The converter leaves `StatefulPartitionedCall:n` in an order by hash.
    """
    graph = model.subgraphs[0]
    tensor(model, graph.inputs[0]).name = INPUT.encode()
    _set_outputs(model, list(the_operator(model, schema.BuiltinOperator.CUSTOM).outputs), OUTPUTS)


def anchors(model: Model) -> NDArray[np.float32]:
    """Copy the anchors: float32 [1917, 4], centre y, x, height, width, 0..1."""
    operator = the_operator(model, schema.BuiltinOperator.CUSTOM)
    return np.asarray(values(model, operator.inputs[2], np.float32), dtype=np.float32)


def cut_to_raw_heads(model: Model) -> None:
    """Take the custom op off, in place: the outputs are then what it was given.

    `box_encodings`: float32 [1, 1917, 4], (y, x, h, w) with scales 10, 10, 5, 5; `class_scores`:
    float32 [1, 1917, 2], background and person, after the sigmoid.
    """
    operator = the_operator(model, schema.BuiltinOperator.CUSTOM)
    model.subgraphs[0].operators.remove(operator)
    _set_outputs(model, list(operator.inputs[:2]), RAW_OUTPUTS)


def _set_outputs(model: Model, indices: Sequence[int], names: Sequence[str]) -> None:
    model.subgraphs[0].outputs = np.array(indices, dtype=np.int32)
    signature_outputs = []
    for index, name in zip(indices, names, strict=True):
        tensor(model, index).name = name.encode()
        entry = schema.TensorMapT()
        entry.name, entry.tensorIndex = name.encode(), int(index)
        signature_outputs.append(entry)
    (signature,) = model.signatureDefs
    signature.outputs = signature_outputs
