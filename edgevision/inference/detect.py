"""Detection: boxes as the models give them become labelled detections in the picture."""

import numpy as np
from numpy.typing import NDArray

from edgevision.capture.transform import Region
from edgevision.inference.detection import Box, Detection
from edgevision.inference.labels import Labels, name_of
from edgevision.inference.reader import Wanted


def read_detections(
    boxes: NDArray[np.float64],
    classes: NDArray[np.float64] | NDArray[np.intp],
    scores: NDArray[np.float64],
    labels: Labels,
    wanted: Wanted,
) -> list[Detection]:
    """Detections of at least the threshold, the highest score first, at most as many as wanted.

    boxes [n, 4] as ymin, xmin, ymax, xmax in fractions of what the model saw; classes [n], scores [n]. Boxes are cut
    at the edge of what is picture; what isn't a number, or lies in the bars beside the picture, is left out.
    """
    kept = np.flatnonzero(scores >= wanted.threshold)
    found: list[Detection] = []
    for number in kept[np.argsort(-scores[kept], kind="stable")]:
        if len(found) == wanted.max_detections:
            break
        box = _in_picture(boxes[number], wanted.region)
        if box is None:
            continue
        label = name_of(labels, round(float(classes[number])))
        found.append(Detection(label, min(float(scores[number]), 1.0), box))
    return found


def within(box: Box, crop: Region) -> Box:
    """`box`, in fractions of `crop`, as fractions of the whole frame that (xmin, ymin, xmax, ymax) was cut from."""
    left, top, right, bottom = crop
    width, height = right - left, bottom - top
    return Box(left + box.xmin * width, top + box.ymin * height, left + box.xmax * width, top + box.ymax * height)


def _in_picture(corners: NDArray[np.float64], region: Region) -> Box | None:
    if not np.isfinite(corners).all():
        return None
    ymin, xmin, ymax, xmax = corners.tolist()
    box = within(Box(xmin, ymin, xmax, ymax), region)
    left, top, right, bottom = (min(max(side, 0.0), 1.0) for side in region)
    cut = Box(
        min(max(box.xmin, left), right),
        min(max(box.ymin, top), bottom),
        min(max(box.xmax, left), right),
        min(max(box.ymax, top), bottom),
    )
    return cut if cut.xmin < cut.xmax and cut.ymin < cut.ymax else None
