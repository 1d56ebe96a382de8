"""What number a pixel becomes in a model's input: one table of 256 entries for each channel."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgevision.errors import ModelError
from edgevision.inference.runtime import Interpreter
from edgevision.inference.tensors import PASSING_OPERATORS, Graph, Tensor, producer_of
from edgevision.record import record

PixelTable = NDArray[np.integer[Any] | np.floating[Any]]
"""[1, 256, channels]: the value of each pixel in the input."""

PerChannel = tuple[float, float, float]
"""Red, green, blue."""

SLACK = 1
"""Quantized steps by which a table may miss the pixels themselves and still mean just them: rounding of the scale."""

MOST_OVERRUN = 16
"""Quantized steps, of 256, by which the metadata may leave what the input can hold. More, and they contradict it."""

TAKES_PIXELS = 64.0
"""An input that reaches this is one of 0..255, not of 0..1 or -1..1."""


@record
class Normalization:
    """What the model was trained with: (pixel - mean) / std, the pixel in 0..255."""

    mean: PerChannel
    std: PerChannel


def alike(mean: float, std: float) -> Normalization:
    """The same for all three channels."""
    return Normalization((mean,) * 3, (std,) * 3)


TRAINED_WITH = alike(127.5, 127.5)
"""-1..1: the MobileNets of the TensorFlow zoos."""

PIXELS = alike(0.0, 1.0)
"""0..255."""


def pixel_table(
    tensor: Tensor, channels: int, given: Normalization | None, described: Normalization | None
) -> PixelTable:
    """The values of the pixels 0..255 in the input `tensor`: [1, 256, channels] of its type.

    `given` is the user's and holds before `described`, the file's own. Where there is neither, a float input gets
    -1..1, and an 8-bit one the pixel itself (int8: less 128), because the 256 steps of the range that the model was
    trained with map one to one onto it. A 16-bit one gets 0..255 where its scale reaches that far, else -1..1.
    Raises ModelError for a grey model whose three numbers differ.
    """
    chosen = given or described
    if not tensor.scale and tensor.dtype == "float32":
        return _real(chosen or TRAINED_WITH, channels, np.float32)
    limits = np.iinfo(tensor.dtype)
    if chosen is None and tensor.dtype == "int16":
        chosen = PIXELS if _takes_pixels(tensor) else TRAINED_WITH
    same = np.repeat(np.arange(256) + (limits.min if limits.bits == 8 else 0), channels).reshape(1, 256, channels)
    if chosen is None or not tensor.scale:
        return _stored(same, tensor)
    steps = np.round(_real(chosen, channels, np.float64) / tensor.scale) + tensor.zero_point
    overrun = max(limits.min - steps.min(), steps.max() - limits.max)
    if limits.bits == 8 and (np.abs(steps - same).max() <= SLACK or (given is None and overrun > MOST_OVERRUN)):
        return _stored(same, tensor)
    return _stored(np.clip(steps, limits.min, limits.max), tensor)


def is_assumed(tensor: Tensor, given: Normalization | None, described: Normalization | None) -> bool:
    """Whether nothing says what the input `tensor` wants, so that `pixel_table` takes -1..1 for likely."""
    if given is not None or described is not None:
        return False
    return tensor.dtype == "float32" or (tensor.dtype == "int16" and not _takes_pixels(tensor))


def _takes_pixels(tensor: Tensor) -> bool:
    return tensor.scale * np.iinfo(tensor.dtype).max > TAKES_PIXELS


def rescales_itself(graph: Graph, interpreter: Interpreter) -> Normalization | None:
    """0..255, where the model's first computation scales its input down (Keras' MobileNet V3); None elsewhere."""
    tensor = graph.inputs[0]
    for operator in graph.operators:
        if tensor.index not in operator.inputs:
            continue
        if operator.name in PASSING_OPERATORS and operator.outputs[0] in graph.tensors:
            tensor = graph.tensors[operator.outputs[0]]
            continue
        if operator.name not in ("MUL", "DIV", "SUB", "ADD") or operator.inputs[0] != tensor.index:
            return None
        size = _size_of_constant(graph, operator.inputs[-1], interpreter)
        if size is None:
            return None
        return PIXELS if (0 < size < 1 / TAKES_PIXELS if operator.name == "MUL" else size > TAKES_PIXELS) else None
    return None


def _size_of_constant(graph: Graph, index: int, interpreter: Interpreter) -> float | None:
    """The mean amount of a constant of one to three numbers; None where it is none, or has no data to be seen."""
    producer = producer_of(index, graph.operators)
    # Of float16 constants, the operator that widens them comes in between.
    constant = graph.tensors.get(producer.inputs[0] if producer and producer.name == "DEQUANTIZE" else index)
    if constant is None or not 1 <= math.prod(constant.shape) <= len(PIXELS.mean):
        return None
    try:
        values = interpreter.tensor(constant.index)()
    except ValueError:
        return None
    return float(np.abs(constant.dequantize(values)).mean())


def _stored(steps: NDArray[Any], tensor: Tensor) -> PixelTable:
    table: PixelTable = steps.astype(tensor.dtype)
    return table


def _real(normalization: Normalization, channels: int, dtype: type[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    if channels == 1 and len({*zip(normalization.mean, normalization.std, strict=True)}) > 1:
        raise ModelError("takes grey pictures, but is to be normalized by three channels: give one mean and one std")
    pixels = np.arange(256, dtype=dtype)[:, np.newaxis]
    mean, std = (np.array(part[:channels], dtype) for part in (normalization.mean, normalization.std))
    values: NDArray[np.floating[Any]] = (pixels - mean) / std
    return values[np.newaxis]
