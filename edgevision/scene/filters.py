"""Which detections count."""

import math
from collections.abc import Container, Sequence
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
    if not rules.labels:
        return KEEPS * threshold
    return KEEPS * min(threshold_of(rules, label, threshold) for label in rules.labels)


def there(
    rules: Rules, detections: Sequence[Detection], threshold: float, followed: Container[str] | None = None
) -> list[Detection]:
    """Those of a label that counts, of the right area, not masked and with a score that matters, in the same order.

    `followed` are the labels of what has come: of others, a score below the threshold doesn't matter; None: it always
    may. Boxes are cut at the frame's edge. What isn't a finite number, or has no area in the frame, isn't there.
    """
    found = []
    for detection in detections:
        label = detection.label
        rule = rules.labels.get(label) if rules.labels else _ANY
        if rule is None:
            continue
        least = threshold if rule.threshold is None else rule.threshold
        if followed is None or label in followed:
            least *= KEEPS
        if not least <= detection.score < math.inf:
            continue
        if detection.box is None:
            found.append(detection)
            continue
        sides = detection.box
        within = 0 <= sides.xmin < sides.xmax <= 1 and 0 <= sides.ymin < sides.ymax <= 1  # as mostly
        box = sides if within else _cut(sides)
        if box is None or (rule is not _ANY and not _right_area(rule, box)):
            continue
        if not (rules.masks and masked(rules.masks, box)):
            found.append(detection if within else replace(detection, box=box))
    return found


def _cut(box: Box) -> Box | None:
    sides = (box.xmin, box.ymin, box.xmax, box.ymax)
    if not all(map(math.isfinite, sides)):
        return None
    cut = Box(*(min(max(side, 0.0), 1.0) for side in sides))
    return cut if cut.xmin < cut.xmax and cut.ymin < cut.ymax else None


def _right_area(rule: LabelRule, box: Box) -> bool:
    return rule.min_area <= (box.xmax - box.xmin) * (box.ymax - box.ymin) <= rule.max_area
