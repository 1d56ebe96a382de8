"""The frames: a camera that turns slowly to and fro before photos of things that MobileNets know."""

import math
import random
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from edgevision.capture.frame import BgrImage

WIDTH, HEIGHT = 1280, 720
COUNT = 8
"""Frames of one camera, which come round and round: few, as a camera's buffers are."""

REACH = 24
"""Pixels to either side."""

_SUFFIX = ".bmp"
"""The stand-in for the Pi camera decodes them as it runs, and this takes the least."""


def make_frames(folder: Path, photos: Sequence[Path], cameras: int, seed: int) -> list[Path]:
    """Write each camera's frames into a folder of its own, whose paths are returned. The same seed, the same frames."""
    chance = random.Random(seed)
    folders = []
    for camera in range(cameras):
        view = _panorama([_read(photo) for photo in chance.sample(list(photos), min(3, len(photos)))])
        here = folder / f"camera{camera}"
        here.mkdir(parents=True)
        for number in range(COUNT):
            left = round(REACH * (1 + math.sin(2 * math.pi * number / COUNT)))
            cv2.imwrite(str(here / f"{number}{_SUFFIX}"), view[:, left : left + WIDTH])
        folders.append(here)
    return folders


def load(folder: str | Path) -> list[BgrImage]:
    """The frames of one camera, (720, 1280, 3) uint8 in blue, green, red."""
    return [_read(path) for path in sorted(Path(folder).glob(f"*{_SUFFIX}"))]


def _panorama(photos: Sequence[BgrImage]) -> BgrImage:
    """The middle of each photo, side by side, filling the view."""
    width = WIDTH + 2 * REACH
    edges = [place * width // len(photos) for place in range(len(photos) + 1)]
    pieces = []
    for photo, across in zip(photos, (right - left for left, right in pairwise(edges)), strict=True):
        factor = max(across / photo.shape[1], HEIGHT / photo.shape[0])
        size = max(across, round(photo.shape[1] * factor)), max(HEIGHT, round(photo.shape[0] * factor))
        scaled = cv2.resize(photo, size, interpolation=cv2.INTER_AREA)
        left, top = (size[0] - across) // 2, (size[1] - HEIGHT) // 2
        pieces.append(scaled[top : top + HEIGHT, left : left + across])
    return np.asarray(np.hstack(pieces), dtype=np.uint8)


def _read(path: Path) -> BgrImage:
    picture = cv2.imread(str(path))
    if picture is None:
        raise SystemExit(f"{path} can't be read as a picture")
    return np.asarray(picture, dtype=np.uint8)
