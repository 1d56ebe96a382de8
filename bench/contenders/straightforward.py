"""The loop of picamera2's and Coral's examples: resize a frame, run the model, read all outputs, print the result."""

import itertools
import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from bench.contenders.bare import interpreter_of
from bench.frames import load
from bench.turns import loop, serve

THRESHOLD = 0.5
TOP = 3


def run(settings: dict[str, Any]) -> None:
    """One frame after the other."""
    # As edgevision has it; more gain nothing on pictures of this size.
    cv2.setNumThreads(1)
    interpreter = interpreter_of(settings)
    taken = interpreter.get_input_details()[0]
    _, height, width, _ = taken["shape"]
    outputs = interpreter.get_output_details()
    labels = Path(settings["labels"]).read_text().splitlines() if settings["labels"] else []
    frames = itertools.cycle(load(settings["frames"][0]))
    out = open(os.devnull, "w")  # noqa: PTH123, SIM115  a stream to print to, as long as the process lives

    def name(number: int) -> str:
        return labels[number] if number < len(labels) else str(number)

    def once() -> None:
        rgb = cv2.cvtColor(cv2.resize(next(frames), (int(width), int(height))), cv2.COLOR_BGR2RGB)
        if taken["dtype"] == np.int8:
            rgb = (rgb.astype(np.int16) - 128).astype(np.int8)
        elif taken["dtype"] == np.float32:
            rgb = (rgb.astype(np.float32) - 127.5) / 127.5
        interpreter.set_tensor(taken["index"], np.expand_dims(rgb, 0))
        interpreter.invoke()
        values = [interpreter.get_tensor(output["index"]) for output in outputs]
        if len(values) == 4:
            boxes, classes, scores, count = _detector_outputs(values)
            for i in range(count):
                if scores[i] > THRESHOLD:
                    print(name(int(classes[i])), "score =", scores[i], "box =", boxes[i], file=out)
        else:
            scale, zero_point = outputs[0]["quantization"]
            numbers = values[0].reshape(-1).astype(np.int64)
            told = scale * (numbers - zero_point) if scale else values[0].reshape(-1)
            for i in sorted(np.argpartition(told, -TOP)[-TOP:], key=lambda i: -told[i]):
                print(name(int(i)), f"{told[i]:.5f}", file=out)

    once()
    serve(settings, lambda seconds: loop(once, seconds))


def _detector_outputs(values: list[Any]) -> tuple[Any, Any, Any, int]:
    """Boxes, classes, scores and count, in the order that the first converter gave them or the second one does."""
    if values[0].ndim == 3:
        boxes, classes, scores, count = values
    else:
        scores, boxes, count, classes = values
    return boxes[0], classes[0], scores[0], int(count.reshape(-1)[0])
