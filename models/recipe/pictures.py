"""Read the sample pictures the way the model wants them: RGB, stretched to its input.

Expects the layout of a folder with `coco/instances.json`, `coco/images/*.jpg` and `photos/*.jpg`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

INPUT_SIDE = 300
"""Width and height of the model's input, in pixels."""


@dataclass(frozen=True, slots=True)
class PersonTruth:
    """Where the persons of one picture are.

    `boxes` and `crowds` are float64 [n, 4] as (xmin, ymin, xmax, ymax), 0..1 of the picture. A crowd
    box covers many persons nobody has told apart: finding one in it is neither right nor wrong.
    """

    path: Path
    boxes: NDArray[np.float64]
    crowds: NDArray[np.float64]


def calibration_pictures(images: Path) -> tuple[Path, ...]:
    """Give every sample picture, sorted by its path below `images` so that runs are alike."""
    found = [*images.glob("coco/images/*.jpg"), *images.glob("photos/*.jpg")]
    return tuple(sorted(found, key=lambda path: path.relative_to(images).as_posix()))


def load_input(path: Path) -> NDArray[np.uint8]:
    """Read a picture as uint8 [1, 300, 300, 3], R G B, stretched whatever its shape.

    Raises:
        ValueError: OpenCV can't read the file.
    """
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise ValueError(f"{path}: not a picture OpenCV can read")
    stretched = cv2.resize(picture, (INPUT_SIDE, INPUT_SIDE), interpolation=cv2.INTER_LINEAR)
    rgb = cv2.cvtColor(stretched, cv2.COLOR_BGR2RGB)
    return np.asarray(rgb, dtype=np.uint8)[np.newaxis]


def person_truths(images: Path) -> tuple[PersonTruth, ...]:
    """Read the person boxes of all pictures in `coco/instances.json`, in order of file name.

    Pictures without a person are in it too, with no boxes: a detection there is a false alarm.
    """
    instances = json.loads((images / "coco" / "instances.json").read_text(encoding="utf-8"))
    person = next(c["id"] for c in instances["categories"] if c["name"] == "person")
    truths = []
    for picture in sorted(instances["images"], key=lambda entry: str(entry["file_name"])):
        mine = [a for a in instances["annotations"] if a["image_id"] == picture["id"] and a["category_id"] == person]
        size = (float(picture["width"]), float(picture["height"]))
        truths.append(
            PersonTruth(
                path=images / "coco" / "images" / picture["file_name"],
                boxes=_corners([a["bbox"] for a in mine if not a["iscrowd"]], size),
                crowds=_corners([a["bbox"] for a in mine if a["iscrowd"]], size),
            )
        )
    return tuple(truths)


def _corners(boxes: Sequence[Sequence[float]], size: tuple[float, float]) -> NDArray[np.float64]:
    """Turn COCO's (x, y, width, height) in pixels into corners, 0..1 of the picture."""
    array = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
    corners = np.concatenate([array[:, :2], array[:, :2] + array[:, 2:]], axis=1)
    return np.asarray(corners / np.array([*size, *size]), dtype=np.float64)
