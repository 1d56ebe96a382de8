"""What a network costs: parameters and multiply-accumulates, layer by layer.

Counted are the operators that multiply matrices (`KINDS`); their sums are what the papers publish. Additions,
activations and pooling cost next to nothing beside them and count nothing, nor does what a custom operator does.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Literal

from edgevision.inference.tensors import Operator
from edgevision.modeltools.inspection.graph import FileTensor, Network
from edgevision.record import record

Kind = Literal["1x1", "depthwise", "standard", "fully connected", "transposed", "matmul"]
KINDS: tuple[Kind, ...] = ("1x1", "depthwise", "standard", "fully connected", "transposed", "matmul")

WEIGHTED = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "FULLY_CONNECTED", "BATCH_MATMUL"})

UNPACKING = frozenset({"DEQUANTIZE", "DENSIFY"})
"""Between weights that are stored small (float16, sparse) and the operator that uses them."""

ELEMENTWISE = frozenset(
    {"RELU", "RELU6", "RELU_N1_TO_1", "HARD_SWISH", "PRELU", "LEAKY_RELU", "QUANTIZE", "DEQUANTIZE"}
)
SCALING = frozenset({"MUL", "ADD", "LOGISTIC"})
"""What may stand between the two halves of a depthwise separable convolution: activations, and what an h-swish and
a squeeze-and-excite are made of."""

MOST_BETWEEN = 32
"""Operators looked through between the two; an h-swish and a squeeze-and-excite take a dozen."""


@record
class Layer:
    """One operator that has weights; `kernel` is height and width, `shape` that of its output.

    `parameters`: weights and biases; those shared with an earlier layer are counted there. `operator` is its number.
    """

    operator: int
    name: str
    type: str
    kind: Kind
    kernel: tuple[int, int] | None
    channels_in: int
    shape: tuple[int, ...]
    weights: str
    per_channel: bool
    parameters: int
    macs: int


@record
class SeparableConvolution:
    """A depthwise convolution with the 1x1 convolution behind it, and the standard one that does the job of both.

    Cost of the two relative to the one: 1/N + 1/(Dk·Dk), for N output channels and a Dk x Dk kernel (MobileNets, Howard
    et al. 2017, section 3.1).
    """

    depthwise: Layer
    pointwise: Layer

    @property
    def macs(self) -> int:
        """Dk·Dk·M·Df·Df + M·N·Df·Df."""
        return self.depthwise.macs + self.pointwise.macs

    @property
    def standard_parameters(self) -> int:
        """Dk·Dk·M·N and N biases."""
        return self._kernel * self.depthwise.channels_in * self._outputs + self._outputs

    @property
    def standard_macs(self) -> int:
        """Dk·Dk·M·N·Df·Df."""
        return self._kernel * self.depthwise.channels_in * math.prod(self.pointwise.shape)

    @property
    def law(self) -> float:
        """1/N + 1/(Dk·Dk)."""
        return 1 / self._outputs + 1 / self._kernel

    @property
    def _outputs(self) -> int:
        return self.pointwise.shape[-1]

    @property
    def _kernel(self) -> int:
        height, width = self.depthwise.kernel or (1, 1)
        return height * width


def layers_of(network: Network) -> list[Layer]:
    """The operators that have weights, in the order they run.

    Raises ValueError when the shapes of one don't fit each other.
    """
    unpacked = {
        op.outputs[0]: op.inputs[0]
        for op in network.operators
        if op.name in UNPACKING and op.inputs and op.outputs and op.inputs[0] >= 0
    }
    counted: set[int] = set()
    layers = []
    for number, operator in enumerate(network.operators):
        if operator.name not in WEIGHTED:
            continue
        operands = [network.tensors[unpacked.get(index, index)] if index >= 0 else None for index in operator.inputs]
        # The first operand is the picture, or of a transposed convolution the shape to make.
        weights = operands if operator.name == "BATCH_MATMUL" else operands[1:]
        parameters = sum(_count_once(tensor, counted) for tensor in weights)
        layers.append(_layer(network, number, operator, operands, parameters))
    return layers


def separable_convolutions(network: Network, layers: Sequence[Layer]) -> list[SeparableConvolution]:
    """The depthwise convolutions that have a 1x1 convolution behind them, an activation between them at most."""
    by_operator = {layer.operator: layer for layer in layers}
    makers = {index: number for number, op in enumerate(network.operators) for index in op.outputs}
    pairs: dict[int, SeparableConvolution] = {}
    for layer in layers:
        if layer.type == "CONV_2D" and layer.kernel == (1, 1) and layer.macs:
            start = network.operators[layer.operator].inputs[0]
            depthwise = next((by_operator[n] for n in _sources(network, makers, start) if n in by_operator), None)
            if depthwise is not None and depthwise.kind == "depthwise" and depthwise.macs:
                # A second 1x1 convolution behind the same depthwise one has no depthwise one of its own to replace.
                pairs.setdefault(depthwise.operator, SeparableConvolution(depthwise, layer))
    return list(pairs.values())


def parameters_outside_layers(network: Network) -> int:
    """Numbers in the file that are no layer's: anchors, shapes, tables of normalization."""
    in_layers = {index for op in network.operators if op.name in WEIGHTED for index in op.inputs}
    buffers = {tensor.buffer for tensor in network.tensors if tensor.index in in_layers}
    others = {
        tensor.buffer: tensor.elements for tensor in network.tensors if tensor.constant and tensor.buffer not in buffers
    }
    return sum(others.values())


