"""The four outputs of a detector are told apart, and read no further than they go."""

import itertools

import numpy as np
import pytest

from edgevision.errors import ModelError
from edgevision.inference.detect import read_detections, within
from edgevision.inference.detection import Box
from edgevision.inference.postprocessed import class_counts, find_outputs
from edgevision.inference.reader import Wanted
from edgevision.inference.tensors import Operator, Tensor

BOXES = Tensor(10, "a", (1, 20, 4), "float32")
CLASSES = Tensor(11, "b", (1, 20), "float32")
SCORES = Tensor(12, "c", (1, 20), "float32")
COUNT = Tensor(13, "d", (1,), "float32")
OPERATOR = Operator("TFLite_Detection_PostProcess", (1, 2, 3), (10, 11, 12, 13))


@pytest.mark.parametrize("order", list(itertools.permutations([BOXES, CLASSES, SCORES, COUNT])))
def test_outputs_are_found_by_their_operator_in_any_order(order: tuple[Tensor, ...]) -> None:
    found = find_outputs(order, [OPERATOR], {})
    assert found is not None
    assert (found.boxes, found.classes, found.scores, found.count) == (BOXES, CLASSES, SCORES, COUNT)


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_outputs_are_found_by_tensor_names_where_the_operator_is_not_told(order: tuple[int, ...]) -> None:
    shapes = ((1, 10, 4), (1, 10), (1, 10), (1,))
    names = ["TFLite_Detection_PostProcess"] + [f"TFLite_Detection_PostProcess:{number}" for number in (1, 2, 3)]
    tensors = [Tensor(number, names[number], shapes[number], "float32") for number in order]
    found = find_outputs(tensors, [], {})
    assert found is not None
    assert (found.boxes.index, found.classes.index, found.scores.index, found.count.index) == (0, 1, 2, 3)


def test_outputs_are_found_by_the_names_of_the_signature() -> None:
    signature = {"a": "detection_boxes", "b": "detection_classes", "c": "detection_scores", "d": "num_detections"}
    found = find_outputs([SCORES, COUNT, BOXES, CLASSES], [], signature)
    assert found is not None
    assert (found.boxes, found.classes, found.scores, found.count) == (BOXES, CLASSES, SCORES, COUNT)


@pytest.mark.parametrize(
    "names",
    [
        ("location", "category", "score", "number of detections"),
        ("detection_box", "detection_class", "detection_score", "num_boxes"),
        ("Identity", "class", "Identity_2", "Identity_3"),
        ("Identity", "Identity_1", "scores", "Identity_3"),
    ],
)
def test_outputs_are_found_by_other_names_and_the_rest_by_size(names: tuple[str, str, str, str]) -> None:
    shapes = ((1, 10, 4), (1, 10), (1, 10), (1,))
    tensors = [Tensor(number, names[number], shapes[number], "float32") for number in (2, 0, 3, 1)]
    found = find_outputs(tensors, [], {})
    assert found is not None
    assert (found.boxes.index, found.classes.index, found.scores.index, found.count.index) == (0, 1, 2, 3)


def test_outputs_that_nothing_tells_apart_are_not_guessed() -> None:
    assert find_outputs([BOXES, CLASSES, SCORES, COUNT], [], {}) is None


def test_outputs_of_the_wrong_sizes_are_refused_with_what_was_found() -> None:
    with pytest.raises(ModelError, match=r"\[1, 7\].*expected boxes"):
        find_outputs([BOXES, CLASSES, Tensor(12, "c", (1, 7), "float32"), COUNT], [OPERATOR], {})


def test_the_number_of_classes_is_that_of_the_score_columns_less_a_background() -> None:
    assert class_counts([OPERATOR], {2: Tensor(2, "scores", (1, 1917, 91), "uint8")}) == (90, 91)
    assert class_counts([], {}) == ()


def test_detections_come_sorted_cut_at_the_threshold_and_at_the_edge_of_the_picture() -> None:
    boxes = np.array([[0.1, 0.2, 0.3, 0.4], [-0.5, 0.5, 1.5, 0.75], [0, 0, 1, 1]])
    found = read_detections(
        boxes, np.array([0.0, 1.0, 0.0]), np.array([0.6, 0.9, 0.49]), ("cat", "dog"), Wanted(0.5, 9)
    )
    assert [(one.label, one.score) for one in found] == [("dog", 0.9), ("cat", 0.6)]
    assert found[0].box == Box(xmin=0.5, ymin=0.0, xmax=0.75, ymax=1.0)
    assert found[1].box == Box(xmin=0.2, ymin=0.1, xmax=0.4, ymax=0.3)


def test_what_is_not_a_number_is_no_detection() -> None:
    boxes = np.array([[0, 0, np.nan, 1], [0, 0, 1, 1], [0, 0, 1, 1]])
    found = read_detections(boxes, np.zeros(3), np.array([0.9, np.nan, 0.8]), ("cat",), Wanted(0.1, 9))
    assert [one.score for one in found] == [0.8]


def test_boxes_in_a_crop_become_boxes_in_the_frame() -> None:
    assert within(Box(0.0, 0.5, 1.0, 1.0), (0.5, 0.0, 1.0, 0.5)) == Box(0.5, 0.25, 1.0, 0.5)


def test_boxes_in_what_the_model_saw_become_boxes_in_the_picture_cut_where_that_ends() -> None:
    boxes = np.array([[0.0, 0.5, 0.5, 1.5]])
    cropped = read_detections(boxes, np.zeros(1), np.ones(1), ("cat",), Wanted(0.5, 9, (0.25, 0.0, 0.75, 0.5)))
    assert cropped[0].box == Box(xmin=0.5, ymin=0.0, xmax=0.75, ymax=0.25)
    with_bars = read_detections(boxes, np.zeros(1), np.ones(1), ("cat",), Wanted(0.5, 9, (0.0, -0.5, 1.0, 1.5)))
    assert with_bars[0].box == Box(xmin=0.5, ymin=0.0, xmax=1.0, ymax=0.5)


def test_a_box_in_the_bars_is_no_detection() -> None:
    boxes = np.array([[0.0, 0.2, 0.2, 0.4], [0.3, 0.2, 0.5, 0.4]])
    found = read_detections(boxes, np.zeros(2), np.ones(2), ("cat",), Wanted(0.5, 9, (0.0, -0.5, 1.0, 1.5)))
    (box,) = (one.box for one in found)
    assert box is not None
    assert (box.xmin, box.ymin, box.xmax, box.ymax) == pytest.approx((0.2, 0.1, 0.4, 0.5))
