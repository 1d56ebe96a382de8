"""The little grey picture on which movement is looked for."""

from math import ceil, log2

import cv2
import numpy as np

from edgevision.capture.frame import BgrImage, GreyImage
from edgevision.capture.transform import Region, crop_pixels

LONGER_SIDE = 160
"""Pixels: a person a twentieth of the picture's height is then some four pixels tall."""

ENOUGH = 0.8
"""Of the side: what is a little smaller shows movement as well."""

_FEWEST = LONGER_SIDE * 90
"""Pixels; a picture of 16:9 has so many."""


def small_size(width: int, height: int) -> tuple[int, int]:
    """(width, height) for a picture of `width` x `height`: the longer side is 160 pixels, never more than there are.

    Somewhat less where halving gives it and leaves enough pixels: that is many times faster than other scaling.
    """
    longest = max(width, height)
    part = 2 ** max(ceil(log2(longest / LONGER_SIDE)), 0)
    halved = width // part, height // part
    if width % part == height % part == 0 and max(halved) >= ENOUGH * LONGER_SIDE and halved[0] * halved[1] >= _FEWEST:
        return halved
    scale = min(LONGER_SIDE / longest, 1.0)
    return max(round(width * scale), 1), max(round(height * scale), 1)


def small_grey(image: BgrImage | GreyImage, crop: Region) -> GreyImage:
    """What `crop` selects of `image`, in grey: (height, width) as `small_size` has it. Pixels needn't be square."""
    left, top, right, bottom = crop_pixels(crop, image.shape[1], image.shape[0])
    small = image[top:bottom, left:right]
    size = small_size(right - left, bottom - top)
    double = 2 * size[0], 2 * size[1]
    # Averaging all pixels (INTER_AREA) takes five times as long and is not twice as quiet.
    if small.shape[1] > double[0] and small.shape[0] > double[1]:
        small = np.asarray(cv2.resize(small, double), dtype=np.uint8)
    if small.shape[1::-1] != size:
        small = np.asarray(cv2.resize(small, size), dtype=np.uint8)
    return small if small.ndim == 2 else np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
