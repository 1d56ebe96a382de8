"""Compare float graph and int8 model: person AP50 on the pictures with boxes.

    python models/recipe/evaluate.py --cache CACHE --images IMAGES --model models/person.tflite
    python models/recipe/evaluate.py ... --pictures a.jpg b.png     (also prints the scores on these)

The float graph runs in TensorFlow with its own post-processing, the .tflite in LiteRT as it is; both
get the same RGB pixels. Every detection counts, down to a score of 0.001.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from average_precision import Detections, Judged, average_precision, judge, precision_recall
from fetch import fetch_graph
from frozen_graph import detector, parse
from numpy.typing import NDArray
from pictures import PersonTruth, load_input, person_truths

Detector = Callable[[NDArray[np.uint8]], Detections]
LIMITS = (100, 20)
"""Detections kept a picture: all the models give, and the daemon's default."""
ALLOWED_DROP = 0.01


@dataclass(frozen=True, slots=True)
class Comparison:
    """AP50 of both models with at most `limit` detections a picture."""

    limit: int
    float_ap50: float
    int8_ap50: float

    @property
    def drop(self) -> float:
        """How much int8 lost."""
        return self.float_ap50 - self.int8_ap50


def float_detector(graph_content: bytes) -> Detector:
    """Give the float graph as a function of uint8 RGB [1, 300, 300, 3]."""
    run = detector(parse(graph_content))

    def detect(picture: NDArray[np.uint8]) -> Detections:
        boxes, scores, count = (tensor.numpy() for tensor in run(tf.constant(picture)))
        return _detections(boxes, scores, count)

    return detect


def tflite_detector(content: bytes) -> Detector:
    """Give a .tflite with named outputs as a function of uint8 RGB [1, 300, 300, 3]."""
    runner = Interpreter(model_content=content, num_threads=1).get_signature_runner()

    def detect(picture: NDArray[np.uint8]) -> Detections:
        found = runner(image=picture)
        return _detections(found["detection_boxes"], found["detection_scores"], found["num_detections"])

    return detect


def judge_all(detect: Detector, truths: Sequence[PersonTruth], limit: int) -> list[Judged]:
    """Hold the best `limit` detections of every picture against its boxes."""
    return [judge(detect(load_input(truth.path)).best(limit), truth.boxes, truth.crowds) for truth in truths]


def compare(float_model: Detector, int8_model: Detector, truths: Sequence[PersonTruth]) -> list[Comparison]:
    """Give AP50 of both models for each of `LIMITS`."""
    return [
        Comparison(
            limit,
            average_precision(judge_all(float_model, truths, limit)),
            average_precision(judge_all(int8_model, truths, limit)),
        )
        for limit in LIMITS
    ]


def report(float_model: Detector, int8_model: Detector, truths: Sequence[PersonTruth]) -> list[Comparison]:
    """Print and give the comparison."""
    persons = sum(len(truth.boxes) for truth in truths)
    print(f"{len(truths)} pictures, {persons} persons")
    comparisons = compare(float_model, int8_model, truths)
    for one in comparisons:
        both = f"float {one.float_ap50:.4f}  int8 {one.int8_ap50:.4f}"
        print(f"AP50, {one.limit:3} a picture: {both}  drop {one.drop:+.4f}")
    for name, model in (("float", float_model), ("int8", int8_model)):
        judged = judge_all(model, truths, LIMITS[0])
        for threshold in (0.05, 0.3, 0.5):
            precision, recall = precision_recall(judged, threshold)
            print(f"{name} from {threshold:.2f}: precision {precision:.2f}, recall {recall:.2f}")
    return comparisons


def _detections(boxes: NDArray[Any], scores: NDArray[Any], count: NDArray[Any]) -> Detections:
    """Cut to what was found, clip to the picture and put x before y."""
    # What lies behind the count is whatever the memory held before, NaN included.
    found = int(count[0])
    corners = np.clip(boxes[0, :found][:, [1, 0, 3, 2]].astype(np.float64), 0.0, 1.0)
    return Detections(corners, scores[0, :found].astype(np.float64))


def main() -> None:
    """Evaluate, and exit 1 if int8 lost more than it may."""
    parser = argparse.ArgumentParser(description="Person AP50 of float graph and int8 model.")
    parser.add_argument("--cache", type=Path, required=True, help="folder to keep the wheel in")
    parser.add_argument("--images", type=Path, required=True, help="the sample pictures with their boxes")
    parser.add_argument("--model", type=Path, required=True, help="the .tflite to evaluate")
    parser.add_argument("--pictures", type=Path, nargs="*", default=[], help="print the scores on these, too")
    asked = parser.parse_args()
    float_model = float_detector(fetch_graph(asked.cache))
    int8_model = tflite_detector(asked.model.read_bytes())
    for path in asked.pictures:
        for name, model in (("float", float_model), ("int8", int8_model)):
            best = model(load_input(path)).best(5)
            print(f"{path.name} {name}: " + ", ".join(f"{score:.3f}" for score in best.scores))
    comparisons = report(float_model, int8_model, person_truths(asked.images))
    raise SystemExit(int(any(one.drop > ALLOWED_DROP for one in comparisons)))


if __name__ == "__main__":
    main()
