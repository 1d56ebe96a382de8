"""What goes into a model and comes out of it means the same whatever numbers it calculates with."""

import itertools
from pathlib import Path

import numpy as np
import pytest

from edgevision.inference.model import Model
from edgevision.inference.runtime import Runtime
from tests.inference.fake_interpreter import LABELS, SIDE, End, FakeInterpreter, model_file

INPUTS = {"uint8": End("uint8", 1 / 128, 128), "int8": End("int8", 0.0078, -1), "float32": End("float32")}
WHITE_AND_BLACK = {"uint8": (255, 0), "int8": (127, -128), "float32": (1.0, -1.0)}

OUTPUTS = {
    "uint8": End("uint8", 0.05, 60),
    "int8": End("int8", 0.05, -28),
    "float32": End("float32"),
}
LOGITS = (-1.0, 0.5, 3.0)
PROBABILITIES = (0.05, 0.25, 0.7)


def stored(real: tuple[float, ...], output: End) -> list[float]:
    """`real` values as the output holds them."""
    return [round(value / output.scale) + output.zero_point if output.scale else value for value in real]


def scores(folder: Path, interpreter: FakeInterpreter) -> dict[str, float]:
    """The score that each label gets."""
    model = Model(model_file(folder), runtime=interpreter.runtime())
    picture = np.full((SIDE, SIDE, 3), 255, np.uint8)
    return {one.label: one.score for one in model.run(picture, threshold=0.0, max_detections=3).detections}


@pytest.mark.parametrize("operators", [["CONV_2D", "FULLY_CONNECTED"], ["SOFTMAX", "FULLY_CONNECTED", "QUANTIZE"]])
@pytest.mark.parametrize(("given", "taken"), list(itertools.product(INPUTS, OUTPUTS)))
def test_logits_become_probabilities(tmp_path: Path, given: str, taken: str, operators: list[str]) -> None:
    output = OUTPUTS[taken]
    found = scores(tmp_path, FakeInterpreter(INPUTS[given], output, stored(LOGITS, output), operators))
    assert sum(found.values()) == pytest.approx(1.0)
    wanted = np.exp(LOGITS) / np.exp(LOGITS).sum()
    assert found == pytest.approx(dict(zip(LABELS, wanted, strict=True)), rel=1e-5)
    assert list(found) == ["owl", "dog", "cat"]


@pytest.mark.parametrize("operators", [["FULLY_CONNECTED", "SOFTMAX"], ["SOFTMAX", "RESHAPE", "DEQUANTIZE"]])
@pytest.mark.parametrize(("given", "taken"), list(itertools.product(INPUTS, OUTPUTS)))
def test_probabilities_are_left_alone(tmp_path: Path, given: str, taken: str, operators: list[str]) -> None:
    output = OUTPUTS[taken]
    found = scores(tmp_path, FakeInterpreter(INPUTS[given], output, stored(PROBABILITIES, output), operators))
    assert found == pytest.approx(dict(zip(LABELS, PROBABILITIES, strict=True)))


@pytest.mark.parametrize("given", INPUTS)
def test_white_and_black_are_the_ends_of_the_range_that_the_model_takes(tmp_path: Path, given: str) -> None:
    interpreter = FakeInterpreter(INPUTS[given], OUTPUTS["float32"], list(PROBABILITIES), ["SOFTMAX"])
    model = Model(model_file(tmp_path), runtime=interpreter.runtime())
    for pixel, value in zip((255, 0), WHITE_AND_BLACK[given], strict=True):
        model.run(np.full((SIDE, SIDE, 3), pixel, np.uint8), threshold=0.5, max_detections=1)
        assert set(interpreter.shown.flat) == {value}


@pytest.mark.parametrize(("asked", "opened"), [(3, [3]), (1, [1])])
def test_the_runtime_is_asked_for_that_many_threads(tmp_path: Path, asked: int, opened: list[int]) -> None:
    interpreter = FakeInterpreter(INPUTS["uint8"], OUTPUTS["float32"], list(PROBABILITIES), ["SOFTMAX"])
    model = Model(model_file(tmp_path), threads=asked, runtime=interpreter.runtime())
    assert interpreter.threads == opened
    assert model.info.threads == asked


def test_the_number_of_threads_that_measures_fastest_is_the_one_that_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = {1: 3.0, 2: 1.0, 4: 2.0}
    invoked = []

    class Opened(FakeInterpreter):
        def invoke(self) -> None:
            invoked.append(self.threads[0])

    def opened(*, num_threads: int, **_: object) -> Opened:
        return Opened(INPUTS["uint8"], OUTPUTS["float32"], list(PROBABILITIES), ["SOFTMAX"], [num_threads])

    monkeypatch.setattr("edgevision.inference.model.thread_counts", lambda: list(seconds))
    monkeypatch.setattr("edgevision.inference.model._time_invoke", lambda interpreter: seconds[interpreter.threads[0]])
    model = Model(model_file(tmp_path), threads=None, runtime=Runtime("fake", "1.0", opened, object))
    assert model.info.threads == 2
    model.run(np.zeros((SIDE, SIDE, 3), np.uint8), threshold=0.5, max_detections=1)
    assert invoked == [2]
