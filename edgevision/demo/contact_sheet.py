"""The demo's picture: what was received, drawn onto the pictures it came from."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from edgevision.capture.frame import BgrImage
from edgevision.capture.picture_file import decode_picture
from edgevision.inference.annotate import annotate
from edgevision.inference.detection import Box, Detection

HEIGHT = 400
"""Pixels."""


def detections_of(payload: Mapping[str, Any]) -> list[Detection]:
    """The detections in a payload of `P/<camera>/detections`."""
    return [
        Detection(entry["label"], entry["score"], Box(**entry["box"]) if "box" in entry else None)
        for entry in payload["detections"]
    ]


def contact_sheet(payloads: Sequence[Mapping[str, Any]], folder: Path) -> BgrImage:
    """The pictures in `folder` that the payloads name, side by side with what was found in each."""
    drawn = []
    for payload in payloads:
        picture = decode_picture((folder / payload["frame"]["source"]).read_bytes())
        width = round(picture.shape[1] * HEIGHT / picture.shape[0])
        scaled = np.asarray(cv2.resize(picture, (width, HEIGHT), interpolation=cv2.INTER_AREA), dtype=np.uint8)
        drawn.append(annotate(scaled, detections_of(payload)))
    return np.hstack(drawn)
