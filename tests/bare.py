"""The bare interpreter: what a model says to a picture with nothing of edgevision in between.

Written as the runtimes' own examples have it, so that agreement means something.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edgevision.inference.runtime import load_runtime


@dataclass(frozen=True)
class Found:
    """One label with its score and, from a detector, its box (xmin, ymin, xmax, ymax)."""

    label: str
    score: float
    box: tuple[float, float, float, float] | None = None


def bare_interpreter(model: Path) -> Any:
    """An interpreter with one thread, of the runtime that is installed."""
    interpreter = load_runtime().interpreter_class(model_path=str(model), num_threads=1)
    interpreter.allocate_tensors()
    return interpreter


def central(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The central 87.5 % of each side, as TF-Slim's evaluation cuts it."""
    height, width = picture.shape[:2]
    top, left = int((height - height * 0.875) / 2), int((width - width * 0.875) / 2)
    return picture[top : top + height - 2 * top, left : left + width - 2 * left]


def feed(interpreter: Any, picture: NDArray[np.uint8]) -> None:
    """Put a BGR picture into the input, stretched, and run."""
    details = interpreter.get_input_details()[0]
    _, height, width, _ = details["shape"]
    rgb = cv2.resize(picture, (int(width), int(height)), interpolation=cv2.INTER_LINEAR)[..., ::-1]
    if details["dtype"] == np.float32:
        rgb = rgb.astype(np.float32) / 255  # the one float model of the tests takes 0..1
    if details["dtype"] == np.int8:
        rgb = (rgb.astype(np.int16) - 128).astype(np.int8)
    interpreter.set_tensor(details["index"], np.ascontiguousarray(rgb)[np.newaxis])
    interpreter.invoke()


def detect_in_tf1_order(
    interpreter: Any, picture: NDArray[np.uint8], labels: list[str], threshold: float
) -> list[Found]:
    """Detections of a model whose outputs are boxes, classes, scores, count in that order."""
    feed(interpreter, picture)
    boxes, classes, scores, count = (
        interpreter.get_tensor(out["index"])[0] for out in interpreter.get_output_details()
    )
    found = []
    for (ymin, xmin, ymax, xmax), number, score in list(zip(boxes, classes, scores, strict=True))[: int(count)]:
        if score >= threshold:
            box = tuple(float(min(max(side, 0), 1)) for side in (xmin, ymin, xmax, ymax))
            found.append(Found(labels[int(number)], float(score), (box[0], box[1], box[2], box[3])))
    return sorted(found, key=lambda one: -one.score)


def classify(interpreter: Any, picture: NDArray[np.uint8], labels: list[str], threshold: float) -> list[Found]:
    """Labels of a classifier that ends in softmax."""
    feed(interpreter, central(picture))
    details = interpreter.get_output_details()[0]
    raw = interpreter.get_tensor(details["index"]).reshape(-1)
    scale, zero_point = details["quantization"]
    scores = (raw.astype(int) - zero_point) * scale if scale else raw
    found = [Found(labels[number], float(score)) for number, score in enumerate(scores) if score >= threshold]
    return sorted(found, key=lambda one: -one.score)
