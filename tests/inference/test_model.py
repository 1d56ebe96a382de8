"""Real model files: run right, or are refused with what was found and what was expected."""

import os
import shutil
import zipfile
from pathlib import Path

import pytest

from edgevision.capture.picture_file import decode_picture
from edgevision.errors import LabelsError, ModelError
from edgevision.inference.bundled import bundled_model
from edgevision.inference.model import Model

PICTURES = Path(__file__).parents[2] / "edgevision" / "demo" / "pictures"


@pytest.fixture(scope="module")
def person() -> Model:
    return Model(bundled_model("person"))


def test_the_bundled_model_is_an_int8_person_detector(person: Model) -> None:
    assert person.info.task == "detect"
    assert (person.info.input.width, person.info.input.height, person.info.input.dtype) == (300, 300, "uint8")
    assert person.info.labels == ("person",)


@pytest.mark.parametrize("name", ["astronaut.jpg", "grace_hopper.jpg"])
def test_the_bundled_model_finds_one_person_who_fills_the_picture(person: Model, name: str) -> None:
    picture = decode_picture((PICTURES / name).read_bytes())
    found = person.run(picture, threshold=0.5, max_detections=20).detections
    assert [one.label for one in found] == ["person"]
    box = found[0].box
    assert box is not None
    assert (box.xmax - box.xmin) * (box.ymax - box.ymin) > 0.4


def test_the_bundled_model_finds_nobody_in_a_cat(person: Model) -> None:
    picture = decode_picture((PICTURES / "chelsea.jpg").read_bytes())
    assert person.run(picture, threshold=0.5, max_detections=20).detections == []


def test_no_more_detections_than_asked_for(person: Model, shared: Path) -> None:
    picture = decode_picture((shared / "images" / "coco" / "images" / "000000401416.jpg").read_bytes())
    many = person.run(picture, threshold=0.02, max_detections=20).detections
    assert len(many) > 2
    assert person.run(picture, threshold=0.02, max_detections=2).detections == many[:2]


def test_the_sha256_is_the_files(person: Model) -> None:
    (line,) = bundled_model("person").with_suffix(".tflite.sha256").read_text().splitlines()
    assert person.info.sha256 == line.split()[0]


@pytest.mark.parametrize(
    ("name", "label", "score"),
    [
        ("mobilenet_v1_0.75_192_quant", "macaw", 0.5),
        ("mobilenet_v2_1.0_224_quant", "macaw", 0.5),
        ("v3-small_224_1.0_uint8", "macaw", 0.5),
    ],
)
def test_classifiers_know_a_parrot(models: Path, photos: Path, name: str, label: str, score: float) -> None:
    model = Model(models / f"{name}.tflite", labels=models / "imagenet_labels.txt")
    picture = decode_picture((photos / "parrot.jpg").read_bytes())
    best = model.run(picture, threshold=0.1, max_detections=5).detections[0]
    assert best.label == label
    assert best.score >= score


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("traffic_model", r"has 3 inputs .*gives one picture .*and nothing else: no state"),
        ("mobilenet_v1_0.25_128_quant_edgetpu", "compiled for the Edge TPU"),
        ("unresolved_custom_op", "needs an operator that .* doesn't have"),
        ("mobilenet_v1_1.0_224_quant_embedding_extractor", "no labels for 1024 classes"),
    ],
)
def test_models_that_cannot_run_are_refused_with_the_reason(models: Path, name: str, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        Model(models / f"{name}.tflite")


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(b"not a model at all")
    with pytest.raises(ModelError, match=r"is not a \.tflite model"):
        Model(path)
    with pytest.raises(ModelError, match="does not exist"):
        Model(tmp_path / "none.tflite")
    with pytest.raises(ModelError, match="can't be read"):
        Model(tmp_path)


def test_a_pipe_or_a_device_is_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/zero")):
        with pytest.raises(ModelError, match="is no regular file"):
            Model(path)
        with pytest.raises(LabelsError, match="is no regular file"):
            Model(bundled_model("person"), labels=path)


def test_replacing_the_file_does_not_disturb_a_model_that_runs(tmp_path: Path) -> None:
    path = tmp_path / "person.tflite"
    shutil.copy(bundled_model("person"), path)
    model = Model(path)
    picture = decode_picture((PICTURES / "astronaut.jpg").read_bytes())
    before = model.run(picture, threshold=0.3, max_detections=20).detections
    os.truncate(path, 0)
    assert model.run(picture, threshold=0.3, max_detections=20).detections == before


def test_a_task_that_the_model_does_not_do_is_refused(models: Path) -> None:
    with pytest.raises(ModelError, match="to detect, expected the boxes"):
        Model(models / "mobilenet_v1_0.25_128_quant.tflite", task="detect")
    with pytest.raises(ModelError, match="is a detection model"):
        Model(bundled_model("person"), task="classify")


def test_labels_that_do_not_fit_the_model_are_refused(tmp_path: Path) -> None:
    labels = tmp_path / "labels.txt"
    labels.write_text("cat\ndog\nowl\n")
    with pytest.raises(LabelsError, match="3 labels numbered 0 to 2, but the model has 1 or 2 classes"):
        Model(bundled_model("person"), labels=labels)


def test_labels_are_found_beside_a_model_that_has_none_inside(models: Path, tmp_path: Path) -> None:
    model = tmp_path / "vww.tflite"
    shutil.copy(models / "vww_96_int8.tflite", model)
    with pytest.raises(LabelsError, match=r"no labels for 2 classes: neither inside .* nor in vww\.txt beside it"):
        Model(model)
    shutil.copy(models / "vww_labels.txt", tmp_path / "vww.txt")
    assert Model(model).info.labels == ("no person", "person")


def test_damaged_packed_labels_are_refused_and_can_be_replaced(tmp_path: Path) -> None:
    content = bytearray(bundled_model("person").read_bytes())
    with zipfile.ZipFile(bundled_model("person")) as archive:
        (entry,) = archive.infolist()
    content[entry.header_offset] ^= 0xFF
    model = tmp_path / "person.tflite"
    model.write_bytes(content)
    with pytest.raises(LabelsError, match="can't be read"):
        Model(model)
    labels = tmp_path / "labels.txt"
    labels.write_text("human\n")
    assert Model(model, labels=labels).info.labels == ("human",)


def test_a_damaged_name_inside_is_refused(tmp_path: Path) -> None:
    content = bundled_model("person").read_bytes()
    model = tmp_path / "person.tflite"
    model.write_bytes(content.replace(b"detection_scores", b"detection_sc\xffres"))
    with pytest.raises(ModelError, match="damaged"):
        Model(model)


def test_a_measured_number_of_threads_gives_the_same_detections(person: Model) -> None:
    picture = decode_picture((PICTURES / "astronaut.jpg").read_bytes())
    measured = Model(bundled_model("person"), threads=None)
    assert measured.info.threads >= 1
    wanted = person.run(picture, threshold=0.3, max_detections=20).detections
    assert measured.run(picture, threshold=0.3, max_detections=20).detections == wanted
