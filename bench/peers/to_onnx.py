"""Turn a quantized MobileNet's .tflite file into the same network as ONNX, weights and scales as they are.

    python to_onnx.py MODEL.tflite MODEL.onnx

Every tensor becomes a QuantizeLinear and a DequantizeLinear around the operator in float, ONNX's own way of writing a
quantized network; a runtime makes integer kernels of it. Input [1, height, width, 3] uint8 RGB, as in the .tflite file.
Outputs are float: a classifier's scores, or an SSD's boxes (ymin, xmin, ymax, xmax), scores and classes after the
non-maximum suppression, [n, 4], [n] and [n]. Written for a MobileNet's operators with one scale a tensor, and no more.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import tflite
from flatbuffers import flexbuffers
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

TYPES = {tflite.TensorType.UINT8: np.uint8, tflite.TensorType.INT32: np.int32, tflite.TensorType.FLOAT32: np.float32}
OPERATORS = {number: name for name, number in vars(tflite.BuiltinOperator).items() if isinstance(number, int)}
ACTIVATIONS = {
    tflite.ActivationFunctionType.NONE: (-np.inf, np.inf),
    tflite.ActivationFunctionType.RELU: (0, np.inf),
    tflite.ActivationFunctionType.RELU6: (0, 6),
}
NCHW, NHWC = [0, 3, 1, 2], [0, 2, 3, 1]


class NotTurnedError(Exception):
    """A part of the file that this doesn't turn into ONNX."""


