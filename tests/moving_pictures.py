"""Clips with known truth: people cut from the demo's pictures walk over a background."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from edgevision.capture.frame import BgrImage

DEMO = Path(__file__).parents[1] / "edgevision" / "demo" / "pictures"

Path2D = Callable[[float], tuple[float, float] | None]
"""Seconds to the middle of a thing's lower edge, in pixels; None while it isn't there."""


@dataclass(frozen=True, slots=True)
class Walker:
    """A picture on its way."""

    sprite: BgrImage
    where: Path2D


def background(width: int = 640, height: int = 360) -> BgrImage:
    """A cat, out of focus: nobody's there."""
    cat = cv2.imread(str(DEMO / "chelsea.jpg"))
    assert cat is not None
    return np.asarray(cv2.GaussianBlur(cv2.resize(cat, (width, height)), (0, 0), 12), dtype=np.uint8)


def somebody(height: int = 200) -> BgrImage:
    """Grace Hopper, of `height` pixels: the bundled model is sure of her wherever she stands."""
    picture = cv2.imread(str(DEMO / "grace_hopper.jpg"))
    assert picture is not None
    return np.asarray(cv2.resize(picture, (round(picture.shape[1] * height / picture.shape[0]), height)), np.uint8)


def walk(start: float, seconds: float, points: Sequence[tuple[float, float]]) -> Path2D:
    """From `start` on along `points`, evenly, in `seconds`; then it is gone."""

    def where(time: float) -> tuple[float, float] | None:
        if not start <= time <= start + seconds:
            return None
        place = (time - start) / seconds * (len(points) - 1)
        x, y = (np.interp(place, range(len(points)), axis) for axis in zip(*points, strict=True))
        return float(x), float(y)

    return where


def frames(
    walkers: Sequence[Walker], seconds: float, fps: float, bar: tuple[int, int] | None = None
) -> Iterator[BgrImage]:
    """The scene; `bar` (left, right) stands before everything, from top to bottom."""
    scene = background()
    for number in range(round(seconds * fps)):
        image = scene.copy()
        for walker in walkers:
            if (place := walker.where(number / fps)) is not None:
                _paste(image, walker.sprite, *place)
        if bar is not None:
            image[:, slice(*bar)] = (40, 60, 70)
        yield image


def write_clip(path: Path, images: Iterator[BgrImage], fps: float) -> None:
    """As MJPEG in AVI, which OpenCV's wheel can write."""
    first = next(images)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), fps, (first.shape[1], first.shape[0]))
    assert writer.isOpened()
    for image in (first, *images):
        writer.write(image)
    writer.release()


def _paste(image: BgrImage, sprite: BgrImage, x: float, bottom: float) -> None:
    """Lay `sprite` over `image` in place; what lies outside is cut off."""
    height, width = sprite.shape[:2]
    left, top = round(x - width / 2), round(bottom) - height
    rows = slice(max(top, 0), min(top + height, image.shape[0]))
    columns = slice(max(left, 0), min(left + width, image.shape[1]))
    if rows.start < rows.stop and columns.start < columns.stop:
        image[rows, columns] = sprite[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
