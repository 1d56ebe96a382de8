"""A model compiled for the Edge TPU finds the one it was compiled from, and is told apart from all others."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from edgevision.errors import ModelError
from edgevision.inference.edgetpu.delegate import LIBRARY_VARIABLE, Accelerator
from edgevision.inference.labels import Labels
from edgevision.inference.opening import Choice, open_accelerated
from edgevision.inference.tensors import Tensor
from edgevision.inference.twins import Pair, compare_labels, compare_tensors, find_pair
from edgevision.inference.vetting import Ends

NAME = "mobilenet_v1_0.25_128_quant"
AUTO, CPU, EDGETPU = (Accelerator.parse(text) for text in ("auto", "cpu", "edgetpu"))
PAIR = Pair(Path("x.tflite"), Path("x_edgetpu.tflite"))
ENDS = Ends(
    (Tensor(0, "in", (1, 128, 128, 3), "uint8", 1 / 128, 128),), (Tensor(9, "out", (1, 1001), "uint8", 1 / 256),)
)


@pytest.fixture
def folder(models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with both twins, on a machine without an Edge TPU."""
    monkeypatch.delenv(LIBRARY_VARIABLE, raising=False)
    monkeypatch.setattr("edgevision.inference.twins.find_devices", list)
    for name in (NAME, f"{NAME}_edgetpu"):
        shutil.copy(models / f"{name}.tflite", tmp_path)
    return tmp_path


@pytest.fixture
def cpu(folder: Path) -> Path:
    return folder / f"{NAME}.tflite"


@pytest.fixture
def compiled(folder: Path) -> Path:
    return folder / f"{NAME}_edgetpu.tflite"


def test_a_compiled_model_finds_its_twin_by_its_name(cpu: Path, compiled: Path) -> None:
    assert find_pair(compiled, None, AUTO) == Pair(cpu, compiled)
    assert find_pair(compiled, None, EDGETPU) == Pair(cpu, compiled)


def test_a_twin_of_another_name_is_given(cpu: Path, compiled: Path, folder: Path) -> None:
    other = cpu.rename(folder / "other.tflite")
    assert find_pair(compiled, other, AUTO) == Pair(other, compiled)


def test_on_the_cpu_only_the_twin_runs(cpu: Path, compiled: Path) -> None:
    assert find_pair(compiled, None, CPU) == Pair(cpu, None)


def test_the_edge_tpu_gets_the_compiled_model_beside_the_one_that_is_named(cpu: Path, compiled: Path) -> None:
    assert find_pair(cpu, None, EDGETPU) == Pair(cpu, compiled)


