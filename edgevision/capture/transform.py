"""Turning pictures, and choosing the part of a frame that a model sees."""

import cv2
import numpy as np

from edgevision.capture.frame import BgrImage, Frame, Picture, Yuv420

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


def _turned(picture: BgrImage | Yuv420, degrees: int) -> BgrImage | Yuv420:
    if not isinstance(picture, Yuv420):
        return rotate(picture, degrees)
    y, u, v = (rotate(plane, degrees) for plane in (picture.y, picture.u, picture.v))
    return Yuv420(y, u, v, picture.full_range)


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
    main, lores = picture.main, picture.lores
    if degrees:
        main, lores = _turned(main, degrees), None if lores is None else _turned(lores, degrees)
    clock = monotonic if picture.clock is None else picture.clock
    return Frame(camera, seq, time, monotonic, clock, main, lores, picture.source, crop)


def crop_pixels(crop: Region, width: int, height: int) -> tuple[int, int, int, int]:
    """The pixels (left, top, right, bottom) of a picture that `crop` selects; right and bottom are not included.

    Edges go to the nearest pixel boundary. At least one pixel is left, and all are inside the picture.
    """
    left, right = _span(crop[0], crop[2], width)
    top, bottom = _span(crop[1], crop[3], height)
    return left, top, right, bottom


def even_span(low: float, high: float, size: int) -> tuple[int, int]:
    """The same along a side of a Yuv420, `size` pixels long: (first, last), even, as four pixels share a colour."""
    first, last = _span(low, high, size // 2)
    return 2 * first, 2 * last


def margin(side: int, share: float, step: int) -> int:
    """Pixels to leave out at either end of a `side` so that its middle `share` is left; a multiple of `step`."""
    return int(side * (1 - share) / 2 / step) * step


def model_view(frame: Frame, width: int, height: int, *, letterbox: bool = False) -> tuple[BgrImage | Yuv420, Region]:
    """The part of the frame that `frame.crop` selects, as a view without a copy, and where exactly it lies.

    Taken from `lores` if that has at least `width` x `height` pixels of it (a model's input; with `letterbox` one of
    the two is enough), else from `main`. The region differs from `frame.crop` by the rounding to pixels, up to half a
    pixel a side, a whole one of a Yuv420: boxes are mapped with it.
    """
    lores = frame.lores
    if lores is not None:
        view, region = _cut(lores, frame.crop)
        rows, columns = view.shape[:2]
        wide, high = columns >= width, rows >= height
        if (wide or high) if letterbox else (wide and high):
            return view, region
    return _cut(frame.main, frame.crop)


def _cut(picture: BgrImage | Yuv420, crop: Region) -> tuple[BgrImage | Yuv420, Region]:
    if crop == WHOLE:
        return picture, WHOLE
    rows, columns = picture.shape[:2]
    if isinstance(picture, Yuv420):
        left, right = even_span(crop[0], crop[2], columns)
        top, bottom = even_span(crop[1], crop[3], rows)
        view: BgrImage | Yuv420 = picture.cut(left, top, right, bottom)
    else:
        left, top, right, bottom = crop_pixels(crop, columns, rows)
        view = picture[top:bottom, left:right]
    return view, (left / columns, top / rows, right / columns, bottom / rows)


def _span(low: float, high: float, size: int) -> tuple[int, int]:
    first, last = round(low * size), round(high * size)
    if first < last:
        return first, last
    middle = min(int((low + high) / 2 * size), size - 1)
    return middle, middle + 1
