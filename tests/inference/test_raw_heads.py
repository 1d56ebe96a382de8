"""A detector without post-processing finds what the same detector with it finds."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edgevision.capture.picture_file import decode_picture
from edgevision.errors import ModelError
from edgevision.inference.bundled import bundled_model
from edgevision.inference.detection import Detection
from edgevision.inference.model import Model
from edgevision.inference.preprocess import InputFormat
from edgevision.inference.raw_heads import RawHeads, RawHeadsReader, decode, find_raw_heads, open_raw_heads, suppress
from edgevision.inference.reader import Wanted
from edgevision.inference.ssd_parameters import PostProcessing, ScoreConverter, SsdAnchorGenerator, SsdParameters
from edgevision.inference.tensors import Graph, Operator, Tensor
from tests.bare import Found
from tests.inference.raw_heads_file import raw_heads_of
from tests.system.agreement import assert_agree, intersection_over_union

NO_PARAMETERS = SsdParameters()


@pytest.fixture(scope="module")
def raw_person(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled model without its post-processing; its labels are still inside."""
    path = tmp_path_factory.mktemp("raw") / "person_raw.tflite"
    path.write_bytes(raw_heads_of(bundled_model("person").read_bytes()))
    path.with_suffix(".yaml").write_text("{}")
    return path


def found(detections: list[Detection]) -> list[Found]:
    boxes = [one.box for one in detections]
    return [
        Found(one.label, one.score, None if box is None else (box.xmin, box.ymin, box.xmax, box.ymax))
        for one, box in zip(detections, boxes, strict=True)
    ]


def test_the_raw_twin_of_the_bundled_model_agrees_with_it_on_every_picture(raw_person: Path, shared: Path) -> None:
    raw, person = Model(raw_person), Model(bundled_model("person"))
    assert (raw.info.task, raw.info.labels) == ("detect", ("person",))
    sure = 0
    for picture in sorted((shared / "images").rglob("*.jpg")):
        image = decode_picture(picture.read_bytes())
        ours, theirs = (found(one.run(image, threshold=0.1, max_detections=50).detections) for one in (raw, person))
        assert_agree(ours, theirs, sure=0.11, score=0.01, overlap=0.95)
        assert len(ours) == len(theirs)
        sure += len(ours)
    assert sure > 80


def test_quantized_encodings_and_scores_of_ninety_classes_are_read_as_the_operator_reads_them(
    tmp_path: Path, models: Path, photos: Path
) -> None:
    """The operator in this model keeps one class an anchor and quantizes its anchors: the best of each photo agrees."""
    path = models / "coco_ssd_mobilenet_v1_1.0_quant.tflite"
    raw_path = tmp_path / "coco.tflite"
    raw_path.write_bytes(raw_heads_of(path.read_bytes()))
    raw_path.with_suffix(".yaml").write_text("{}")
    raw, whole = (Model(file, labels=models / "coco_ssd_labels.txt") for file in (raw_path, path))
    for photo in photos.glob("*.jpg"):
        image = decode_picture(photo.read_bytes())
        ours, theirs = (found(one.run(image, threshold=0.1, max_detections=50).detections) for one in (raw, whole))
        assert ours[0].label == theirs[0].label
        assert ours[0].score == pytest.approx(theirs[0].score)
        assert intersection_over_union(ours[0].box, theirs[0].box) > 0.9


def test_scores_that_the_model_leaves_raw_are_converted(tmp_path: Path, models: Path, photos: Path) -> None:
    content = (models / "coco_ssd_mobilenet_v1_1.0_quant.tflite").read_bytes()
    found_by = []
    for logits in (False, True):
        path = tmp_path / f"{logits}.tflite"
        path.write_bytes(raw_heads_of(content, logits=logits))
        path.with_suffix(".yaml").write_text("{}")
        model = Model(path, labels=models / "coco_ssd_labels.txt")
        found_by.append(
            [
                found(model.run(decode_picture(photo.read_bytes()), threshold=0.3, max_detections=50).detections)
                for photo in sorted(photos.glob("*.jpg"))
            ]
        )
    for converted, raw in zip(*found_by, strict=True):
        assert_agree(converted, raw, sure=0.5, score=0.01, overlap=0.9)