class Graph:
    """The ONNX graph as it grows: a value a tensor of the file, pictures lying as (1, channels, height, width)."""

    def __init__(self, buffer: bytes) -> None:
        self._model = tflite.Model.GetRootAsModel(buffer, 0)
        self._file = self._model.Subgraphs(0)
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._real: dict[int, str] = {}  # tensors as float, by their number
        self._channels_first: set[int] = set()
        self._outputs: dict[str, list[int | str]] = {}

    def convert(self) -> Any:
        """The whole network. Raises NotTurnedError."""
        if self._file.InputsLength() != 1:
            raise NotTurnedError("models of one input are turned into ONNX here, and no others")
        entry = self._file.Inputs(0)
        shape = self._file.Tensors(entry).ShapeAsNumpy()
        self._dequantize(entry, self._node("Transpose", ["input"], perm=NCHW))
        self._channels_first.add(entry)
        for number in range(self._file.OperatorsLength()):
            self._operator(self._file.Operators(number))
        if not self._outputs:
            last = self._file.Outputs(0)
            self._outputs[self._real[last]] = self._file.Tensors(last).ShapeAsNumpy().tolist()
        graph = helper.make_graph(
            self._nodes,
            "mobilenet",
            [helper.make_tensor_value_info("input", TensorProto.UINT8, shape.tolist())],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in self._outputs.items()],
            self._constants,
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)

    def _operator(self, operator: Any) -> None:
        code = self._model.OperatorCodes(operator.OpcodeIndex())
        kind = OPERATORS[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
        inputs = operator.InputsAsNumpy().tolist()
        output = int(operator.OutputsAsNumpy()[0])
        table = operator.BuiltinOptions()
        real = [self._real[tensor] for tensor in inputs if tensor in self._real]
        match kind:
            case "CONV_2D" | "DEPTHWISE_CONV_2D":
                self._convolution(inputs, output, options(tflite, kind, table))
            case "ADD":
                name = self._node("Add", real)
                self._activated(output, name, options(tflite, kind, table))
            case "AVERAGE_POOL_2D":
                pool = options(tflite, "POOL_2D", table)
                name = self._node(
                    "AveragePool",
                    real,
                    kernel_shape=[pool.FilterHeight(), pool.FilterWidth()],
                    strides=strides(pool),
                    auto_pad=padding(pool),
                )
                self._activated(output, name, pool)
            case "RESHAPE":
                if inputs[0] in self._channels_first:
                    real = [self._node("Transpose", real, perm=NHWC)]
                shape = self._constant(self._file.Tensors(output).ShapeAsNumpy(), np.int64)
                self._quantized(output, self._node("Reshape", [*real, shape]))
            case "CONCATENATION":
                axis = options(tflite, kind, table).Axis()
                self._quantized(output, self._node("Concat", real, axis=axis))
            case "LOGISTIC":
                self._quantized(output, self._node("Sigmoid", real))
            case "SOFTMAX":
                self._quantized(output, self._node("Softmax", real, axis=-1))
            case "CUSTOM" if code.CustomCode() == b"TFLite_Detection_PostProcess":
                self._detections(inputs, operator)
            case _:
                raise NotTurnedError(f"{kind} isn't turned into ONNX here")

    def _convolution(self, inputs: list[int], output: int, convolution: Any) -> None:
        """Weights are (channels out, height, width, channels in), a depthwise one's (1, height, width, channels)."""
        depthwise = isinstance(convolution, tflite.DepthwiseConv2DOptions)
        weights, axes = self._data(inputs[1]), [3, 0, 1, 2] if depthwise else NCHW
        scale, zero = self._scale(inputs[1])
        kernel = self._node("DequantizeLinear", [self._constant(weights.transpose(axes)), scale, zero])
        bias = self._node("DequantizeLinear", [self._constant(self._data(inputs[2])), self._scale(inputs[2])[0]])
        name = self._node(
            "Conv",
            [self._real[inputs[0]], kernel, bias],
            group=weights.shape[3] if depthwise else 1,
            kernel_shape=list(weights.shape[1:3]),
            strides=strides(convolution),
            dilations=[convolution.DilationHFactor(), convolution.DilationWFactor()],
            auto_pad=padding(convolution),
        )
        self._activated(output, name, convolution)

    def _detections(self, inputs: list[int], operator: Any) -> None:
        """TFLite_Detection_PostProcess without `use_regular_nms`: an anchor's best class, one suppression over all."""
        told = flexbuffers.Loads(operator.CustomOptionsAsNumpy().tobytes())
        if told.get("use_regular_nms"):
            raise NotTurnedError("use_regular_nms isn't turned into ONNX here")
        anchors = self._data(inputs[2])[None]
        scales = [told[f"{one}_scale"] for one in "yxhw"]
        if anchors.dtype == np.uint8:
            quantization = self._file.Tensors(inputs[2]).Quantization()
            anchors = (anchors.astype(np.float32) - quantization.ZeroPoint(0)) * np.float32(quantization.Scale(0))
        middle, size = anchors[..., :2], anchors[..., 2:]

        def part(value: str, first: int, end: int, axis: int) -> str:
            return self._node("Slice", [value, *(self._constant([one], np.int64) for one in (first, end, axis))])

        code = self._node("Div", [self._real[inputs[0]], self._constant(scales, np.float32)])
        moved = self._node("Mul", [part(code, 0, 2, 2), self._constant(size)])
        centre = self._node("Add", [moved, self._constant(middle)])
        half = self._node("Mul", [self._node("Exp", [part(code, 2, 4, 2)]), self._constant(size / 2)])
        corners = [self._node("Sub", [centre, half]), self._node("Add", [centre, half])]
        boxes = self._node("Concat", corners, axis=2)
        known = part(self._real[inputs[1]], 1, 1 << 30, 2)  # the first class is the background
        best = self._node("ReduceMax", [known], axes=[2], keepdims=0)
        classes = self._node("Cast", [self._node("ArgMax", [known], axis=2, keepdims=0)], to=TensorProto.FLOAT)
        limits = [
            self._constant([told["max_detections"]], np.int64),
            self._constant([told["nms_iou_threshold"]], np.float32),
            self._constant([told["nms_score_threshold"]], np.float32),
        ]
        rows = self._node("Unsqueeze", [best, self._constant([1], np.int64)])
        kept = self._node("NonMaxSuppression", [boxes, rows, *limits])
        chosen = self._node("Gather", [kept, self._constant(2, np.int64)], axis=1)
        for value, more in ((boxes, [4]), (best, []), (classes, [])):
            first = self._node("Squeeze", [value, self._constant([0], np.int64)])
            self._outputs[self._node("Gather", [first, chosen], axis=0)] = ["n", *more]

    def _activated(self, tensor: int, name: str, told: Any) -> None:
        """The result of an operator on pictures, its activation done on the integers, as TFLite does it."""
        self._channels_first.add(tensor)
        name = self._node("QuantizeLinear", [name, *self._scale(tensor)])
        quantization = self._file.Tensors(tensor).Quantization()
        scale, zero = float(quantization.Scale(0)), int(quantization.ZeroPoint(0))
        if told.FusedActivationFunction() not in ACTIVATIONS:
            raise NotTurnedError(f"activation {told.FusedActivationFunction()} isn't turned into ONNX here")
        least, most = (
            int(np.clip(round(bound / scale) + zero, 0, 255)) if np.isfinite(bound) else whole
            for bound, whole in zip(ACTIVATIONS[told.FusedActivationFunction()], (0, 255), strict=True)
        )
        if (least, most) != (0, 255):
            name = self._node("Clip", [name, self._constant(least, np.uint8), self._constant(most, np.uint8)])
        self._dequantize(tensor, name)

    def _quantized(self, tensor: int, name: str) -> None:
        self._dequantize(tensor, self._node("QuantizeLinear", [name, *self._scale(tensor)]))

    def _dequantize(self, tensor: int, name: str) -> None:
        self._real[tensor] = self._node("DequantizeLinear", [name, *self._scale(tensor)])

    def _scale(self, tensor: int) -> tuple[str, str]:
        quantization = self._file.Tensors(tensor).Quantization()
        if quantization is None or quantization.ScaleLength() != 1:
            raise NotTurnedError("tensors with one scale each are turned into ONNX here, and no others")
        zero = self._constant(quantization.ZeroPoint(0), stored(self._file.Tensors(tensor)))
        return self._constant(quantization.Scale(0), np.float32), zero

    def _data(self, tensor: int) -> NDArray[Any]:
        one = self._file.Tensors(tensor)
        raw = self._model.Buffers(one.Buffer()).DataAsNumpy()
        return np.frombuffer(raw.tobytes(), stored(one)).reshape(one.ShapeAsNumpy())

    def _constant(self, value: Any, kind: Any = None) -> str:
        name = f"constant{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.array(value, kind, order="C"), name))
        return name

    def _node(self, kind: str, inputs: list[str], **attributes: Any) -> str:
        name = f"value{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name


def options(schema: Any, kind: str, table: Any) -> Any:
    """An operator's options of that kind: CONV_2D has Conv2DOptions."""
    told = getattr(schema, "".join(word.capitalize() for word in kind.split("_")).replace("2d", "2D") + "Options")()
    told.Init(table.Bytes, table.Pos)
    return told


def stored(tensor: Any) -> Any:
    """NumPy's type of what a tensor holds."""
    if tensor.Type() not in TYPES:
        raise NotTurnedError(f"tensors of type {tensor.Type()} aren't turned into ONNX here")
    return TYPES[tensor.Type()]


def strides(told: Any) -> list[int]:
    """As ONNX has them."""
    return [told.StrideH(), told.StrideW()]


def padding(told: Any) -> str:
    """TensorFlow's SAME pads below and at the right first."""
    return "SAME_UPPER" if told.Padding() == tflite.Padding.SAME else "VALID"


def main() -> None:
    """Convert one file."""
    source, target = map(Path, sys.argv[1:])
    try:
        model = Graph(source.read_bytes()).convert()
    except NotTurnedError as error:
        sys.exit(f"{source.name}: {error}")
    onnx.checker.check_model(model)
    onnx.save(model, str(target))


if __name__ == "__main__":
    main()
