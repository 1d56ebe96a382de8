"""Classification: reading one score a class."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edgevision.inference.detection import Detection
from edgevision.inference.labels import Labels, name_of
from edgevision.inference.tensors import Operator, Tensor, producer_of

PROBABILITY_OPERATORS = frozenset({"SOFTMAX", "LOGISTIC"})
PASSING_OPERATORS = frozenset({"QUANTIZE", "DEQUANTIZE", "RESHAPE", "SQUEEZE"})
"""Operators that leave the values what they are."""


def gives_probabilities(output: Tensor, operators: Sequence[Operator]) -> bool:
    """Whether the model's last computation makes probabilities (softmax, sigmoid) or leaves raw scores (logits).

    Told from the operators; where the runtime doesn't tell those, from the output's quantization, for softmax has one
    of its own: 256 steps from 0 (tensorflow/lite/kernels/activations.cc: scale 1/256, zero point 0 or -128).
    """
    if not operators:
        return output.scale == 1 / 256 and output.zero_point in (0, -128)
    operator = producer_of(output.index, operators)
    while operator is not None and operator.name in PASSING_OPERATORS and operator.inputs:
        operator = producer_of(operator.inputs[0], operators)
    return operator is not None and operator.name in PROBABILITY_OPERATORS


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """exp(x) / sum(exp(x)) over [n], shifted by the largest so that nothing overflows."""
    exponentials: NDArray[np.float64] = np.exp(logits - logits.max())
    probabilities: NDArray[np.float64] = exponentials / exponentials.sum()
    return probabilities


def read_classes(scores: NDArray[np.float64], labels: Labels, threshold: float) -> list[Detection]:
    """Labels of at least `threshold`, the highest score first; scores [n], one a class."""
    kept = np.flatnonzero(scores >= threshold)
    kept = kept[np.argsort(-scores[kept], kind="stable")]
    return [Detection(name_of(labels, int(number)), float(scores[number])) for number in kept]
