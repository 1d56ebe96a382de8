"""Whether a network is compiled for the Edge TPU, and what it would need to be.

Checked is what the file tells of Coral's rules ("TensorFlow models on the Edge TPU": model requirements, supported
operations); the compiler has more, about sizes and options of single operators.
"""

from collections import Counter
from collections.abc import Iterator

from edgevision.inference.postprocessed import POSTPROCESS
from edgevision.inference.tensors import EDGE_TPU_OPERATOR, Operator
from edgevision.modeltools.inspection.cost import WEIGHTED
from edgevision.modeltools.inspection.graph import FileTensor, Network
from edgevision.record import record

SUPPORTED = frozenset(
    """
    ADD AVERAGE_POOL_2D CONCATENATION CONV_2D DEPTHWISE_CONV_2D EXPAND_DIMS FULLY_CONNECTED L2_NORMALIZATION
    LOGISTIC LSTM MAXIMUM MAX_POOL_2D MEAN MINIMUM MUL PACK PAD PRELU QUANTIZE REDUCE_MAX REDUCE_MIN RELU RELU6
    RELU_N1_TO_1 RESHAPE RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR RSQRT SLICE SOFTMAX SPACE_TO_DEPTH SPLIT
    SQUARED_DIFFERENCE SQUEEZE STRIDED_SLICE SUB SUM TANH TRANSPOSE TRANSPOSE_CONV UNIDIRECTIONAL_SEQUENCE_LSTM
    """.split()  # noqa: SIM905  # one a line would be a page
)

EIGHT_BITS = frozenset({"int8", "uint8"})
CONVERTING = frozenset({"QUANTIZE", "DEQUANTIZE"})
"""Operators that stand between 8-bit numbers and others."""

CPU_OPERATORS = frozenset({"DEQUANTIZE", POSTPROCESS})
"""Operators at the end of a network, where they may well run on the CPU."""

MOST_SIDES = 3
ON_CHIP_BYTES = 8 * 1024 * 1024
"""The Edge TPU's memory for weights, about; what doesn't fit is sent anew for every picture (Coral's documentation)."""


@record
class EdgeTpu:
    """`needs` says, a sentence each, what keeps the network from the Edge TPU or on the CPU; empty: nothing found.

    `compiled_operators` stand for what the compiler has taken; `cpu_operators` are those that stay on the CPU then.
    `weights_fit`: whether the weights fit into the Edge TPU's own memory; None where the compiler hides them.
    """

    compiled: bool
    compiled_operators: int
    cpu_operators: dict[str, int]
    needs: tuple[str, ...]
    weights_fit: bool | None


def look_at(network: Network, weight_bytes: int) -> EdgeTpu:
    """What the file tells about the Edge TPU."""
    counts = Counter(operator.name for operator in network.operators)
    compiled = counts.pop(EDGE_TPU_OPERATOR, 0)
    if compiled:
        return EdgeTpu(True, compiled, dict(counts), (), None)
    return EdgeTpu(False, 0, {}, tuple(_needs(network)), weight_bytes <= ON_CHIP_BYTES)


def _needs(network: Network) -> Iterator[str]:
    inner = [op for op in network.operators if op.name not in CONVERTING and op.name not in network.custom]
    wide = Counter(tensor.dtype for op in inner for tensor in _flowing(network, op) if tensor.dtype not in EIGHT_BITS)
    if wide:
        yield (
            f"full integer quantization: it works on {', '.join(sorted(wide))}, the Edge TPU on int8 or uint8 only"
            " (quantize it after training with a representative dataset)"
        )
    operands = [tensor for op in network.operators for tensor in _flowing(network, op)]
    if any(tensor.dynamic for tensor in operands):
        yield "fixed shapes: a side of its tensors, mostly the number of pictures, is left open (convert it with 1)"
    if any(sum(side > 1 for side in tensor.shape) > MOST_SIDES for tensor in operands):
        yield f"one picture at a time: the Edge TPU takes no tensor with more than {MOST_SIDES} sides longer than 1"
    unsupported = Counter(op.name for op in network.operators if op.name not in SUPPORTED | CPU_OPERATORS)
    if unsupported:
        named = ", ".join(f"{name} ({count})" for name, count in unsupported.most_common())
        yield f"other operators in place of {named}: from the first of them on, all would stay on the CPU"
    if any(_has_flowing_weights(network, op) for op in inner):
        yield "weights that are constants: some are computed while it runs"


def _flowing(network: Network, operator: Operator) -> list[FileTensor]:
    """What an operator reads and writes besides weights and other constants."""
    indices = (index for index in (*operator.inputs, *operator.outputs) if index >= 0)
    return [tensor for tensor in (network.tensors[index] for index in indices) if not tensor.constant]


def _has_flowing_weights(network: Network, operator: Operator) -> bool:
    weights = network.operands(operator)[1:2] if operator.name in WEIGHTED - {"BATCH_MATMUL"} else []
    return any(tensor is not None and not tensor.constant for tensor in weights)
