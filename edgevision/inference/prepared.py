"""Pictures made ready for a model by one thread while another one runs it."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from edgevision.capture.transform import Region
from edgevision.inference.preprocess import Image, InputFormat, Writer


class Prepared:
    """A model's input, `pixels` [1, height, width, channels] as its tensor has them.

    `region` is what of the picture it shows, in fractions; bars beside it lie outside 0..1. Any thread may have it;
    when nobody has it any more, the next picture gets its memory.
    """

    __slots__ = ("_free", "pixels", "region")

    def __init__(self, pixels: NDArray[np.generic], region: Region, free: deque[NDArray[np.generic]]) -> None:
        self.pixels = pixels
        self.region = region
        self._free = free

    def __del__(self) -> None:
        self._free.append(self.pixels)


class Preparer:
    """Makes pictures ready for one model, which sees them in their own shape if `letterbox`. Belongs to one thread."""

    def __init__(self, form: InputFormat, write: Writer, *, letterbox: bool = False) -> None:
        self.form = form
        self.letterbox = letterbox
        self._write = write
        self._shape = (1, form.height, form.width, form.channels)
        self._free: deque[NDArray[np.generic]] = deque()

    def prepare(self, image: Image) -> Prepared:
        """`image`, any size, as the model wants it."""
        pixels = self._free.pop() if self._free else np.empty(self._shape, self.form.dtype)
        return Prepared(pixels, self._write(image, pixels), self._free)
