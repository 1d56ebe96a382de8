"""What capture hands on: one picture of one camera, with its time and place."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BgrImage = NDArray[np.uint8]
"""A picture of shape (height, width, 3), dtype uint8, channels in the order blue, green, red (OpenCV's)."""

GreyImage = NDArray[np.uint8]
"""A picture of shape (height, width), dtype uint8."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What a source reads: pixels as the camera gave them, before rotation.

    `image` is the main picture; `lores` shows the same view with fewer pixels where the hardware scales for us.
    `source` is the picture's file name, the URL or the path it came from, None for a camera. `clock` is where a
    recording is, in seconds that never go back, also over its repetitions; None where the picture is of now.
    """

    image: BgrImage
    lores: BgrImage | None = None
    source: str | None = None
    clock: float | None = None


@dataclass(frozen=True, slots=True)
class Unwanted:
    """A picture that came and that nobody wanted to have."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of a camera, after rotation.

    `seq` counts the camera's frames from 0. `time` is in seconds since 1970 (UTC), `monotonic` in seconds of
    `time.monotonic()`, both read when the picture arrived. `clock` measures durations in the scene: the recording's own
    clock (`Picture.clock`), else `monotonic`. `crop` is what the model is to see, as fractions
    (xmin, ymin, xmax, ymax) of the whole frame. `lores`, if any, shows the same view as `image`.
    """

    camera: str
    seq: int
    time: float
    monotonic: float
    clock: float
    image: BgrImage
    lores: BgrImage | None = None
    source: str | None = None
    crop: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)

    @property
    def width(self) -> int:
        """Pixels across the whole frame."""
        return int(self.image.shape[1])

    @property
    def height(self) -> int:
        """Pixels from top to bottom of the whole frame."""
        return int(self.image.shape[0])
