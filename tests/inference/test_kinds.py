"""MobileNets with every kind of input, numbers and output say through edgevision what a bare interpreter says."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edgevision.errors import LabelsError, ModelError
from edgevision.inference.model import Model
from edgevision.inference.normalization import Normalization, alike
from edgevision.inference.preprocess import Resize
from tests.bare import bare_interpreter, central
from tests.inference.small_mobilenet import LABELS, Form, small_mobilenet
from tests.inference.tflite_writer import Scalar, TfliteWriter, byte, normalization_metadata

ZERO_TO_ONE = normalization_metadata([0.0], [255.0])


def model_file(folder: Path, form: Form, labels: tuple[str, ...] = LABELS) -> Path:
    path = folder / "small.tflite"
    path.write_bytes(small_mobilenet(form))
    path.with_suffix(".txt").write_text("\n".join(labels))
    return path


def pictures() -> list[NDArray[np.uint8]]:
    random = np.random.default_rng(2)
    return [
        cv2.resize(random.integers(0, 256, (6, 8, 3), np.uint8), (160, 120)).clip(low, high).astype(np.uint8)
        for low, high in ((0, 255), (0, 90), (170, 255))
    ]


def bare_scores(path: Path, picture: NDArray[np.uint8], mean: float, std: float) -> NDArray[np.float64]:
    """What the interpreter says to the central part of the picture, (pixel - mean) / std, quantized by the book."""
    interpreter = bare_interpreter(path)
    given, taken = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    _, height, width, channels = given["shape"]
    pixels = cv2.resize(central(picture), (int(width), int(height)), interpolation=cv2.INTER_LINEAR)
    pixels = pixels[..., ::-1] if channels == 3 else cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY)[..., np.newaxis]
    real = (pixels.astype(np.float64) - mean) / std
    scale, zero_point = given["quantization"]
    if scale:
        limits = np.iinfo(given["dtype"])
        real = np.clip(np.round(real / scale) + zero_point, limits.min, limits.max)
    interpreter.set_tensor(given["index"], np.ascontiguousarray(real.astype(given["dtype"]))[np.newaxis])
    interpreter.invoke()
    raw = interpreter.get_tensor(taken["index"]).reshape(-1).astype(np.float64)
    scale, zero_point = taken["quantization"]
    return np.asarray((raw - zero_point) * scale if scale else raw)


def scores(model: Model, picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    found = {one.label: one.score for one in model.run(picture, threshold=0.0, max_detections=9).detections}
    return np.array([found[label] for label in LABELS])


@pytest.mark.parametrize(
    ("form", "mean", "std"),
    [
        (Form("float32"), 127.5, 127.5),
        (Form("float32", float16_weights=True), 127.5, 127.5),
        (Form("float32", channels=1), 127.5, 127.5),
        (Form("float32", height=47, width=90), 127.5, 127.5),
        (Form("float32", metadata=ZERO_TO_ONE), 0, 255),
        (Form("float32", rescales=True), 0, 1),
        (Form("float32", rescales=True, float16_weights=True), 0, 1),
        (Form("int16"), 127.5, 127.5),
        (Form("int16", channels=1, height=33, width=20), 127.5, 127.5),
        (Form("int16", input=(255 / 32767, 0), gain=1 / 128), 0, 1),
        (Form("int16", metadata=ZERO_TO_ONE), 0, 255),
        (Form("uint8"), 128, 128),
        (Form("uint8", channels=1), 128, 128),
        (Form("uint8", height=64, width=24), 128, 128),
        (Form("int8"), 128, 128),
        (Form("int8", channels=1, height=30, width=50), 128, 128),
        (Form("int8", input=(1 / 255, -128)), 0, 255),
        # The file says that half of the range is used.
        (Form("int8", metadata=ZERO_TO_ONE), 0, 255),
        (Form("uint8", metadata=ZERO_TO_ONE), 0, 255),
        # Rounding apart, these say that a pixel goes in as it is.
        (Form("uint8", metadata=normalization_metadata([127.5], [127.5])), 128, 128),
        (Form("int8", metadata=normalization_metadata([128.0] * 3, [128.0] * 3)), 128, 128),
        # These contradict the quantization, in which no pixel but 0 would find its place.
        (Form("uint8", metadata=normalization_metadata([0.0], [1.0])), 128, 128),
    ],
    ids=str,
)
def test_every_kind_of_input_gets_what_the_model_was_trained_with(
    tmp_path: Path, form: Form, mean: float, std: float
) -> None:
    path = model_file(tmp_path, form)
    model = Model(path)
    assert (model.info.input.height, model.info.input.width) == (form.height, form.width)
    assert (model.info.input.channels, model.info.input.dtype) == (form.channels, form.dtype)
    assert model.info.normalization_assumed is (mean == 127.5)
    answers = [(scores(model, picture), bare_scores(path, picture, mean, std)) for picture in pictures()]
    for ours, bare in answers:
        assert ours == pytest.approx(bare, abs=1e-6)
    assert np.ptp([ours for ours, _ in answers], axis=0).max() > 0.01, "the pictures make no difference"


@pytest.mark.parametrize("form", [Form("float32", metadata=ZERO_TO_ONE), Form("int16"), Form("uint8"), Form("int8")])
def test_the_users_own_normalization_holds_before_all_else(tmp_path: Path, form: Form) -> None:
    path = model_file(tmp_path, form)
    model = Model(path, normalization=alike(100, 200))
    assert not model.info.normalization_assumed
    for picture in pictures():
        assert scores(model, picture) == pytest.approx(bare_scores(path, picture, 100, 200), abs=1e-6)


def test_a_grey_model_has_one_mean(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"grey pictures.*one mean"):
        Model(model_file(tmp_path, Form(channels=1)), normalization=Normalization((1, 2, 3), (1, 1, 1)))


@pytest.mark.parametrize("dtype", ["float32", "uint8", "int8", "int16"])
def test_logits_become_probabilities_whatever_the_numbers(tmp_path: Path, dtype: str) -> None:
    path = model_file(tmp_path, Form(dtype, end="logits"))  # type: ignore[arg-type]  # one of its literals
    for picture in pictures():
        logits = bare_scores(path, picture, *((127.5, 127.5) if dtype in ("float32", "int16") else (128, 128)))
        wanted = np.exp(logits) / np.exp(logits).sum()
        assert scores(Model(path), picture) == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "uint8", "int8", "int16"])
@pytest.mark.parametrize("end", ["LOGISTIC", "logits"])
def test_one_number_is_the_probability_of_the_second_of_two_classes(tmp_path: Path, dtype: str, end: str) -> None:
    form = Form(dtype, classes=1, end=end)  # type: ignore[arg-type]  # one of its literals
    picture = pictures()[0]
    path = model_file(tmp_path, form, ("cold", "warm"))
    probability = bare_scores(path, picture, *((127.5, 127.5) if dtype in ("float32", "int16") else (128, 128)))[0]
    if end == "logits":
        probability = 1 / (1 + np.exp(-probability))
    found = Model(path).run(picture, threshold=0.0, max_detections=9).detections
    assert {one.label: one.score for one in found} == pytest.approx({"cold": 1 - probability, "warm": probability})
    path = model_file(tmp_path, form, ("warm",))
    found = Model(path).run(picture, threshold=0.0, max_detections=9).detections
    assert {one.label: one.score for one in found} == pytest.approx({"warm": probability})
    with pytest.raises(LabelsError, match="the model has 1 or 2 classes"):
        Model(model_file(tmp_path, form, ("a", "b", "c")))


@pytest.mark.parametrize("dtype", ["float32", "uint8", "int8", "int16"])
def test_an_embedding_is_the_dequantized_vector(tmp_path: Path, dtype: str) -> None:
    path = tmp_path / "features.tflite"
    path.write_bytes(small_mobilenet(Form(dtype, classes=7, end="logits")))  # type: ignore[arg-type]  # a literal
    model = Model(path, task="embed")
    assert (model.info.task, model.info.labels) == ("embed", ())
    for picture in pictures():
        answer = model.run(picture, threshold=0.5, max_detections=1)
        wanted = bare_scores(path, picture, *((127.5, 127.5) if dtype in ("float32", "int16") else (128, 128)))
        assert answer.detections == []
        assert answer.vector is not None
        assert answer.vector == pytest.approx(wanted, abs=1e-6)


def test_the_embedding_extractor_gives_its_1024_features(models: Path) -> None:
    path = models / "mobilenet_v1_1.0_224_quant_embedding_extractor.tflite"
    model = Model(path, task="embed")
    for picture in pictures():
        vector = model.run(picture, threshold=0.5, max_detections=1).vector
        assert vector is not None
        assert vector.shape == (1024,)
        assert vector == pytest.approx(bare_scores(path, picture, 128, 128), abs=1e-6)
    with pytest.raises(LabelsError, match=r"no labels for 1024 classes.*model\.task to embed"):
        Model(path)


def test_a_detector_gives_no_vector(models: Path) -> None:
    with pytest.raises(ModelError, match=r"is a detection model .* set to embed"):
        Model(models / "coco_ssd_mobilenet_v1_1.0_quant.tflite", task="embed")


@pytest.mark.parametrize("resize", ["stretch", "crop", "letterbox"])
def test_boxes_are_fractions_of_the_whole_picture_however_it_is_resized(
    models: Path, photos: Path, resize: Resize
) -> None:
    """The dog of a photo, at the place where the others see it, too."""
    path, labels = models / "coco_ssd_mobilenet_v1_1.0_quant.tflite", models / "coco_ssd_labels.txt"
    picture = cv2.imread(str(photos / "cat_720p.jpg"))
    assert picture is not None
    boxes = []
    for way in ("stretch", resize):
        model = Model(path, labels=labels, resize=way)
        found = model.run(np.asarray(picture, np.uint8), threshold=0.4, max_detections=20).detections
        box = next(one.box for one in found if one.label == "cat")
        assert box is not None
        boxes.append((box.xmin, box.ymin, box.xmax, box.ymax))
    assert boxes[1] == pytest.approx(boxes[0], abs=0.08)


@pytest.mark.parametrize("resize", ["stretch", "crop", "letterbox"])
def test_a_classifier_sees_what_it_is_asked_to(tmp_path: Path, resize: Resize) -> None:
    path = model_file(tmp_path, Form("uint8"))
    picture = pictures()[0]
    height, width = picture.shape[:2]
    seen = {
        "stretch": picture,
        "crop": central(picture),
        "letterbox": np.pad(picture, (((width - height) // 2,) * 2, (0, 0), (0, 0)), constant_values=127),
    }[resize]
    wanted = Model(path, resize="stretch").run(np.ascontiguousarray(seen), threshold=0.0, max_detections=9).detections
    found = Model(path, resize=resize).run(picture, threshold=0.0, max_detections=9).detections
    assert [one.label for one in found] == [one.label for one in wanted]
    assert [one.score for one in found] == pytest.approx([one.score for one in wanted], abs=0.03)


def test_metadata_that_is_damaged_is_refused_unless_the_user_says_it(tmp_path: Path) -> None:
    for metadata in (
        normalization_metadata([0.0], [0.0]),
        normalization_metadata([float("nan")], [1.0]),
        normalization_metadata([1.0, 2.0], [1.0]),
        b"\xff" * 40,
        b"",
        ZERO_TO_ONE[:20],
        ZERO_TO_ONE[:8] + b"\xff" * (len(ZERO_TO_ONE) - 8),
    ):
        path = model_file(tmp_path, Form(metadata=metadata))
        with pytest.raises(ModelError, match=r"small\.tflite has damaged metadata .* set model\.normalize"):
            Model(path)
        Model(path, normalization=alike(0, 255))


@pytest.mark.parametrize("place", range(0, len(ZERO_TO_ONE), 3))
def test_no_flipped_bit_in_the_metadata_does_more_than_refuse(tmp_path: Path, place: int) -> None:
    for bit in range(8):
        damaged = bytearray(ZERO_TO_ONE)
        damaged[place] ^= 1 << bit
        try:
            Model(model_file(tmp_path, Form(metadata=bytes(damaged))))
        except ModelError as error:
            assert "damaged metadata" in str(error)


@pytest.mark.parametrize("shape", [(1, 1, 1, 3), (1, 3, 32, 32), (1, 32, 32, 4), (8, 32, 32, 3)])
def test_another_input_is_refused_with_what_was_found(tmp_path: Path, shape: tuple[int, ...]) -> None:
    writer = TfliteWriter()
    given = writer.tensor(shape, "float32", name="picture")
    output = writer.operator("LOGISTIC", [given], writer.tensor(shape, "float32"))
    path = tmp_path / "odd.tflite"
    path.write_bytes(writer.finish([given], [output]))
    with pytest.raises(ModelError, match=r"has the input 'picture' \[.*edgevision gives one picture"):
        Model(path)


def test_what_a_compiler_hides_is_taken_from_the_twin(tmp_path: Path) -> None:
    """The second file has neither labels nor metadata; its scores are logits, which its quantization doesn't tell."""
    twin = Model(model_file(tmp_path, Form("float32", metadata=ZERO_TO_ONE)))
    path = tmp_path / "bare_edgetpu.tflite"
    path.write_bytes(small_mobilenet(Form("float32", end="logits")))
    model = Model(path, twin=twin)
    assert model.info.labels == twin.info.labels
    picture = pictures()[0]
    found = {one.label: one.score for one in model.run(picture, threshold=-99.0, max_detections=9).detections}
    logits = bare_scores(path, picture, 0, 255)
    assert found == pytest.approx(dict(zip(LABELS, logits, strict=True)), abs=1e-5)


