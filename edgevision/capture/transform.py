"""Turning pictures, and choosing the part of a frame that a model sees."""

import cv2
import numpy as np

from edgevision.capture.frame import BgrImage, Frame, Picture

Region = tuple[float, float, float, float]
"""(xmin, ymin, xmax, ymax) as fractions of the whole frame, 0..1, origin top left."""

WHOLE: Region = (0.0, 0.0, 1.0, 1.0)

_TURNS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


def rotate(image: BgrImage, degrees: int) -> BgrImage:
    """Turn clockwise by 0, 90, 180 or 270 degrees; 0 gives the same object back. Raises ValueError on others."""
    if degrees == 0:
        return image
    if degrees not in _TURNS:
        raise ValueError(f"rotate by {degrees} degrees: only 0, 90, 180 and 270 are possible")
    return np.asarray(cv2.rotate(image, _TURNS[degrees]), dtype=np.uint8)


def make_frame(
    picture: Picture,
    *,
    camera: str,
    seq: int,
    time: float,
    monotonic: float,
    degrees: int = 0,
    crop: Region = WHOLE,
) -> Frame:
    """The frame of one picture, with both its images turned clockwise by `degrees`; `crop` counts after turning."""
    return Frame(
        camera=camera,
        seq=seq,
        time=time,
        monotonic=monotonic,
        clock=monotonic if picture.clock is None else picture.clock,
        image=rotate(picture.image, degrees),
        lores=None if picture.lores is None else rotate(picture.lores, degrees),
        source=picture.source,
        crop=crop,
    )


def crop_pixels(crop: Region, width: int, height: int) -> tuple[int, int, int, int]:
    """The pixels (left, top, right, bottom) of a picture that `crop` selects; right and bottom are not included.

    Edges go to the nearest pixel boundary. At least one pixel is left, and all are inside the picture.
    """
    left, right = _span(crop[0], crop[2], width)
    top, bottom = _span(crop[1], crop[3], height)
    return left, top, right, bottom


def model_view(frame: Frame, width: int, height: int) -> tuple[BgrImage, Region]:
    """The part of the frame that `frame.crop` selects, as a view without a copy, and where exactly it lies.

    Taken from `lores` if that has at least `width` x `height` pixels of it (a model's input), else from `image`. The
    region differs from `frame.crop` by the rounding to pixels, up to half a pixel a side: boxes are mapped with it.
    """
    image = _smallest_sufficient(frame, width, height)
    rows, columns = image.shape[:2]
    left, top, right, bottom = crop_pixels(frame.crop, columns, rows)
    return image[top:bottom, left:right], (left / columns, top / rows, right / columns, bottom / rows)


def _smallest_sufficient(frame: Frame, width: int, height: int) -> BgrImage:
    if frame.lores is None:
        return frame.image
    left, top, right, bottom = crop_pixels(frame.crop, frame.lores.shape[1], frame.lores.shape[0])
    return frame.lores if right - left >= width and bottom - top >= height else frame.image


def _span(low: float, high: float, size: int) -> tuple[int, int]:
    first, last = round(low * size), round(high * size)
    if first < last:
        return first, last
    middle = min(int((low + high) / 2 * size), size - 1)
    return middle, middle + 1
