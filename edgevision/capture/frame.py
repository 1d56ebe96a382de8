"""What capture hands on: one picture of one camera, with its time and place."""

import cv2
import numpy as np
from numpy.typing import NDArray

from edgevision.record import record

BgrImage = NDArray[np.uint8]
"""A picture of shape (height, width, 3), dtype uint8, channels in the order blue, green, red (OpenCV's)."""

GreyImage = NDArray[np.uint8]
"""A picture of shape (height, width), dtype uint8."""


@record
class Yuv420:
    """A picture as cameras give it: brightness, and colour with half as many rows and columns (ITU-R BT.601).

    `y` (height, width), `u` and `v` (height / 2, width / 2), uint8, views of what the camera wrote. With `full_range`
    they use 0..255 (JPEG's, libcamera's sYCC), else 16..235 and 16..240 (video's).
    """

    y: NDArray[np.uint8]
    u: NDArray[np.uint8]
    v: NDArray[np.uint8]
    full_range: bool

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width), both even."""
        height, width = self.y.shape
        return height, width

    def cut(self, left: int, top: int, right: int, bottom: int) -> "Yuv420":
        """The pixels from `left`, `top` to before `right`, `bottom`, without a copy.

        Raises ValueError where an edge is odd, as a row or column of colour would be cut in two, or outside.
        """
        height, width = self.shape
        if (left | top | right | bottom) % 2 or not (0 <= left < right <= width and 0 <= top < bottom <= height):
            raise ValueError(f"can't cut {left}, {top} to {right}, {bottom} of {width}x{height}: odd, empty or outside")
        rows, columns = slice(top // 2, bottom // 2), slice(left // 2, right // 2)
        return Yuv420(self.y[top:bottom, left:right], self.u[rows, columns], self.v[rows, columns], self.full_range)

    def in_bgr(self) -> BgrImage:
        """The same picture in blue, green, red."""
        height, width = self.shape
        if not self.full_range:
            packed = np.concatenate([plane.ravel() for plane in (self.y, self.u, self.v)]).reshape(-1, width)
            return np.asarray(cv2.cvtColor(packed, cv2.COLOR_YUV2BGR_I420), dtype=np.uint8)
        # OpenCV's I420 codes know the limited range only; its YCrCb is the full one.
        cr, cb = (cv2.resize(plane, (width, height)) for plane in (self.v, self.u))
        return np.asarray(cv2.cvtColor(cv2.merge([self.y, cr, cb]), cv2.COLOR_YCrCb2BGR), dtype=np.uint8)


@record
class Picture:
    """What a source reads: pixels as the camera gave them, before rotation.

    `main` is the large one; `lores` shows the same view with fewer pixels where the hardware scales for us. Those
    needn't be square: they are what the model takes. `source` is the picture's file name, the URL or the path it came
    from, None for a camera. `clock` is where a recording is, in seconds that never go back, also over its repetitions;
    None where the picture is of now.
    """

    main: BgrImage | Yuv420
    lores: BgrImage | Yuv420 | None = None
    source: str | None = None
    clock: float | None = None

    @property
    def image(self) -> BgrImage:
        """The large one in blue, green, red; converted each time where the camera gives it otherwise."""
        return _in_bgr(self.main)


@record
class Unwanted:
    """A picture that came and that nobody wanted to have."""


@record
class Frame:
    """One picture of a camera, after rotation.

    `seq` counts the camera's frames from 0. `time` is in seconds since 1970 (UTC), `monotonic` in seconds of
    `time.monotonic()`, both read when the picture arrived. `clock` measures durations in the scene: the recording's own
    clock (`Picture.clock`), else `monotonic`. `crop` is what the model is to see, as fractions
    (xmin, ymin, xmax, ymax) of the whole frame. `lores`, if any, shows the same view as `main`, its pixels perhaps not
    square.
    """

    camera: str
    seq: int
    time: float
    monotonic: float
    clock: float
    main: BgrImage | Yuv420
    lores: BgrImage | Yuv420 | None = None
    source: str | None = None
    crop: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)

    @property
    def image(self) -> BgrImage:
        """The whole frame in blue, green, red; converted each time where the camera gives it otherwise."""
        return _in_bgr(self.main)

    @property
    def width(self) -> int:
        """Pixels across the whole frame."""
        return int(self.main.shape[1])

    @property
    def height(self) -> int:
        """Pixels from top to bottom of the whole frame."""
        return int(self.main.shape[0])


def _in_bgr(picture: BgrImage | Yuv420) -> BgrImage:
    return picture.in_bgr() if isinstance(picture, Yuv420) else picture
