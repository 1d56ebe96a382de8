"""Scores of a classifier are read as what the model made them."""

import numpy as np
import pytest

from edgevision.inference.classify import gives_probabilities, read_classes, softmax
from edgevision.inference.tensors import Operator, Tensor

OUTPUT = Tensor(9, "scores", (1, 3), "uint8", 1 / 256, 0)


@pytest.mark.parametrize(
    ("operators", "probabilities"),
    [
        ([Operator("SOFTMAX", (8,), (9,))], True),
        ([Operator("LOGISTIC", (8,), (9,))], True),
        ([Operator("SOFTMAX", (7,), (8,)), Operator("QUANTIZE", (8,), (9,))], True),
        (
            [Operator("SOFTMAX", (6,), (7,)), Operator("RESHAPE", (7, 1), (8,)), Operator("DEQUANTIZE", (8,), (9,))],
            True,
        ),
        ([Operator("FULLY_CONNECTED", (8, 1, 2), (9,))], False),
        ([Operator("SOFTMAX", (6,), (7,)), Operator("FULLY_CONNECTED", (7, 1, 2), (9,))], False),
    ],
)
def test_the_last_operator_tells_probabilities_from_logits(operators: list[Operator], probabilities: bool) -> None:
    assert gives_probabilities(OUTPUT, operators) is probabilities


def test_without_operators_the_quantization_of_softmax_tells() -> None:
    assert gives_probabilities(OUTPUT, [])
    assert gives_probabilities(Tensor(9, "scores", (1, 3), "int8", 1 / 256, -128), [])
    assert gives_probabilities(Tensor(9, "scores", (1, 3), "int16", 1 / 32768, 0), [])
    assert not gives_probabilities(Tensor(9, "scores", (1, 3), "uint8", 0.17, 66), [])
    assert not gives_probabilities(Tensor(9, "scores", (1, 3), "int16", 0.001, 0), [])


def test_softmax_makes_probabilities_of_any_logits() -> None:
    probabilities = softmax(np.array([1000.0, 1001.0, -1000.0]))
    assert probabilities == pytest.approx([0.26894, 0.73106, 0.0], abs=1e-5)


def test_classes_come_sorted_and_cut_at_the_threshold() -> None:
    found = read_classes(np.array([0.5, 0.1, 0.9]), ("cat", "dog", "owl"), 0.5)
    assert [(one.label, one.score, one.box) for one in found] == [("owl", 0.9, None), ("cat", 0.5, None)]


@pytest.mark.parametrize(("dtype", "raw", "zero_point"), [("uint8", 200, 100), ("int8", 100, -0), ("int8", 72, -28)])
def test_dequantizing_does_not_wrap(dtype: str, raw: int, zero_point: int) -> None:
    tensor = Tensor(0, "t", (1,), dtype, 0.5, zero_point)
    assert tensor.dequantize(np.array([raw], dtype)) == pytest.approx([50.0])
