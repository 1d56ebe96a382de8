"""Give the class logits a scale that fits the scores people look at.

The logits range from -40 to 39, so calibration makes a step 0.31 wide: 0.077 of score in the middle.
All beyond -8 or 8 is a score of 0 or 1 to int8 anyway, so the heads may saturate there: 256 steps of
1/16 each. Nothing is computed again; a convolution's output scale is a number in the file and its
weights and biases don't depend on it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from ai_edge_litert.schema_py_generated import BuiltinOperator
from tflite_file import Model, kind, tensor, the_operator

LOGIT_SCALE = 1 / 16
"""The int8 range -128..127 becomes -8..7.94."""


def narrow_logits(model: Model) -> None:
    """Set scale 1/16 and zero point 0 on every tensor from the class heads to the sigmoid, in place.

    Raises:
        ValueError: something else than reshaping and joining lies between them.
    """
    producers = {int(output): operator for operator in model.subgraphs[0].operators for output in operator.outputs}
    _narrow(model, producers, int(the_operator(model, BuiltinOperator.LOGISTIC).inputs[0]))


def _narrow(model: Model, producers: dict[int, Any], index: int) -> None:
    quantization = tensor(model, index).quantization
    quantization.scale = np.array([LOGIT_SCALE], dtype=np.float32)
    quantization.zeroPoint = np.array([0], dtype=np.int64)
    quantization.min = quantization.max = None
    producer = producers[index]
    made_by = kind(model, producer)
    if made_by == BuiltinOperator.CONV_2D:
        return
    if made_by == BuiltinOperator.CONCATENATION:
        sources = producer.inputs
    elif made_by == BuiltinOperator.RESHAPE:
        sources = producer.inputs[:1]
    else:
        raise ValueError(f"operator {made_by} between the class heads and the sigmoid isn't expected")
    for source in sources:
        _narrow(model, producers, int(source))
