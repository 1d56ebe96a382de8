"""Correct the biases of the projections, so that int8 rounding no longer shifts their channels.

Rounding weights and activations moves a channel's mean by about half a step a layer, and the residual
additions of MobileNet V2 hand the shift on from block to block. For each projection in turn (they have
no activation function, so a bias moves the mean by itself) the int8 model, corrected so far, is run
over the pictures and the difference to the float model's mean goes into the int32 bias.
Source: empirical bias correction, Nagel et al. 2019 (arXiv 1906.04721), section 4.2. One after the
other matters: correcting all at once overshoots, and repeating it diverges.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from frozen_graph import normalize
from numpy.typing import NDArray
from tflite_file import Model, convolutions, name, read, scale_and_zero_point, set_values, tensor, values, write

Floats = NDArray[np.float64]


def correct_biases(model: Model, reference: bytes, pictures: Sequence[NDArray[np.uint8]]) -> None:
    """Correct `model` (int8) in place against `reference`, the float .tflite of the same graph.

    `pictures`: uint8 RGB [1, 300, 300, 3] each.

    Raises:
        ValueError: the two models' convolutions don't correspond.
    """
    float_outputs = {
        name(other, operator.outputs[0]): int(operator.outputs[0])
        for other in [read(reference)]
        for operator in convolutions(other)
    }
    projections = [one for one in convolutions(model) if "/project/" in name(model, one.outputs[0])]
    names = [name(model, operator.outputs[0]) for operator in projections]
    if len(names) != 17 or not set(names) <= set(float_outputs):
        raise ValueError("the float model's convolutions aren't those of the int8 model")
    wanted = channel_means(reference, [float_outputs[one] for one in names], pictures)

    for operator, want in zip(projections, wanted, strict=True):
        output, bias = int(operator.outputs[0]), int(operator.inputs[2])
        scale, zero_point = scale_and_zero_point(model, output)
        (raw,) = channel_means(write(model), [output], pictures)
        shift = want - (raw - zero_point) * scale
        steps = np.round(shift / np.asarray(tensor(model, bias).quantization.scale, dtype=np.float64))
        set_values(model, bias, values(model, bias, np.int32) + steps.astype(np.int32))


def channel_means(content: bytes, outputs: Sequence[int], pictures: Sequence[NDArray[np.uint8]]) -> list[Floats]:
    """Run a .tflite over the pictures and give the mean of every channel of the tensors `outputs`.

    The means, float64 [channels] each, are of the stored numbers: int8 ones aren't dequantized.
    """
    interpreter = Interpreter(
        model_content=content,
        # XNNPACK keeps its tensors to itself; one thread adds up in the same order everywhere.
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        experimental_preserve_all_tensors=True,
        num_threads=1,
    )
    interpreter.allocate_tensors()
    (entry,) = interpreter.get_input_details()
    sums: list[Floats] = [np.zeros(1) for _ in outputs]
    for picture in pictures:
        interpreter.set_tensor(entry["index"], picture if entry["dtype"] == np.uint8 else normalize(picture))
        interpreter.invoke()
        for place, output in enumerate(outputs):
            array = interpreter.get_tensor(output).astype(np.float64)
            sums[place] = sums[place] + array.mean(axis=(0, 1, 2))
    return [total / len(pictures) for total in sums]
