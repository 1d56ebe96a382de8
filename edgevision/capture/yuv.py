"""From the planes of YUV420 to BGR."""

import cv2
import numpy as np
from numpy.typing import NDArray

from edgevision.capture.frame import BgrImage


def i420_to_bgr(planes: NDArray[np.uint8], width: int, height: int, *, full_range: bool) -> BgrImage:
    """Convert YUV420 (I420: a plane of Y, then one of U, then one of V, those of half width and height).

    `planes` is (height * 3 / 2, stride) uint8 as picamera2 gives it; what a row holds beyond `width`, in the chroma
    planes beyond half of it, is padding and cut off. `width` and `height` are even. With `full_range` Y, U and V use
    0..255 (JPEG's BT.601, libcamera's sYCC), else 16..235 and 16..240 (video's BT.601).

    Returns (height, width, 3) uint8 in blue, green, red.
    """
    luma = planes[:height, :width]
    chroma = planes[height:].reshape(height, -1)[:, : width // 2]
    if not full_range:
        packed = np.concatenate([luma.ravel(), chroma.ravel()]).reshape(-1, width)
        return np.asarray(cv2.cvtColor(packed, cv2.COLOR_YUV2BGR_I420), dtype=np.uint8)
    # OpenCV's I420 codes know the limited range only; its YCrCb is the full one.
    u, v = chroma[: height // 2], chroma[height // 2 :]
    ycrcb = cv2.merge([luma, cv2.resize(v, (width, height)), cv2.resize(u, (width, height))])
    return np.asarray(cv2.cvtColor(ycrcb, cv2.COLOR_YCrCb2BGR), dtype=np.uint8)


def bgr_to_i420(image: BgrImage, stride: int, *, full_range: bool) -> NDArray[np.uint8]:
    """The reverse of `i420_to_bgr`: (height * 3 / 2, stride) uint8, padding zero.

    The image's width and height and `stride` are even, `stride` at least the width.
    """
    height, width = image.shape[:2]
    if full_range:
        luma, v, u = cv2.split(cv2.cvtColor(image, cv2.COLOR_BGR2YCrCb))
        half = (width // 2, height // 2)
        chroma = np.vstack([cv2.resize(plane, half, interpolation=cv2.INTER_AREA) for plane in (u, v)])
    else:
        packed = cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420)
        luma, chroma = packed[:height], packed[height:].reshape(height, width // 2)
    planes = np.zeros((height * 3 // 2, stride), np.uint8)
    planes[:height, :width] = luma
    planes[height:].reshape(height, stride // 2)[:, : width // 2] = chroma
    return planes
