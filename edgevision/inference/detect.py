"""Detection: boxes as the models give them become labelled detections in the picture."""

import math
from collections.abc import Iterable, Sequence
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from edgevision.capture.transform import WHOLE, Region
from edgevision.inference.detection import Box, Detection
from edgevision.inference.labels import Labels, name_of
from edgevision.inference.reader import Wanted

_SCORE = itemgetter(0)

Candidate = tuple[float, float, Sequence[float]]
"""Score, class number, and the box as ymin, xmin, ymax, xmax in fractions of what the model saw."""


def read_detections(
    boxes: NDArray[np.float64],
    classes: NDArray[np.float64] | NDArray[np.intp],
    scores: NDArray[np.float64],
    labels: Labels,
    wanted: Wanted,
) -> list[Detection]:
    """What `best_of` makes of candidates in arrays: boxes [n, 4], classes [n], scores [n]."""
    return best_of(zip(scores.tolist(), classes.tolist(), boxes.tolist(), strict=True), labels, wanted)


def best_of(candidates: Iterable[Candidate], labels: Labels, wanted: Wanted) -> list[Detection]:
    """Detections of at least the threshold, the highest score first, at most as many as wanted.

    Boxes are cut at the edge of what is picture; what isn't a number, or lies in the bars beside the picture, is left
    out.
    """
    threshold, most, region = wanted.threshold, wanted.max_detections, wanted.region
    kept = [candidate for candidate in candidates if candidate[0] >= threshold]
    kept.sort(key=_SCORE, reverse=True)
    all_seen = region == WHOLE
    found: list[Detection] = []
    for score, number, corners in kept:
        if len(found) == most:
            break
        ymin, xmin, ymax, xmax = corners
        box: Box | None
        if all_seen and 0 <= xmin < xmax <= 1 and 0 <= ymin < ymax <= 1:  # as mostly
            box = Box(xmin, ymin, xmax, ymax)
        else:
            box = _in_picture(corners, region)
        if box is not None and math.isfinite(number):
            found.append(Detection(name_of(labels, round(number)), score if score < 1 else 1.0, box))
    return found


def within(box: Box, crop: Region) -> Box:
    """`box`, in fractions of `crop`, as fractions of the whole frame that (xmin, ymin, xmax, ymax) was cut from."""
    left, top, right, bottom = crop
    width, height = right - left, bottom - top
    return Box(left + box.xmin * width, top + box.ymin * height, left + box.xmax * width, top + box.ymax * height)


def _in_picture(corners: Sequence[float], region: Region) -> Box | None:
    ymin, xmin, ymax, xmax = corners
    if not all(map(math.isfinite, corners)):
        return None
    xmin, xmax = _cut(xmin, xmax, region[0], region[2])
    ymin, ymax = _cut(ymin, ymax, region[1], region[3])
    return Box(xmin, ymin, xmax, ymax) if xmin < xmax and ymin < ymax else None


def _cut(low: float, high: float, start: float, end: float) -> tuple[float, float]:
    """`low` and `high`, in fractions of `start` to `end`, as fractions of the whole, cut where that or 0..1 ends."""
    size = end - start
    first, last = max(start, 0.0), min(end, 1.0)
    return min(max(start + low * size, first), last), min(max(start + high * size, first), last)