def test_a_missing_yaml_is_asked_for_by_its_name(raw_person: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.tflite"
    path.write_bytes(raw_person.read_bytes())
    with pytest.raises(ModelError, match=r"mine\.tflite gives raw box encodings.*mine\.yaml.*ssd_anchor_generator"):
        Model(path)
    path.with_suffix(".yaml").write_text("ssd_anchor_generator: {num_layers: 5}")
    with pytest.raises(ModelError, match="has 1917 boxes, but its SSD parameters give 1911 anchors for 300x300"):
        Model(path)
    path.with_suffix(".yaml").write_text("ssd_anchor_generator: {layers: 5}")
    with pytest.raises(ModelError, match=r"^\S*mine\.yaml: ssd_anchor_generator\.layers: there is no such key"):
        Model(path)


def outputs(
    *shapes: tuple[int, ...], names: tuple[str, str] = ("a", "b"), operators: tuple[Operator, ...] = ()
) -> Graph:
    tensors = tuple(
        Tensor(number, name, shape, "float32") for number, (name, shape) in enumerate(zip(names, shapes, strict=True))
    )
    return Graph((), tensors, {}, operators)


@pytest.mark.parametrize("boxes", [(1, 1917, 4), (1, 1917, 1, 4)])
def test_boxes_and_scores_are_told_apart_by_their_shapes(boxes: tuple[int, ...]) -> None:
    scores = (1, 1917, 91)
    for order in ((boxes, scores), (scores, boxes)):
        heads = find_raw_heads(outputs(*order))
        assert heads is not None
        assert (heads.boxes.shape, heads.scores.shape) == (boxes, scores)


@pytest.mark.parametrize(
    ("names", "operators"),
    [
        (("raw_outputs/box_encodings", "raw_outputs/class_predictions"), ()),
        (("concat", "class_scores"), ()),
        (("Squeeze", "convert_scores"), ()),
        (("x/BoxPredictor/BoxEncodingPredictor_locations", "Identity_scores"), ()),
        (("Identity", "Identity_1"), (Operator("CONCATENATION", (5,), (0,)), Operator("LOGISTIC", (6,), (1,)))),
    ],
)
def test_of_four_classes_names_or_operators_tell(names: tuple[str, str], operators: tuple[Operator, ...]) -> None:
    graph = outputs((1, 9, 4), (1, 9, 4), names=names, operators=operators)
    for one in (graph, Graph((), graph.outputs[::-1], {}, operators)):
        heads = find_raw_heads(one)
        assert heads is not None
        assert (heads.boxes.name, heads.scores.name) == names


def test_outputs_that_nothing_tells_apart_are_refused() -> None:
    with pytest.raises(ModelError, match="nothing tells which are boxes"):
        find_raw_heads(outputs((1, 9, 4), (1, 9, 4)))


@pytest.mark.parametrize("shapes", [((1, 9, 5), (1, 9, 7)), ((1, 9, 4), (1, 8, 7)), ((1, 1, 4), (1, 1, 3)), ((1, 4),)])
def test_other_outputs_are_no_raw_heads(shapes: tuple[tuple[int, ...], ...]) -> None:
    tensors = tuple(Tensor(number, "x", shape, "float32") for number, shape in enumerate(shapes))
    assert find_raw_heads(Graph((), tensors, {})) is None


def small_reader(
    converter: ScoreConverter, scores: Tensor, *, background: bool | None = None, iou_threshold: float = 0.6
) -> RawHeadsReader:
    """Of a 16x16 input with one feature map of one cell: six anchors in the middle, of one layer's usual sizes."""
    parameters = SsdParameters(
        ssd_anchor_generator=SsdAnchorGenerator(num_layers=1, reduce_boxes_in_lowest_layer=False),
        post_processing=PostProcessing(score_converter=converter, iou_threshold=iou_threshold),
        add_background_class=background,
    )
    heads = RawHeads(Tensor(0, "boxes", (1, 6, 4), "float32"), scores)
    return open_raw_heads(heads, Graph((), (heads.boxes, heads.scores), {}), InputFormat(16, 16, "uint8"), parameters)


def answer(
    reader: RawHeadsReader, boxes: NDArray[np.generic], scores: NDArray[np.generic], labels: int, threshold: float
) -> dict[str, float]:
    values = {0: boxes, 1: scores}
    names = tuple(f"{number}" for number in range(labels))
    read = reader.read(lambda tensor: values[tensor.index], names, Wanted(threshold, 99))
    return {one.label: one.score for one in read.detections}


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True))


