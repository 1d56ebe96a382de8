"""Person AP50 as pure functions: no files, no models.

Source of the rules: COCO's matching (greedy by score, one detection a box, crowds ignored) with
Pascal VOC 2010's area under the precision envelope at every recall ("all-point interpolation").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Detections:
    """What a model found in one picture, highest score first.

    `boxes`: float64 [n, 4] as (xmin, ymin, xmax, ymax), 0..1 of the picture; `scores`: float64 [n], 0..1.
    """

    boxes: Floats
    scores: Floats

    def best(self, count: int) -> Detections:
        """Keep the `count` highest scores."""
        return Detections(self.boxes[:count], self.scores[:count])


@dataclass(frozen=True, slots=True)
class Judged:
    """One picture's detections held against its true boxes.

    `scores`: float64 [n]; `right`: bool [n], detections that count as found persons; detections in
    crowds are left out of both. `persons`: how many there were to find.
    """

    scores: Floats
    right: NDArray[np.bool_]
    persons: int


def overlaps(boxes: Floats, others: Floats) -> Floats:
    """Give the intersection areas [n, m] of two sets of corner boxes [n, 4] and [m, 4]."""
    low = np.maximum(boxes[:, np.newaxis, :2], others[np.newaxis, :, :2])
    high = np.minimum(boxes[:, np.newaxis, 2:], others[np.newaxis, :, 2:])
    return np.asarray(np.prod(np.clip(high - low, 0.0, None), axis=2), dtype=np.float64)


def areas(boxes: Floats) -> Floats:
    """Give the areas [n] of corner boxes [n, 4]."""
    return np.asarray(np.prod(np.clip(boxes[:, 2:] - boxes[:, :2], 0.0, None), axis=1), dtype=np.float64)


def judge(found: Detections, boxes: Floats, crowds: Floats, iou: float = 0.5) -> Judged:
    """Match detections to true boxes [m, 4], highest score first, each box once.

    A detection without a box of its own counts as wrong unless at least `iou` of it lies in one of
    the `crowds` [k, 4]; then it isn't counted.
    """
    common = overlaps(found.boxes, boxes)
    union = areas(found.boxes)[:, np.newaxis] + areas(boxes)[np.newaxis] - common
    ratio = common / np.maximum(union, 1e-12)
    own_area = np.maximum(areas(found.boxes), 1e-12)
    in_crowd = (overlaps(found.boxes, crowds) / own_area[:, np.newaxis] >= iou).any(axis=1)

    free = np.ones(len(boxes), dtype=np.bool_)
    right = np.zeros(len(found.scores), dtype=np.bool_)
    for index in range(len(found.scores)):
        candidates = np.where(free, ratio[index], 0.0)
        if len(boxes) and candidates.max() >= iou:
            free[int(candidates.argmax())] = False
            right[index] = True
    counted = right | ~in_crowd
    return Judged(found.scores[counted], right[counted], len(boxes))


def average_precision(judged: Sequence[Judged]) -> float:
    """Give the area under the precision envelope over recall of all pictures together, 0..1.

    Detections with equal scores can't be told apart by any threshold, so they enter the curve
    together: an int8 model has many such ties and would otherwise gain or lose by their order.
    """
    persons = sum(one.persons for one in judged)
    scores = np.concatenate([one.scores for one in judged])
    right = np.concatenate([one.right for one in judged])
    if persons == 0 or len(scores) == 0:
        return 0.0
    order = np.argsort(-scores, kind="stable")
    scores, right = scores[order], right[order]
    last_of_tie = np.append(scores[1:] != scores[:-1], True)
    hits = np.cumsum(right)[last_of_tie]
    seen = (np.arange(len(scores)) + 1)[last_of_tie]
    recall = np.concatenate([[0.0], hits / persons])
    precision = hits / seen
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float(np.sum(np.diff(recall) * envelope))


def precision_recall(judged: Sequence[Judged], threshold: float) -> tuple[float, float]:
    """Give (precision, recall) of all pictures together when scores below `threshold` are dropped."""
    kept = sum(int((one.scores >= threshold).sum()) for one in judged)
    hits = sum(int(one.right[one.scores >= threshold].sum()) for one in judged)
    persons = sum(one.persons for one in judged)
    return (hits / kept if kept else 1.0, hits / persons if persons else 1.0)