def operator_counts(network: Network) -> dict[str, int]:
    """How often each operator stands in the network, the most frequent first."""
    return dict(Counter(operator.name for operator in network.operators).most_common())


def activation_bytes(network: Network) -> int:
    """The least memory for what flows between the operators: the most that is needed at once.

    Each tensor counts from the operator that makes it to the last that reads it. A runtime takes more: gaps between the
    tensors, and working space of its own.
    """
    last_use: dict[int, int] = {}
    for number, operator in enumerate(network.operators):
        last_use.update(dict.fromkeys((*operator.inputs, *operator.outputs), number))
    last_use.update(dict.fromkeys(network.outputs, len(network.operators)))
    live = {index for index in network.inputs if index in last_use}
    now = most = sum(_flowing_bytes(network, index) for index in live)
    for number, operator in enumerate(network.operators):
        touched = {index for index in (*operator.inputs, *operator.outputs) if index >= 0}
        now += sum(_flowing_bytes(network, index) for index in touched - live)
        live |= touched
        most = max(most, now)
        done = {index for index in touched if last_use[index] == number}
        now -= sum(_flowing_bytes(network, index) for index in done)
        live -= done
    return most


def _flowing_bytes(network: Network, index: int) -> int:
    tensor = network.tensors[index]
    return 0 if tensor.constant else tensor.bytes


def _count_once(tensor: FileTensor | None, counted: set[int]) -> int:
    if tensor is None or not tensor.constant or tensor.buffer in counted:
        return 0
    counted.add(tensor.buffer)
    return tensor.elements


def _layer(
    network: Network, number: int, operator: Operator, operands: Sequence[FileTensor | None], parameters: int
) -> Layer:
    # A transposed convolution's first operand is the shape to make, its picture comes third.
    place = 2 if operator.name == "TRANSPOSE_CONV" else 0
    weights, picture = ([*operands, None, None, None][index] for index in (1, place))
    if weights is None or picture is None or not operator.outputs:
        raise ValueError(f"operator {number} ({operator.name}) lacks weights, an input or an output")
    output = network.tensors[operator.outputs[0]]
    kind, kernel, macs = _cost(operator.name, picture, weights, output)
    return Layer(
        operator=number,
        name=output.name,
        type=operator.name,
        kind=kind,
        kernel=kernel,
        channels_in=picture.shape[-1] if picture.shape else 0,
        shape=output.shape,
        weights=weights.dtype,
        per_channel=weights.quantization is not None and weights.quantization.per_channel,
        parameters=parameters,
        # Without a shape nothing can be counted: it is known when the model runs.
        macs=macs if picture.shape and output.shape else 0,
    )


def _cost(
    name: str, picture: FileTensor, weights: FileTensor, output: FileTensor
) -> tuple[Kind, tuple[int, int] | None, int]:
    """Kind, kernel and multiply-accumulates of one layer.

    Weights are [out, height, width, in] of a convolution, [1, height, width, out] of a depthwise one, [out, in] of a
    fully connected layer (tensorflow/lite/kernels). Each element of the output takes height x width x in of them.
    """
    channels = output.shape[-1] if output.shape else None
    match name, weights.shape:
        case "CONV_2D", (out, height, width, inputs) if channels in (None, out):
            kind = _convolution(picture, height, width)
            return kind, (height, width), output.elements * height * width * inputs
        case "DEPTHWISE_CONV_2D", (_, height, width, out) if channels in (None, out):
            return "depthwise", (height, width), output.elements * height * width
        case "TRANSPOSE_CONV", (out, height, width, _) if channels in (None, out):
            # The other way round: each element of the input is spread over height x width x out.
            return "transposed", (height, width), picture.elements * height * width * out
        case "FULLY_CONNECTED", (out, inputs):
            return "fully connected", None, output.elements * inputs
        case "BATCH_MATMUL", (_, _, *_) if len(output.shape) > 1 and len(picture.shape) > 1:
            # [.., rows, inner] x [.., inner, columns], either of them transposed or not.
            inner = picture.shape[-1] * picture.shape[-2] // max(output.shape[-2], 1)
            return "matmul", None, output.elements * inner
    shapes = f"weights {list(weights.shape)} and the output {list(output.shape)}"
    raise ValueError(f"the layer {output.name!r} ({name}) has {shapes}")


def _convolution(picture: FileTensor, height: int, width: int) -> Kind:
    """A 1x1 convolution of a single pixel is a fully connected layer, whatever the operator; the papers call it so."""
    if (height, width) != (1, 1):
        return "standard"
    return "fully connected" if picture.shape[1:-1] == (1, 1) else "1x1"


def _sources(network: Network, makers: dict[int, int], start: int) -> Iterator[int]:
    """The operators that made tensor `start`, looking through those that keep its shape; each operator once."""
    waiting = [start]
    seen: set[int] = set()
    shape = network.tensors[start].shape
    while waiting and len(seen) < MOST_BETWEEN:
        index = waiting.pop()
        number = makers.get(index)
        if number is None or number in seen or network.tensors[index].shape != shape:
            continue
        seen.add(number)
        operator = network.operators[number]
        if operator.name in ELEMENTWISE | SCALING:
            waiting += [index for index in operator.inputs if index >= 0]
        else:
            yield number