FORMULAS = {"none": lambda x: x, "sigmoid": lambda x: 1 / (1 + np.exp(-x)), "softmax": softmax}


@pytest.mark.parametrize("converter", FORMULAS)
@pytest.mark.parametrize(("dtype", "scale", "zero"), [("float32", 0.0, 0), ("uint8", 0.04, 100), ("int8", 0.04, -28)])
@pytest.mark.parametrize("threshold", [0.0, 0.05, 0.3, 0.7, 1.0])
def test_every_score_above_the_threshold_is_found_whatever_the_numbers(
    converter: ScoreConverter, dtype: str, scale: float, zero: int, threshold: float
) -> None:
    """Against the formulas, applied to everything; boxes far apart, so that none is suppressed."""
    stored = np.random.default_rng(3).integers(0, 255, (1, 6, 4)).astype(float) - (128 if dtype == "int8" else 0)
    if dtype == "float32":
        stored = (stored - 100) * 0.04
    real = stored.astype(np.float32)[0].astype(float) if not scale else (stored[0] - zero) * scale
    probabilities = FORMULAS[converter](real)[:, 1:]
    wanted = np.sort(probabilities[probabilities >= threshold])
    reader = small_reader(converter, Tensor(1, "scores", (1, 6, 4), dtype, scale, zero), background=True)
    encodings = np.zeros((1, 6, 4), np.float32)
    encodings[..., 2:] = -30
    encodings[..., 0] = np.arange(6)[:, np.newaxis].T
    read = reader.read(
        lambda tensor: encodings if tensor.index == 0 else stored.astype(dtype), ("x", "y", "z"), Wanted(threshold, 99)
    )
    scores = np.sort([one.score for one in read.detections])
    assert scores == pytest.approx(np.minimum(wanted, 1.0), rel=1e-6)


def test_a_background_is_left_out_or_not_as_the_labels_are_many_or_as_is_written() -> None:
    scores = Tensor(1, "scores", (1, 6, 3), "float32")
    values = np.zeros((1, 6, 3), np.float32)
    values[0, 0] = (0.9, 0.8, 0.7)
    assert small_reader("none", scores).class_counts == (2, 3)
    assert small_reader("none", scores, background=True).class_counts == (2,)
    assert small_reader("none", scores, background=False).class_counts == (3,)
    boxes = np.zeros((1, 6, 4), np.float32)
    without = answer(small_reader("none", scores), boxes, values, 2, 0.5)
    assert without == pytest.approx({"0": 0.8, "1": 0.7})
    assert answer(small_reader("none", scores), boxes, values, 3, 0.5) == pytest.approx({"0": 0.9, "1": 0.8, "2": 0.7})


def test_where_the_yaml_leaves_it_open_the_last_operator_tells_whether_scores_are_converted() -> None:
    boxes, scores = Tensor(0, "boxes", (1, 1917, 4), "float32"), Tensor(1, "scores", (1, 1917, 2), "float32")
    form = InputFormat(300, 300, "uint8")

    def told(*operators: Operator, converted: bool | None = None, tensor: Tensor = scores) -> str:
        graph = Graph((), (boxes, tensor), {}, operators)
        return open_raw_heads(RawHeads(boxes, tensor), graph, form, NO_PARAMETERS, converted).converter

    assert told(Operator("LOGISTIC", (7,), (8,)), Operator("DEQUANTIZE", (8,), (1,))) == "none"
    assert told(Operator("SOFTMAX", (7,), (1,))) == "none"
    assert told(Operator("CONV_2D", (6,), (7,)), Operator("CONCATENATION", (7,), (1,))) == "sigmoid"
    compiled = Operator("edgetpu-custom-op", (6,), (0, 1))
    hidden = Tensor(1, "scores", (1, 1917, 2), "uint8", 1 / 256, 0)
    assert told(compiled, tensor=hidden) == "none"
    assert told(compiled, tensor=Tensor(1, "scores", (1, 1917, 2), "uint8", 0.09, 140)) == "sigmoid"
    assert told(compiled, tensor=hidden, converted=False) == "sigmoid"


