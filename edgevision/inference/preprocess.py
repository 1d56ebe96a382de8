"""From a camera's picture to a model's input tensor."""

from collections.abc import Callable, Sequence
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from edgevision.capture.frame import BgrImage, Yuv420
from edgevision.capture.transform import WHOLE, Region, margin
from edgevision.errors import ModelError
from edgevision.inference.normalization import PixelTable
from edgevision.inference.tensors import Tensor
from edgevision.record import record

CENTRAL_FRACTION = 0.875
"""Of each side; what the published accuracy of ImageNet's MobileNets was measured with (TF-Slim's evaluation)."""

BAR = 127
"""The grey beside a letterboxed picture: about 0 for a model trained with -1..1."""

INPUT_TYPES = ("uint8", "int8", "int16", "float32")

Resize = Literal["stretch", "letterbox", "crop"]

Image = BgrImage | Yuv420

Writer = Callable[[Image, NDArray[np.generic]], Region]
"""Writes a picture of any size into an input tensor's view [1, height, width, channels]; belongs to one thread.

Tells what of the picture the tensor then shows, in fractions of it; bars lie outside 0..1.
"""


@record
class InputFormat:
    """The picture that a model takes: `height` x `width` pixels, RGB or (1 channel) grey, of uint8 to float32."""

    height: int
    width: int
    dtype: str
    channels: int = 3

    def __str__(self) -> str:
        colours = {1: "grey", 3: "RGB"}[self.channels]
        return f"{self.width}x{self.height} {colours} {self.dtype}"


def input_format(tensors: Sequence[Tensor]) -> InputFormat:
    """What the model's input tensors ask for.

    Raises ModelError with what was found and what was expected when that is not one picture.
    """
    expected = "edgevision gives one picture [1, height, width, 3] (RGB) or [1, height, width, 1] (grey) of " + (
        ", ".join(INPUT_TYPES[:-1]) + f" or {INPUT_TYPES[-1]}"
    )
    if len(tensors) != 1:
        found = ", ".join(str(tensor) for tensor in tensors)
        raise ModelError(
            f"has {len(tensors)} inputs ({found}); {expected}, and nothing else: no state, no second input"
        )
    tensor = tensors[0]
    hint = ""
    match tensor.shape:
        case (1, height, width, 1 | 3 as channels) if min(height, width) > 1 and tensor.dtype in INPUT_TYPES:
            return InputFormat(height, width, tensor.dtype, channels)
        case (_, height, width, 1 | 3) if min(height, width) <= 1:
            hint = ": its size was left open; convert it with a fixed height and width"
        case (_, 1 | 3, _, _):
            hint = ": its channels come first; convert it with the channels last"
    raise ModelError(f"has the input {tensor}{hint}; {expected}")


@record
class Fit:
    """How pictures of one size come into a model's input.

    The pixels `part` (left, top, right, bottom; the last two not included), None for all, become the `box` (left, top,
    width, height) of it; `region` is what of the picture the whole input then shows, in fractions.
    """

    part: tuple[int, int, int, int] | None
    box: tuple[int, int, int, int]
    region: Region


def fit(width: int, height: int, target: InputFormat, resize: Resize, step: int = 1) -> Fit:
    """For pictures of `width` x `height`; the edges of the part are multiples of `step` pixels."""
    everything = 0, 0, target.width, target.height
    if resize == "stretch":
        return Fit(None, everything, WHOLE)
    if resize == "crop":
        left, top = (margin(side, CENTRAL_FRACTION, step) for side in (width, height))
        region = (left / width, top / height, 1 - left / width, 1 - top / height)
        return Fit((left, top, width - left, height - top), everything, region)
    left, top, inner_width, inner_height = box = letterbox(width, height, target)
    beside = (target.width - left) / inner_width, (target.height - top) / inner_height
    return Fit(None, box, (-left / inner_width, -top / inner_height, *beside))


