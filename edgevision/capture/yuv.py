"""From one array of YUV420 to its planes, and from BGR to such an array."""

import cv2
import numpy as np
from numpy.typing import NDArray

from edgevision.capture.frame import BgrImage, Yuv420


def i420(planes: NDArray[np.uint8], width: int, height: int, *, full_range: bool) -> Yuv420:
    """The planes of I420 (one of Y, then one of U, then one of V, those of half width and height), without a copy.

    `planes` is (height * 3 / 2, stride) uint8, contiguous, as picamera2 gives it; what a row holds beyond `width`, in
    the chroma planes beyond half of it, is padding and cut off. `width`, `height` and the stride are even.
    """
    # A row of chroma is half as long, with its padding: two of them fill one of luma.
    chroma = planes[height:].reshape(height, -1)[:, : width // 2]
    return Yuv420(planes[:height, :width], chroma[: height // 2], chroma[height // 2 :], full_range)


def bgr_to_i420(image: BgrImage, stride: int, *, full_range: bool) -> NDArray[np.uint8]:
    """What `i420` takes: (height * 3 / 2, stride) uint8, padding zero.

    The image's width and height and `stride` are even, `stride` at least the width.
    """
    height, width = image.shape[:2]
    planes = np.zeros((height * 3 // 2, stride), np.uint8)
    into = i420(planes, width, height, full_range=full_range)
    if full_range:
        cv2.cvtColor(image, cv2.COLOR_BGR2GRAY, dst=into.y)
        # The mean of four pixels' chroma is the chroma of their mean, and of a small picture faster to be had.
        small = cv2.resize(image, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
        _, into.v[:], into.u[:] = cv2.split(cv2.cvtColor(small, cv2.COLOR_BGR2YCrCb))
    else:
        packed = i420(np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420)), width, height, full_range=False)
        into.y[:], into.u[:], into.v[:] = packed.y, packed.u, packed.v
    return planes
