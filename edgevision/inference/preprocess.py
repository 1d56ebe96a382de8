"""From a camera's picture to a model's input tensor."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edgevision.capture.frame import BgrImage
from edgevision.errors import ModelError
from edgevision.inference.tensors import Tensor

CENTRAL_FRACTION = 0.875
"""Of each side; what the published accuracy of ImageNet's MobileNets was measured with (TF-Slim's evaluation)."""


@dataclass(frozen=True, slots=True)
class Normalization:
    """What a float input is: (pixel - mean) / std, the pixel in 0..255."""

    mean: float
    std: float


TRAINED_WITH = Normalization(127.5, 127.5)
"""-1..1: the float MobileNets of the TensorFlow zoos."""


@dataclass(frozen=True, slots=True)
class InputFormat:
    """The picture that a model takes: `height` x `width` RGB pixels as uint8, int8 or float32."""

    height: int
    width: int
    dtype: str


def input_format(tensors: list[Tensor]) -> InputFormat:
    """What the model's input tensors ask for.

    Raises ModelError with what was found and what was expected when that is not one RGB picture.
    """
    expected = "edgevision gives one RGB picture [1, height, width, 3] of uint8, int8 or float32"
    if len(tensors) != 1:
        found = ", ".join(str(tensor) for tensor in tensors)
        raise ModelError(f"has {len(tensors)} inputs ({found}); {expected}")
    tensor = tensors[0]
    match tensor.shape:
        case (1, height, width, 3) if height > 1 and width > 1 and tensor.dtype in ("uint8", "int8", "float32"):
            return InputFormat(height, width, tensor.dtype)
    raise ModelError(f"has the input {tensor}; {expected}")


def central_crop(image: BgrImage) -> BgrImage:
    """The central 87.5 % of each side of `image` (height, width, 3), as a view."""
    height, width = image.shape[:2]
    top = int(height * (1 - CENTRAL_FRACTION) / 2)
    left = int(width * (1 - CENTRAL_FRACTION) / 2)
    return image[top : height - top, left : width - left]


def make_writer(target: InputFormat, normalization: Normalization) -> Callable[[BgrImage, NDArray[np.generic]], None]:
    """A function that writes a BGR picture of any size into an input tensor's view [1, height, width, 3].

    Quantized inputs take the pixel itself: the training range of 256 steps maps one to one onto uint8, and onto int8
    shifted by 128. Float inputs are normalized. No array is allocated per picture except OpenCV's own.
    """
    size = (target.width, target.height)
    if target.dtype == "uint8":

        def write_uint8(image: BgrImage, tensor: NDArray[np.generic]) -> None:
            pixels = tensor[0]
            cv2.resize(image, size, dst=pixels, interpolation=cv2.INTER_LINEAR)
            cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB, dst=pixels)

        return write_uint8

    resized = np.empty((target.height, target.width, 3), np.uint8)

    def resize_to_rgb(image: BgrImage) -> None:
        cv2.resize(image, size, dst=resized, interpolation=cv2.INTER_LINEAR)
        cv2.cvtColor(resized, cv2.COLOR_BGR2RGB, dst=resized)

    def write_int8(image: BgrImage, tensor: NDArray[np.generic]) -> None:
        resize_to_rgb(image)
        np.bitwise_xor(resized, 0x80, out=tensor[0].view(np.uint8))

    def write_float32(image: BgrImage, tensor: NDArray[np.generic]) -> None:
        resize_to_rgb(image)
        pixels = tensor[0]
        np.subtract(resized, normalization.mean, out=pixels, dtype=np.float32)
        np.divide(pixels, normalization.std, out=pixels)

    return write_int8 if target.dtype == "int8" else write_float32