def letterbox(width: int, height: int, target: InputFormat) -> tuple[int, int, int, int]:
    """Where a picture of `width` x `height` comes to lie in `target` when its shape is kept: left, top, width, height.

    In the middle, as large as fits, at least a pixel wide and high.
    """
    scale = min(target.width / width, target.height / height)
    inner_width = min(max(round(width * scale), 1), target.width)
    inner_height = min(max(round(height * scale), 1), target.height)
    return (target.width - inner_width) // 2, (target.height - inner_height) // 2, inner_width, inner_height


def make_writer(target: InputFormat, table: PixelTable, resize: Resize) -> Writer:
    """A function that writes pictures as `target` wants them; `table` [1, 256, channels] has each pixel's value.

    Colours are converted when the picture is small. Nothing is allocated per picture except by OpenCV itself.
    """
    fits: dict[tuple[int, int, int], Fit] = {}
    bgr, yuv = _Bgr(target), _Yuv(target)
    # Most 8-bit inputs take the pixel itself, or less 128, which flips a bit: many times faster than looking it up.
    steps = table - np.arange(256)[np.newaxis, :, np.newaxis]
    flipped_bits = {0: 0x00, -128: 0x80}.get(int(steps.flat[0])) if table.itemsize == 1 and np.ptp(steps) == 0 else None
    looked_up = flipped_bits is None
    scratch = np.empty((target.height, target.width, target.channels) if looked_up else 0, np.uint8)
    # Any type goes for OpenCV, though its stubs say otherwise.
    look_up: Callable[..., object] = cv2.LUT

    def write(image: Image, tensor: NDArray[np.generic]) -> Region:
        height, width = image.shape[:2]
        step = 2 if isinstance(image, Yuv420) else 1
        found = fits.get((width, height, step))
        if found is None:
            fits.clear()  # a camera's pictures all have one size
            found = fits[width, height, step] = fit(width, height, target, resize, step)
        pixels = tensor[0]
        levels = scratch if looked_up else pixels.view(np.uint8)
        if isinstance(image, Yuv420):
            yuv.paint(image, found, levels)
        else:
            bgr.paint(image, found, levels)
        if looked_up:
            look_up(levels, table, dst=pixels)
        elif flipped_bits:
            np.bitwise_xor(levels, flipped_bits, out=levels)
        return found.region

    return write


def _scale(image: NDArray[np.uint8], into: NDArray[np.uint8]) -> None:
    height, width = into.shape[:2]
    if image.shape[:2] == (height, width):
        into[:] = image
    else:
        cv2.resize(image, (width, height), dst=into, interpolation=cv2.INTER_LINEAR)


class _Canvas:
    """Something of an input's size that pictures are resized into, with bars beside those that don't fill it."""

    def __init__(self, target: InputFormat, *channels: int) -> None:
        self._shape = (target.height, target.width, *channels)
        self._laid_out: tuple[tuple[int, int, int, int], int] | None = None

    def paint(self, image: NDArray[np.uint8], box: tuple[int, int, int, int], bar: int) -> NDArray[np.uint8]:
        """All of it with `image` in the `box` (left, top, width, height), and `bar` around."""
        if self._laid_out != (box, bar):
            self._laid_out = box, bar
            left, top, width, height = box
            self._pixels = np.full(self._shape, bar, np.uint8)
            self._part = self._pixels[top : top + height, left : left + width]
        _scale(image, self._part)
        return self._pixels


class _Bgr:
    def __init__(self, target: InputFormat) -> None:
        self._canvas = _Canvas(target, 3)
        self._code = cv2.COLOR_BGR2RGB if target.channels == 3 else cv2.COLOR_BGR2GRAY

    def paint(self, image: BgrImage, fit: Fit, into: NDArray[np.uint8]) -> None:
        """Bring `image` into the input's size and colours."""
        if fit.part is not None:
            left, top, right, bottom = fit.part
            image = image[top:bottom, left:right]
        cv2.cvtColor(self._canvas.paint(image, fit.box, BAR), self._code, dst=into)