def test_encodings_are_decoded_as_the_box_coder_does() -> None:
    boxes = decode(np.array([[1.0, 2.0, 0.0, 5 * np.log(2)]]), np.array([[0.5, 0.4, 0.2, 0.1]]), NO_PARAMETERS)
    assert boxes == pytest.approx(np.array([[0.42, 0.32, 0.62, 0.52]]))


def test_of_boxes_of_one_class_that_overlap_the_best_remains_and_those_of_other_classes_stay() -> None:
    one, near, far = [0.0, 0.0, 1.0, 1.0], [0.1, 0.0, 1.1, 1.0], [0.5, 0.0, 1.5, 1.0]
    boxes = np.array([near, one, far, near])
    kept = suppress(boxes, np.array([0, 0, 0, 1]), np.array([0.8, 0.9, 0.7, 0.6]), 0.6, 10)
    assert kept.tolist() == [1, 2, 3]


def test_boxes_are_suppressed_before_they_are_cut_at_the_edge() -> None:
    """Cut, these two are the same."""
    scores = np.zeros((1, 6, 1), np.float32)
    scores[0, :2, 0] = 0.9, 0.8
    reader = small_reader("none", Tensor(1, "scores", (1, 6, 1), "float32"))
    wanted = np.array([[-1.0, -1.0, 1.0, 1.0], [0.0, 0.0, 1.0, 1.0]])
    anchors = reader.anchors[:2]
    encodings = np.zeros((1, 6, 4))
    encodings[0, :2, :2] = 10 * ((wanted[:, :2] + wanted[:, 2:]) / 2 - anchors[:, :2]) / anchors[:, 2:]
    encodings[0, :2, 2:] = 5 * np.log((wanted[:, 2:] - wanted[:, :2]) / anchors[:, 2:])
    read = reader.read(lambda tensor: encodings if tensor.index == 0 else scores, ("x",), Wanted(0.5, 9))
    assert len(read.detections) == 2
    first, second = (found([one])[0].box for one in read.detections)
    assert first == pytest.approx(second)
    assert first == pytest.approx((0, 0, 1, 1))


@pytest.mark.parametrize("most", [1, 20, 400])
def test_what_remains_is_what_suppressing_all_at_once_leaves(most: int) -> None:
    """By the definition, one box after the other; more candidates than are looked at first."""
    random = np.random.default_rng(5)
    corner, size = random.random((1500, 2)), 0.05 + 0.4 * random.random((1500, 2))
    boxes = np.concatenate([corner, corner + size], axis=1)
    classes, scores = random.integers(0, 2, 1500), random.random(1500).round(2)
    kept: list[int] = []
    for number in np.argsort(-scores, kind="stable"):
        corners = tuple(boxes[number])
        rivals = (tuple(boxes[other]) for other in kept if classes[other] == classes[number])
        if all(intersection_over_union(corners, rival) <= 0.5 for rival in rivals):
            kept.append(int(number))
    assert len(kept) > 100
    assert suppress(boxes, classes, scores, 0.5, most).tolist() == kept[:most]


def test_a_box_that_is_not_a_number_is_left_out() -> None:
    boxes = np.zeros((1, 6, 4), np.float32)
    boxes[0, 0, 2], boxes[0, 1, 0] = 1e6, np.nan
    values = np.full((1, 6, 1), 0.9, np.float32)
    reader = small_reader("none", Tensor(1, "scores", (1, 6, 1), "float32"), iou_threshold=1.0)
    read = reader.read(lambda tensor: boxes if tensor.index == 0 else values, ("x",), Wanted(0.5, 99))
    assert len(read.detections) == 4
