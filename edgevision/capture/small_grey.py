"""The little grey picture on which movement is looked for."""

import cv2
import numpy as np

from edgevision.capture.frame import BgrImage, GreyImage
from edgevision.capture.transform import Region, crop_pixels

LONGER_SIDE = 160
"""Pixels: a person a twentieth of the picture's height is then some four pixels tall."""


def small_grey(image: BgrImage | GreyImage, crop: Region) -> GreyImage:
    """What `crop` selects of `image`, in grey: shape (height, width), the longer side 160 pixels, never enlarged."""
    left, top, right, bottom = crop_pixels(crop, image.shape[1], image.shape[0])
    view = image[top:bottom, left:right]
    scale = min(LONGER_SIDE / max(right - left, bottom - top), 1.0)
    size = max(round((right - left) * scale), 1), max(round((bottom - top) * scale), 1)
    double = 2 * size[0], 2 * size[1]
    if view.shape[1] > double[0] and view.shape[0] > double[1]:
        # Averaging all pixels takes five times as long and is not twice as quiet.
        view = np.asarray(cv2.resize(view, double, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)
    small = cv2.resize(view, size, interpolation=cv2.INTER_AREA)
    return np.asarray(small if small.ndim == 2 else cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
