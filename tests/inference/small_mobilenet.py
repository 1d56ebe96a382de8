"""A MobileNet of three convolutions with weights by chance, in every type of numbers there is."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tests.inference.tflite_writer import Scalar, TfliteWriter, byte, real

LABELS = ("cat", "dog", "owl")

ACTIVATION = {"float32": (0.0, 0), "uint8": (6 / 255, 0), "int8": (6 / 255, -128), "int16": (6 / 32767, 0)}
"""Scale and zero point of 0..6."""

LOGITS = {"float32": (0.0, 0), "uint8": (0.1, 128), "int8": (0.1, 0), "int16": (0.001, 0)}
PROBABILITIES = {"float32": (0.0, 0), "uint8": (1 / 256, 0), "int8": (1 / 256, -128), "int16": (1 / 32768, 0)}
ONE_TO_MINUS_ONE = {"float32": (0.0, 0), "uint8": (1 / 128, 128), "int8": (1 / 128, 0), "int16": (1 / 32767, 0)}

SAME, RELU6 = byte(0), byte(3)
VALID = byte(1)


@dataclass(frozen=True)
class Form:
    """What the network is like; `end`: what its last operator makes of `classes` numbers."""

    dtype: Literal["float32", "uint8", "int8", "int16"] = "float32"
    height: int = 32
    width: int = 32
    channels: int = 3
    classes: int = len(LABELS)
    end: Literal["SOFTMAX", "LOGISTIC", "logits"] = "SOFTMAX"
    float16_weights: bool = False
    rescales: bool = False
    input: tuple[float, int] | None = None
    """Scale and zero point; None: of an input of -1..1."""
    gain: float = 1.0
    """Of the first convolution, for an input that reaches far."""
    metadata: bytes | None = None


def small_mobilenet(form: Form) -> bytes:
    """A .tflite: input [1, height, width, channels], output [1, 1, 1, classes]."""
    return _Network(form).content()


class _Network:
    def __init__(self, form: Form) -> None:
        self._form = form
        self._writer = TfliteWriter()
        self._random = np.random.default_rng(11)
        self._scales: dict[int, float] = {}

    def content(self) -> bytes:
        form, writer = self._form, self._writer
        height, width, dtype = form.height, form.width, form.dtype
        scale, zero_point = form.input or ONE_TO_MINUS_ONE[dtype]
        given = last = writer.tensor(
            (1, height, width, form.channels), dtype, scale=scale, zero_point=zero_point, name="picture"
        )
        self._scales[given] = scale
        if form.rescales:
            for name, value in (("MUL", 1 / 127.5), ("ADD", -1.0)):
                constant = self._constant(np.array([value]))
                output = writer.tensor((1, height, width, form.channels), dtype)
                last = writer.operator(name, [last, constant], output, {0: byte(0)})
        height, width = -(-height // 2), -(-width // 2)
        last = self._convolution(last, (1, height, width, 8), (8, 3, 3, form.channels), stride=2, gain=form.gain)
        last = self._convolution(last, (1, height, width, 8), (1, 3, 3, 8), depthwise=True)
        last = self._convolution(last, (1, height, width, 16), (16, 1, 1, 8))
        pooled = self._activation((1, 1, 1, 16), ACTIVATION)
        options = {0: VALID, 1: Scalar(1), 2: Scalar(1), 3: Scalar(width), 4: Scalar(height), 5: byte(0)}
        last = writer.operator("AVERAGE_POOL_2D", [last], pooled, options)
        last = self._convolution(last, (1, 1, 1, form.classes), (form.classes, 1, 1, 16), ends=True)
        if form.end != "logits":
            output = self._activation((1, 1, 1, form.classes), PROBABILITIES)
            last = writer.operator(form.end, [last], output, {0: real(1.0)} if form.end == "SOFTMAX" else None)
        return writer.finish([given], [last], form.metadata)

    def _activation(self, shape: tuple[int, ...], quantizations: dict[str, tuple[float, int]]) -> int:
        scale, zero_point = quantizations[self._form.dtype]
        number = self._writer.tensor(shape, self._form.dtype, scale=scale, zero_point=zero_point)
        self._scales[number] = scale
        return number

    def _convolution(
        self,
        given: int,
        shape: tuple[int, ...],
        kernel: tuple[int, ...],
        *,
        stride: int = 1,
        depthwise: bool = False,
        ends: bool = False,
        gain: float = 1.0,
    ) -> int:
        weights = gain * self._random.normal(0.1, 1.5 / np.prod(kernel[1:]) ** 0.5, kernel)
        bias = self._random.normal(0.3, 0.3, kernel[3] if depthwise else kernel[0])
        inputs = [given, *self._constants(weights, bias, given)]
        output = self._activation(shape, LOGITS if ends else ACTIVATION)
        activation = byte(0) if ends else RELU6
        options = {0: SAME, 1: Scalar(stride), 2: Scalar(stride)}
        options |= {3: Scalar(1), 4: activation} if depthwise else {3: activation}
        return self._writer.operator("DEPTHWISE_CONV_2D" if depthwise else "CONV_2D", inputs, output, options)

    def _constants(self, weights: NDArray[np.float64], bias: NDArray[np.float64], given: int) -> tuple[int, int]:
        writer, dtype = self._writer, self._form.dtype
        if dtype != "float32":
            scale = float(np.abs(weights).max() / 127)
            stored, zero_point = np.round(weights / scale), 128 if dtype == "uint8" else 0
            kernel_type = "uint8" if dtype == "uint8" else "int8"
            kernel = writer.tensor(
                weights.shape, kernel_type, scale=scale, zero_point=zero_point, data=stored + zero_point
            )
            step = scale * self._scales[given]
            bias_type = "int64" if dtype == "int16" else "int32"
            return kernel, writer.tensor(bias.shape, bias_type, scale=step, data=np.round(bias / step))
        return self._constant(weights), self._constant(bias)

    def _constant(self, values: NDArray[np.float64]) -> int:
        writer = self._writer
        if not self._form.float16_weights:
            return writer.tensor(values.shape, "float32", data=values)
        half = writer.tensor(values.shape, "float16", data=values)
        return writer.operator("DEQUANTIZE", [half], writer.tensor(values.shape, "float32"))
