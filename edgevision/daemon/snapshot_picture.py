"""The picture of an event: the frame, or the part around the thing, with what was seen drawn in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import astuple, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from edgevision.capture.frame import BgrImage
from edgevision.inference.annotate import annotate
from edgevision.inference.detection import Box, Detection
from edgevision.scene.seen import Seen

if TYPE_CHECKING:
    from edgevision.config.scene import SnapshotSettings

LONGEST_SIDE = 65_500
"""Pixels that a JPEG may have, by libjpeg."""

MARGIN = 0.2
"""What is left around a box on each side, as a part of the box's own."""

LEAST_SIDE = 160
"""Pixels of the frame that are shown at least, as far as it has them: a thing far off is told by what is around it."""

MOST_SLENDER = 2.0
"""How much longer one side of the part may be than the other."""

Pixels = tuple[int, int, int, int]
"""(left, top, right, bottom); right and bottom are not included."""


def snapshot_jpeg(image: BgrImage, seen: Sequence[Seen], about: Box | None, settings: SnapshotSettings) -> bytes:
    """A JPEG of `image` (height, width, 3) as `settings` want it; boxes are fractions of the whole image.

    `about`: what it is cropped around, if `settings` say so. Text is drawn last, so that it can be read at any size.
    """
    height, width = image.shape[:2]
    part = part_around(about, width, height) if settings.crop and about is not None else (0, 0, width, height)
    left, top, right, bottom = part
    picture = scaled_down(image[top:bottom, left:right], settings.height)
    if settings.annotate:
        picture = annotate(picture, [_in_part(one.detection, part, width, height) for one in seen])
    return encoded(picture, ".jpg", settings.quality)


def encoded(picture: BgrImage, suffix: str, quality: int) -> bytes:
    """The bytes of a picture file of the kind that `suffix` (`.jpg`) names; `quality` 1..100 where it has one.

    Raises ValueError when OpenCV can't write that.
    """
    options = {".jpg": cv2.IMWRITE_JPEG_QUALITY, ".jpeg": cv2.IMWRITE_JPEG_QUALITY, ".webp": cv2.IMWRITE_WEBP_QUALITY}
    option = options.get(suffix.lower())
    try:
        done, data = cv2.imencode(suffix, picture, [] if option is None else [option, quality])
    except cv2.error as error:
        raise ValueError(f"OpenCV can't write a {suffix} file: {error}") from error
    if not done:
        raise ValueError(f"OpenCV can't write this picture as a {suffix} file")
    return data.tobytes()


def part_around(box: Box, width: int, height: int) -> Pixels:
    """The pixels of a frame of `width` x `height` that show `box` with a margin, neither tiny nor too slender."""
    sides: tuple[float, ...] = astuple(box)
    if not all(map(math.isfinite, sides)):
        return 0, 0, width, height
    xmin, ymin, xmax, ymax = (min(max(side, 0.0), 1.0) for side in sides)
    wide, high = (xmax - xmin) * width * (1 + 2 * MARGIN), (ymax - ymin) * height * (1 + 2 * MARGIN)
    columns = min(math.ceil(max(wide, high / MOST_SLENDER, LEAST_SIDE)), width)
    rows = min(math.ceil(max(high, wide / MOST_SLENDER, LEAST_SIDE)), height)
    left = _begin((xmin + xmax) / 2 * width, columns, width)
    top = _begin((ymin + ymax) / 2 * height, rows, height)
    return left, top, left + columns, top + rows


def scaled_down(image: BgrImage, height: int | None) -> BgrImage:
    """`image` with `height` rows at most, no side longer than LONGEST_SIDE, in proportion."""
    rows, columns = image.shape[:2]
    scale = min((height or rows) / rows, LONGEST_SIDE / max(rows, columns))
    if scale >= 1:
        return image
    size = max(round(columns * scale), 1), max(round(rows * scale), 1)
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _begin(middle: float, length: int, whole: int) -> int:
    """Where a stretch of `length` begins, as close around `middle` as lies within `whole`."""
    return min(max(round(middle - length / 2), 0), whole - length)


def _in_part(detection: Detection, part: Pixels, width: int, height: int) -> Detection:
    """The detection with its box in fractions of the part."""
    box = detection.box
    if box is None:
        return detection
    left, top, right, bottom = part
    columns, rows = right - left, bottom - top
    return replace(
        detection,
        box=Box(
            (box.xmin * width - left) / columns,
            (box.ymin * height - top) / rows,
            (box.xmax * width - left) / columns,
            (box.ymax * height - top) / rows,
        ),
    )
