"""Which detections count."""

import math
from collections.abc import Sequence
from dataclasses import replace

from edgevision.inference.detection import Box, Detection
from edgevision.scene.rules import LabelRule, Rules
from edgevision.scene.zones import masked

KEEPS = 0.5
"""The part of its threshold that keeps a thing which has come: scores waver (ByteTrack's second stage)."""

_ANY = LabelRule()


def threshold_of(rules: Rules, label: str, threshold: float) -> float:
    """The least score with which `label` counts, given the camera's threshold."""
    own = rules.labels.get(label, _ANY).threshold
    return threshold if own is None else own


def least_score(rules: Rules, threshold: float) -> float:
    """The least score that matters for any label, given the camera's threshold."""
    return KEEPS * min((threshold_of(rules, label, threshold) for label in rules.labels), default=threshold)


def there(rules: Rules, detections: Sequence[Detection], threshold: float) -> list[Detection]:
    """Those of a label that counts, of the right area, not masked and with a score that matters, in the same order.

    Boxes are cut at the frame's edge. What isn't a finite number, or has no area in the frame, isn't there.
    """
    found = []
    for detection in detections:
        label, score = detection.label, detection.score
        if rules.labels and label not in rules.labels:
            continue
        if not (math.isfinite(score) and score >= KEEPS * threshold_of(rules, label, threshold)):
            continue
        if detection.box is None:
            found.append(detection)
            continue
        box = _in_frame(detection.box)
        if box is not None and _right_area(rules.labels.get(label, _ANY), box) and not masked(rules.masks, box):
            found.append(detection if box is detection.box else replace(detection, box=box))
    return found


def _in_frame(box: Box) -> Box | None:
    if 0 <= box.xmin < box.xmax <= 1 and 0 <= box.ymin < box.ymax <= 1:
        return box
    sides = (box.xmin, box.ymin, box.xmax, box.ymax)
    if not all(map(math.isfinite, sides)):
        return None
    cut = Box(*(min(max(side, 0.0), 1.0) for side in sides))
    return cut if cut.xmin < cut.xmax and cut.ymin < cut.ymax else None


def _right_area(rule: LabelRule, box: Box) -> bool:
    return rule.min_area <= (box.xmax - box.xmin) * (box.ymax - box.ymin) <= rule.max_area
