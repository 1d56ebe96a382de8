"""Classification: reading one score a class, or the one probability of a binary classifier."""

from collections.abc import Sequence
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from edgevision.inference.detection import Detection
from edgevision.inference.labels import Labels, name_of
from edgevision.inference.reader import Answer, Task, Values, Wanted
from edgevision.inference.tensors import Operator, Tensor, last_computation
from edgevision.record import record

PROBABILITY_OPERATORS = frozenset({"SOFTMAX", "LOGISTIC"})


@record
class ClassReader:
    """Reads `output` [1, …, n]; `probabilities`: its values are such, else they are logits.

    An output of one number is the probability of the second of two classes, as Keras trains them; where there is one
    label only, it is that one's.
    """

    output: Tensor
    probabilities: bool
    task: Task = "classify"

    @property
    def class_counts(self) -> tuple[int, ...]:
        """One label for each number; one or two for a single one."""
        classes = max(self.output.shape)
        return (1, 2) if classes == 1 else (classes,)

    def read(self, values: Values, labels: Labels, wanted: Wanted) -> Answer:
        """The labels of at least the threshold."""
        raw = values(self.output).reshape(-1)
        if self.probabilities and len(raw) > 1:
            # Few of a thousand are wanted: the others are not even dequantized.
            return Answer(_named(self.output.reaching(raw, wanted.threshold), labels, wanted.max_detections))
        scores = self.output.dequantize(raw)
        if not self.probabilities:
            scores = sigmoid(scores) if len(scores) == 1 else softmax(scores)
        if len(scores) == 1 and len(labels) > 1:
            scores = np.concatenate([1 - scores, scores])
        return Answer(read_classes(scores, labels, wanted.threshold, wanted.max_detections))


def gives_probabilities(output: Tensor, operators: Sequence[Operator]) -> bool:
    """Whether the model's last computation makes probabilities (softmax, sigmoid) or leaves raw scores (logits).

    Told from the operators; where those are hidden, from the output's quantization, for softmax and sigmoid have one
    of their own: 256 steps from 0 (tensorflow/lite/kernels/activations.cc: scale 1/256, zero point 0 or -128), or
    32768 for 16-bit activations.
    """
    last = last_computation(output.index, operators)
    if last is not None:
        return last in PROBABILITY_OPERATORS
    if output.dtype == "int16":
        return output.scale == 1 / 32768
    return output.scale == 1 / 256 and output.zero_point in (0, -128)


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """exp(x) / sum(exp(x)) over the last axis of [..., n], shifted by the largest so that nothing overflows."""
    exponentials: NDArray[np.float64] = np.exp(logits - logits.max(axis=-1, keepdims=True))
    probabilities: NDArray[np.float64] = exponentials / exponentials.sum(axis=-1, keepdims=True)
    return probabilities


def sigmoid(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 / (1 + exp(-x)), any shape, in a form that can't overflow."""
    probabilities: NDArray[np.float64] = 0.5 + 0.5 * np.tanh(0.5 * logits)
    return probabilities


def read_classes(
    scores: NDArray[np.float64], labels: Labels, threshold: float, most: int | None = None
) -> list[Detection]:
    """Labels of at least `threshold`, the highest score first, at most `most`; scores [n], one a class."""
    kept = np.flatnonzero(scores >= threshold)
    return _named(list(zip(scores[kept].tolist(), kept.tolist(), strict=True)), labels, most)


def _named(scored: list[tuple[float, int]], labels: Labels, most: int | None) -> list[Detection]:
    best = sorted(scored, key=itemgetter(0), reverse=True)
    return [Detection(name_of(labels, number), score) for score, number in best[:most]]
