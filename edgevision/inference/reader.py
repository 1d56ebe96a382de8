"""What every task has in common: outputs of a model in, what they mean out."""

from collections.abc import Callable
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from edgevision.capture.transform import WHOLE, Region
from edgevision.inference.detection import Detection
from edgevision.inference.labels import Labels
from edgevision.inference.tensors import Tensor
from edgevision.record import record

Task = Literal["detect", "classify", "embed"]

Values = Callable[[Tensor], NDArray[np.generic]]
"""An output's numbers as the interpreter holds them: a view, to be gone before it runs again."""


@record
class Wanted:
    """What is asked of one picture: the least score, how many detections at most.

    `region` is what of the picture the model saw, in fractions of it; bars beside the picture lie outside 0..1.
    """

    threshold: float
    max_detections: int
    region: Region = WHOLE


@record
class Answer:
    """Detections, the highest score first, or the feature vector [n] of an embedding model."""

    detections: list[Detection]
    vector: NDArray[np.float64] | None = None


class Reader(Protocol):
    """Reads the outputs of one kind of model."""

    @property
    def task(self) -> Task:
        """What the model does."""

    @property
    def class_counts(self) -> tuple[int, ...] | None:
        """How many labels fit, the likeliest first; empty: the model doesn't tell; None: it needs no labels."""

    def read(self, values: Values, labels: Labels, wanted: Wanted) -> Answer:
        """What the model says of the picture that it has just seen."""
