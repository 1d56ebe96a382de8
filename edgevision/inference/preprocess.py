"""From a camera's picture to a model's input tensor."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from edgevision.capture.frame import BgrImage
from edgevision.capture.transform import WHOLE, Region
from edgevision.errors import ModelError
from edgevision.inference.normalization import PixelTable
from edgevision.inference.tensors import Tensor

CENTRAL_FRACTION = 0.875
"""Of each side; what the published accuracy of ImageNet's MobileNets was measured with (TF-Slim's evaluation)."""

BAR = 127
"""The grey beside a letterboxed picture: about 0 for a model trained with -1..1."""

INPUT_TYPES = ("uint8", "int8", "int16", "float32")

Resize = Literal["stretch", "letterbox", "crop"]

Writer = Callable[[BgrImage, NDArray[np.generic]], Region]
"""Writes a BGR picture of any size into an input tensor's view [1, height, width, channels].

Tells what of the picture the tensor then shows, in fractions of it; bars lie outside 0..1.
"""


@dataclass(frozen=True, slots=True)
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


def make_writer(target: InputFormat, table: PixelTable, resize: Resize) -> Writer:
    """A function that writes pictures as `target` wants them; `table` [1, 256, channels] has each pixel's value.

    Nothing is allocated per picture except by OpenCV itself.
    """
    size = (target.width, target.height)
    code = cv2.COLOR_BGR2RGB if target.channels == 3 else cv2.COLOR_BGR2GRAY
    # Most 8-bit inputs take the pixel itself, or less 128, which flips a bit: many times faster than looking it up.
    steps = table - np.arange(256)[np.newaxis, :, np.newaxis]
    flipped_bits = {0: 0x00, -128: 0x80}.get(int(steps.flat[0])) if table.itemsize == 1 and np.ptp(steps) == 0 else None
    resized = np.full((target.height, target.width, 3), BAR, np.uint8)
    converted = resized if target.channels == 3 else np.empty((target.height, target.width, 1), np.uint8)
    boxed: tuple[int, int, int, int] | None = None

    def place(image: BgrImage) -> Region:
        nonlocal boxed
        if resize == "stretch":
            cv2.resize(image, size, dst=resized, interpolation=cv2.INTER_LINEAR)
            return WHOLE
        if resize == "crop":
            view, region = central_crop(image)
            cv2.resize(view, size, dst=resized, interpolation=cv2.INTER_LINEAR)
            return region
        left, top, width, height = box = letterbox(image.shape[1], image.shape[0], target)
        if boxed != box:
            resized.fill(BAR)
            boxed = box
        part = resized[top : top + height, left : left + width]
        cv2.resize(image, (width, height), dst=part, interpolation=cv2.INTER_LINEAR)
        return (
            -left / width,
            -top / height,
            (target.width - left) / width,
            (target.height - top) / height,
        )

    def write(image: BgrImage, tensor: NDArray[np.generic]) -> Region:
        region = place(image)
        pixels = tensor[0]
        if flipped_bits is None:
            cv2.cvtColor(resized, code, dst=converted)
            cv2.LUT(converted, table, dst=pixels)
            return region
        pixels = pixels.view(np.uint8)
        cv2.cvtColor(resized, code, dst=pixels)
        if flipped_bits:
            np.bitwise_xor(pixels, flipped_bits, out=pixels)
        return region

    return write


def central_crop(image: BgrImage) -> tuple[BgrImage, Region]:
    """The central 87.5 % of each side of `image` (height, width, 3), as a view, and where it lies."""
    height, width = image.shape[:2]
    top = int(height * (1 - CENTRAL_FRACTION) / 2)
    left = int(width * (1 - CENTRAL_FRACTION) / 2)
    view = image[top : height - top, left : width - left]
    return view, (left / width, top / height, 1 - left / width, 1 - top / height)


def letterbox(width: int, height: int, target: InputFormat) -> tuple[int, int, int, int]:
    """Where a picture of `width` x `height` comes to lie in `target` when its shape is kept: left, top, width, height.

    In the middle, as large as fits, at least a pixel wide and high.
    """
    scale = min(target.width / width, target.height / height)
    inner_width = min(max(round(width * scale), 1), target.width)
    inner_height = min(max(round(height * scale), 1), target.height)
    return (target.width - inner_width) // 2, (target.height - inner_height) // 2, inner_width, inner_height
