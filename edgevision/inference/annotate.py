"""Drawing what was found onto a picture."""

from collections.abc import Sequence

import cv2

from edgevision.capture.frame import BgrImage
from edgevision.inference.detection import Detection

COLOUR = (60, 200, 40)
INK = (255, 255, 255)


def annotate(image: BgrImage, detections: Sequence[Detection]) -> BgrImage:
    """A copy of `image` (height, width, 3) with boxes, labels and scores.

    A label without a box stands at the top left.
    """
    drawn = image.copy()
    height, width = drawn.shape[:2]
    thickness = max(round(min(height, width) / 200), 1)
    line = 0
    for detection in detections:
        text = f"{detection.label} {detection.score:.0%}"
        if detection.box is None:
            _write(drawn, text, 0, line, thickness)
            line += 12 * thickness
            continue
        box = detection.box
        left, top = round(box.xmin * (width - 1)), round(box.ymin * (height - 1))
        right, bottom = round(box.xmax * (width - 1)), round(box.ymax * (height - 1))
        cv2.rectangle(drawn, (left, top), (right, bottom), COLOUR, thickness)
        _write(drawn, text, left, top, thickness)
    return drawn


def _write(image: BgrImage, text: str, left: int, top: int, thickness: int) -> None:
    """Text on a filled strip whose top left corner is (left, top), in pixels."""
    font, scale = cv2.FONT_HERSHEY_SIMPLEX, thickness * 0.35
    (width, height), baseline = cv2.getTextSize(text, font, scale, max(thickness // 2, 1))
    bottom = top + height + baseline + thickness
    cv2.rectangle(image, (left, top), (left + width, bottom), COLOUR, cv2.FILLED)
    cv2.putText(image, text, (left, bottom - baseline), font, scale, INK, max(thickness // 2, 1), cv2.LINE_AA)