class _Chroma:
    """The same for both planes of colour, [u and v, height, width]."""

    def __init__(self, target: InputFormat) -> None:
        self._shape = (2, target.height, target.width)
        self._laid_out: tuple[int, int, int, int] | None = None

    def paint(self, image: Yuv420, box: tuple[int, int, int, int]) -> NDArray[np.uint8]:
        """All of it with that of `image` in the `box`, and grey around."""
        left, top, width, height = box
        if self._laid_out != box:
            self._laid_out = box
            self._pixels = np.full(self._shape, 128, np.uint8)
            self._part = self._pixels[:, top : top + height, left : left + width]
            rows, columns = height // 2, width // 2
            self._half = np.empty((2 * rows, columns), np.uint8)
            self._u, self._v = self._half[:rows], self._half[rows:]
            self._wide = np.empty((2 * rows, columns, 2), np.uint8)
            self._once = self._wide.reshape(2, rows, 1, 2 * columns)
            self._twice = self._part[:, : 2 * rows, : 2 * columns].reshape(2, rows, 2, 2 * columns)
        if image.shape != (height, width):
            _scale(image.u, self._part[0])
            _scale(image.v, self._part[1])
            return self._pixels
        # Each of its pixels four times, as OpenCV's own conversions do it, in a fourth of the time that scaling takes:
        # first the columns, then the rows.
        self._u[:], self._v[:] = image.u, image.v
        cv2.merge((self._half, self._half), self._wide)
        self._twice[:] = self._once
        return self._pixels


class _Yuv:
    """Each plane is resized as it is: fewer bytes are touched than by any conversion before that."""

    def __init__(self, target: InputFormat) -> None:
        self._y, self._chroma = _Canvas(target), _Chroma(target)
        self._merged = np.empty((target.height, target.width, 3), np.uint8)
        self._grey = target.channels == 1

    def paint(self, image: Yuv420, fit: Fit, into: NDArray[np.uint8]) -> None:
        """The same."""
        seen = image if fit.part is None else image.cut(*fit.part)
        luma = self._y.paint(seen.y, fit.box, BAR if image.full_range else _BAR_OF_LIMITED_RANGE)
        if self._grey:
            into[..., 0] = luma if image.full_range else cv2.LUT(luma, _FULL_LUMA)
            return
        cv2.merge((luma, *self._chroma.paint(seen, fit.box)), self._merged)
        # As exact as OpenCV's own conversions, which know one range each, in half the time.
        cv2.transform(self._merged, _RGB_OF_FULL_RANGE if image.full_range else _RGB_OF_LIMITED_RANGE, dst=into)


def _rgb_of_yuv(luma: float, chroma: float, black: float) -> NDArray[np.float32]:
    """ITU-R BT.601's R, G, B of (Y, U, V, 1): [3, 4]; levels are stretched by `luma` and `chroma` from `black` on."""
    red_of_v, blue_of_u = 1.402 * chroma, 1.772 * chroma
    green_of_u, green_of_v = -0.344136 * chroma, -0.714136 * chroma
    rows = [[luma, 0, red_of_v], [luma, green_of_u, green_of_v], [luma, blue_of_u, 0]]
    return np.array([[*row, -luma * black - 128 * (row[1] + row[2])] for row in rows], np.float32)


_RGB_OF_FULL_RANGE = _rgb_of_yuv(1, 1, 0)
_RGB_OF_LIMITED_RANGE = _rgb_of_yuv(255 / 219, 255 / 224, 16)

_BAR_OF_LIMITED_RANGE = round(16 + BAR * 219 / 255)

_FULL_LUMA = np.clip(np.round((np.arange(256) - 16) * 255 / 219), 0, 255).astype(np.uint8)
"""What levels of brightness in 16..235 are in 0..255."""