def test_labels_of_the_model_that_was_compiled_serve_the_compiled_one(tmp_path: Path) -> None:
    path = model_file(tmp_path, Form("uint8"))
    compiled = path.with_name("small_edgetpu.tflite")
    compiled.write_bytes(path.read_bytes())
    assert Model(compiled).info.labels == LABELS


def test_a_file_that_has_been_read_is_not_read_again(tmp_path: Path) -> None:
    content = small_mobilenet(Form("uint8"))
    path = tmp_path / "not_there.tflite"
    path.with_suffix(".txt").write_text("\n".join(LABELS))
    assert Model(path, content=content).info.labels == LABELS


def test_a_size_that_is_left_open_is_named_where_the_runtime_only_fails(tmp_path: Path) -> None:
    """As Keras exports it: both sides 1, and a network that needs more."""
    writer = TfliteWriter()
    given = writer.tensor((1, 1, 1, 3), "float32", open_shape=(1, -1, -1, 3))
    pooled = writer.tensor((1, 1, 1, 3), "float32")
    options = {0: byte(1), 1: Scalar(1), 2: Scalar(1), 3: Scalar(7), 4: Scalar(7), 5: byte(0)}
    writer.operator("AVERAGE_POOL_2D", [given], pooled, options)
    path = tmp_path / "open.tflite"
    path.write_bytes(writer.finish([given], [pooled]))
    with pytest.raises(ModelError, match=r"size .* open.*with a fixed height and width"):
        Model(path)
