"""From the bytes of a picture file to pixels."""

import cv2
import numpy as np

from edgevision.capture.frame import BgrImage

SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".webp", ".tif", ".tiff"})
"""Endings, in lower case, of the files that count as pictures in a folder."""

_JPEG_START, _JPEG_SCAN, _JPEG_END = b"\xff\xd8", b"\xff\xda", b"\xff\xd9"


def decode_picture(data: bytes) -> BgrImage:
    """Decode a JPEG, PNG, BMP, WebP or TIFF file.

    Returns (height, width, 3) uint8 in blue, green, red, whatever the file holds: grey is spread over the three
    channels, 16 bits are cut to 8, palettes and CMYK are converted, transparency is dropped (what lies under it
    shows). The orientation in a JPEG's EXIF is applied, so a portrait photo stands upright.

    Raises ValueError with the reason when the bytes are no picture or only part of one.
    """
    if not data:
        raise ValueError("the file is empty")
    if _is_cut_off_jpeg(data):
        raise ValueError("the JPEG is cut off")
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        if "CV_IO_MAX_IMAGE" in str(error):
            raise ValueError(
                "it has more pixels than OpenCV opens (the limit is OPENCV_IO_MAX_IMAGE_PIXELS in the environment)"
            ) from error
        raise ValueError(f"OpenCV can't decode it: {error}") from error
    if image is None or image.size == 0:
        raise ValueError("it is damaged, or no picture of a kind that OpenCV reads")
    return np.ascontiguousarray(image, dtype=np.uint8)


def _is_cut_off_jpeg(data: bytes) -> bool:
    # OpenCV before 4.11 decodes a truncated JPEG half grey and calls it good. Neither marker can occur inside the
    # compressed data; a thumbnail in front of the picture has both markers, and so comes out even.
    return data.startswith(_JPEG_START) and data.rfind(_JPEG_END) < data.rfind(_JPEG_SCAN)
