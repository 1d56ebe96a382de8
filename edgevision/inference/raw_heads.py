"""Detection without a post-processing operator: decoding box encodings and suppressing what overlaps."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from edgevision.errors import ModelError
from edgevision.inference.anchors import generate_anchors
from edgevision.inference.classify import gives_probabilities, sigmoid, softmax
from edgevision.inference.detect import read_detections
from edgevision.inference.labels import Labels
from edgevision.inference.preprocess import InputFormat
from edgevision.inference.reader import Answer, Task, Values, Wanted
from edgevision.inference.tensors import Graph, Tensor
from edgevision.record import record

if TYPE_CHECKING:
    from edgevision.inference.ssd_parameters import ScoreConverter, SsdParameters

BOX_WORDS = {"box", "boxes", "encodings", "locations", "location", "loc", "bbox", "bboxes"}
SCORE_WORDS = {"class", "classes", "score", "scores", "predictions", "conf", "confidences", "cls"}
"""What an output's name says of it. `box_predictor_class_predictions` is a score: that is asked first."""

PREFIXES = (256, 1024, 4096)
"""How many of the best candidates are suppressed first. What is kept of them doesn't depend on those behind."""


@record
class RawHeads:
    """`boxes` [1, N, 4] or [1, N, 1, 4]: encodings relative to N anchors; `scores` [1, N, C]: one a class."""

    boxes: Tensor
    scores: Tensor


@record
class RawHeadsReader:
    """Reads `heads` with their `anchors` [N, 4] (ycenter, xcenter, height, width in fractions of the input)."""

    heads: RawHeads
    anchors: NDArray[np.float64]
    parameters: SsdParameters
    converter: ScoreConverter
    task: Task = "detect"

    @property
    def class_counts(self) -> tuple[int, ...]:
        """The score columns, without a background where the parameters leave that open, or not."""
        columns = self.heads.scores.shape[-1]
        match self.parameters.add_background_class:
            case None if columns > 1:
                return columns - 1, columns
            case True:
                return (columns - 1,)
        return (columns,)

    def read(self, values: Values, labels: Labels, wanted: Wanted) -> Answer:
        """The boxes of at least the threshold, the best of those of a class that overlap.

        Boxes are decoded, and suppressed before they are cut at the picture's edge, as in training. Only candidates
        above the threshold are dequantized.
        """
        columns = self.heads.scores.shape[-1]
        raw = values(self.heads.scores).reshape(-1, columns)
        first = columns - len(labels) if labels else 0
        numbers, classes, scores = self._candidates(raw, first, wanted.threshold)
        if not len(numbers):
            return Answer([])
        encodings = self.heads.boxes.dequantize(values(self.heads.boxes).reshape(-1, 4)[numbers])
        boxes = decode(encodings, self.anchors[numbers], self.parameters)
        usable = np.isfinite(boxes).all(axis=1)
        if not usable.all():
            boxes, classes, scores = boxes[usable], classes[usable], scores[usable]
        iou_threshold = self.parameters.post_processing.iou_threshold
        kept = suppress(boxes, classes, scores, iou_threshold, wanted.max_detections)
        return Answer(read_detections(boxes[kept], classes[kept], scores[kept], labels, wanted))

    def _candidates(
        self, raw: NDArray[np.generic], first: int, threshold: float
    ) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
        """Anchor, class and score of all that reach the threshold; the columns before `first` are background."""
        tensor = self.heads.scores
        if self.converter == "softmax":
            # A class of probability p is at most log(1/p - 1) below any other of its anchor.
            most_below = max(-_logit(threshold), 0.0) + 1e-6
            best = raw[:, first:].max(axis=1)
            below = tensor.dequantize(raw.max(axis=1)) - tensor.dequantize(best)
            rows = np.flatnonzero(below <= most_below)
            probabilities = softmax(tensor.dequantize(raw[rows]))[:, first:]
            places, classes = np.nonzero(probabilities >= threshold)
            return rows[places], classes, probabilities[places, classes]
        # Below the logit, so that rounding loses nothing; cut exactly further down.
        least = _logit(threshold) - 1e-6 if self.converter == "sigmoid" else threshold
        reached = tensor.reaches(raw, least)
        reached[:, :first] = False
        # Of a flat array that is several times faster.
        places = np.flatnonzero(reached)
        numbers, classes = np.divmod(places, raw.shape[1])
        classes -= first
        scores = tensor.dequantize(raw.reshape(-1)[places])
        if self.converter == "sigmoid":
            scores = sigmoid(scores)
        exactly = scores >= threshold
        return numbers[exactly], classes[exactly], scores[exactly]