def test_by_itself_the_edge_tpu_is_used_only_where_there_is_one(
    cpu: Path, compiled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_pair(cpu, None, AUTO) == Pair(cpu, None)
    monkeypatch.setattr("edgevision.inference.twins.find_devices", lambda: ["one"])
    assert find_pair(cpu, None, AUTO) == Pair(cpu, compiled)
    compiled.unlink()
    assert find_pair(cpu, None, AUTO) == Pair(cpu, None)


def test_without_a_twin_to_fall_back_to_a_compiled_model_is_refused(cpu: Path, compiled: Path, folder: Path) -> None:
    cpu.unlink()
    for accelerator in (AUTO, CPU, EDGETPU):
        with pytest.raises(ModelError, match=rf"there is no {NAME}\.tflite beside it: set model\.cpu_path"):
            find_pair(compiled, None, accelerator)
    renamed = compiled.rename(folder / "mine.tflite")
    with pytest.raises(ModelError, match=r"mine\.tflite is compiled for the Edge TPU: set model\.cpu_path"):
        find_pair(renamed, None, AUTO)
    with pytest.raises(ModelError, match=r"gone\.tflite does not exist"):
        find_pair(renamed, folder / "gone.tflite", AUTO)
    with pytest.raises(ModelError, match="is compiled for the Edge TPU itself"):
        find_pair(renamed, renamed, AUTO)


def test_what_is_not_compiled_is_not_sent_to_the_edge_tpu(cpu: Path, compiled: Path) -> None:
    compiled.unlink()
    with pytest.raises(ModelError, match=r"isn't compiled for the Edge TPU, and there is no .* beside it: compile it"):
        find_pair(cpu, None, EDGETPU)
    with pytest.raises(ModelError, match=r"it has no use for model\.cpu_path"):
        find_pair(cpu, cpu, AUTO)


def test_what_is_only_named_as_compiled_is_refused_for_the_edge_tpu(
    cpu: Path, compiled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copyfile(cpu, compiled.with_name("plain"))
    compiled.with_name("plain").replace(compiled)
    assert find_pair(cpu, None, AUTO) == Pair(cpu, None)
    for path in (cpu, compiled):
        with pytest.raises(ModelError, match=rf"{NAME}_edgetpu\.tflite isn't compiled .* as its name says"):
            find_pair(path, None, EDGETPU)
    monkeypatch.setattr("edgevision.inference.twins.find_devices", lambda: ["one"])
    with pytest.raises(ModelError, match="as its name says"):
        find_pair(cpu, None, AUTO)


def test_twins_may_differ_in_names_and_in_the_last_digits_of_a_scale() -> None:
    output = replace(ENDS.outputs[0], name="other", index=1, scale=1 / 256 * 1.000001)
    compare_tensors(PAIR, ENDS, replace(ENDS, outputs=(output,)))


@pytest.mark.parametrize(
    ("compiled", "words"),
    [
        (replace(ENDS, outputs=(replace(ENDS.outputs[0], shape=(1, 965)),)), r"the output is .*1001.*965"),
        (replace(ENDS, outputs=(replace(ENDS.outputs[0], dtype="int8"),)), r"the output is .*uint8.*int8"),
        (replace(ENDS, outputs=(replace(ENDS.outputs[0], scale=0.1),)), "the output is .*scale 0.1"),
        (replace(ENDS, outputs=(replace(ENDS.outputs[0], zero_point=3),)), "the output is .*zero point 3"),
        (replace(ENDS, outputs=ENDS.outputs * 2), "the output is .*of the one"),
        (replace(ENDS, inputs=(replace(ENDS.inputs[0], shape=(1, 224, 224, 3)),)), "the input is .*224"),
    ],
)
def test_a_model_that_is_no_twin_is_refused(compiled: Ends, words: str) -> None:
    with pytest.raises(ModelError, match=rf"x\.tflite is not what x_edgetpu\.tflite was compiled from: {words}"):
        compare_tensors(PAIR, ENDS, compiled)


@pytest.mark.parametrize("labels", [("cat", "dog"), ("cat", None)])
def test_a_twin_with_other_labels_is_refused(labels: Labels) -> None:
    compare_labels(PAIR, labels, labels)
    with pytest.raises(ModelError, match=f"class 1 is {labels[1]!r} in the one, 'owl' in the other"):
        compare_labels(PAIR, labels, ("cat", "owl"))


def test_real_twins_are_compared_before_anything_is_asked_of_the_edge_tpu(
    models: Path, cpu: Path, compiled: Path
) -> None:
    given = {"labels": models / "imagenet_labels.txt"}
    other = models / "mobilenet_v1_0.5_160_quant.tflite"
    with pytest.raises(ModelError, match=r"the input is .*160.*128"):
        open_accelerated(Choice(compiled, options=given), Pair(other, compiled), "")
    for path in (cpu, compiled):  # without the labels that are packed into both
        path.write_bytes(path.read_bytes().partition(b"PK\3\4")[0])
    compiled.with_suffix(".txt").write_text("\n".join(f"other {number}" for number in range(1001)))
    shutil.copy(models / "imagenet_labels.txt", cpu.with_suffix(".txt"))
    with pytest.raises(ModelError, match=r"class 0 is .* in the one, 'other 0' in the other"):
        open_accelerated(Choice(compiled), Pair(cpu, compiled), "")


def test_a_damaged_compiled_model_is_refused(cpu: Path, compiled: Path, models: Path) -> None:
    compiled.write_bytes(compiled.read_bytes()[:-100_000])
    with pytest.raises(ModelError, match=r"_edgetpu\.tflite"):
        open_accelerated(Choice(compiled, options={"labels": models / "imagenet_labels.txt"}), Pair(cpu, compiled), "")