def find_raw_heads(graph: Graph) -> RawHeads | None:
    """The two outputs of a detector without post-processing; None when these are not such.

    Told by their shapes, and where there are four classes by their names or their last operators.
    Raises ModelError when nothing tells which is which.
    """
    if len(graph.outputs) != len(("boxes", "scores")):
        return None
    candidates = {_anchors_of(tensor) for tensor in graph.outputs}
    if len(candidates) != 1 or candidates <= {None, 1}:
        return None
    four = [tensor for tensor in graph.outputs if tensor.shape[-1] == len(("y", "x", "h", "w"))]
    if not four:
        return None
    one, other = graph.outputs
    if len(four) == 1:
        boxes = four[0]
    else:
        match [_role(tensor, graph) for tensor in graph.outputs]:
            case ["boxes", "scores" | None] | [None, "scores"]:
                boxes = one
            case ["scores", "boxes" | None] | [None, "boxes"]:
                boxes = other
            case _:
                raise ModelError(
                    f"has the outputs {graph.found()}; nothing tells which are boxes and which are scores:"
                    " name them box_encodings and class_scores"
                )
    return RawHeads(boxes, other if boxes is one else one)


def open_raw_heads(
    heads: RawHeads, graph: Graph, form: InputFormat, parameters: SsdParameters, converted: bool | None = None
) -> RawHeadsReader:
    """A reader for `heads` of a model that takes `form`; `converted`: whether the scores are such, where that is known.

    Raises ModelError with both numbers when the anchors of `parameters` are not as many as the model's.
    """
    anchors = generate_anchors(parameters, form.height, form.width)
    wanted = _anchors_of(heads.boxes)
    if len(anchors) != wanted:
        raise ModelError(
            f"has {wanted} boxes, but its SSD parameters give {len(anchors)} anchors for {form.width}x{form.height}:"
            " correct the anchor generator in the YAML beside it"
        )
    converter = parameters.post_processing.score_converter
    if converter == "auto":
        if converted is None:
            converted = gives_probabilities(heads.scores, graph.operators)
        converter = "none" if converted else "sigmoid"
    return RawHeadsReader(heads, anchors, parameters, converter)


def decode(
    encodings: NDArray[np.float64], anchors: NDArray[np.float64], parameters: SsdParameters
) -> NDArray[np.float64]:
    """Boxes [n, 4] as ymin, xmin, ymax, xmax of encodings [n, 4] (y, x, h, w) relative to anchors [n, 4].

    Source: object_detection/box_coders/faster_rcnn_box_coder.py.
    """
    coder = parameters.faster_rcnn_box_coder
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = encodings / (coder.y_scale, coder.x_scale, coder.height_scale, coder.width_scale)
        centres = scaled[:, :2] * anchors[:, 2:] + anchors[:, :2]
        halves = np.exp(scaled[:, 2:]) * anchors[:, 2:] / 2
        return np.concatenate([centres - halves, centres + halves], axis=1)


def suppress(
    boxes: NDArray[np.float64], classes: NDArray[np.intp], scores: NDArray[np.float64], iou_threshold: float, most: int
) -> NDArray[np.intp]:
    """Which boxes remain, the best first, at most `most`: of those of one class that overlap more, only the best.

    boxes [n, 4] as ymin, xmin, ymax, xmax; classes [n]; scores [n]; iou_threshold: intersection over union.
    """
    order = np.argsort(-scores, kind="stable")
    kept = np.empty(0, np.intp)
    for prefix in (*PREFIXES, len(order)):
        best = order[:prefix]
        kept = np.sort(_suppressed(boxes[best], classes[best], iou_threshold))[:most]
        if len(kept) == most or prefix >= len(order):
            break
    return order[kept]


def _suppressed(boxes: NDArray[np.float64], classes: NDArray[np.intp], iou_threshold: float) -> NDArray[np.intp]:
    """Places of the boxes, ordered by score, that remain."""
    corners = np.concatenate([boxes[:, 1::-1], boxes[:, 3:1:-1] - boxes[:, 1::-1]], axis=1)
    kept = [np.empty(0, np.intp)]
    for number in set(classes.tolist()):
        members = np.flatnonzero(classes == number)
        # OpenCV needs the scores for their order only, and drops those of 0.
        ranks = np.arange(len(members), 0, -1, dtype=np.float32)
        remain = cv2.dnn.NMSBoxes(corners[members], ranks, 0.0, iou_threshold)  # type: ignore[arg-type]  # takes arrays
        kept.append(members[np.asarray(remain, np.intp).ravel()])
    return np.concatenate(kept)


def _anchors_of(tensor: Tensor) -> int | None:
    match tensor.shape:
        case (1, count, _) | (1, count, 1, _):
            return count
    return None


def _role(tensor: Tensor, graph: Graph) -> str | None:
    for name in (graph.signature.get(tensor.name, ""), tensor.name):
        words = set(re.split(r"[^a-z]+", name.lower()))
        if words & SCORE_WORDS:
            return "scores"
        if words & BOX_WORDS:
            return "boxes"
    return "scores" if gives_probabilities(tensor, graph.operators) else None


def _logit(probability: float) -> float:
    if probability <= 0:
        return -np.inf
    return float(np.log(probability / (1 - probability))) if probability < 1 else 36.0
