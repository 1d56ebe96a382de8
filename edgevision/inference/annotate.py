"""Drawing what was found onto a picture."""

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import astuple

import cv2
import numpy as np

from edgevision.capture.frame import BgrImage
from edgevision.inference.detection import Detection
from edgevision.inference.lettering import text_size, write
from edgevision.record import record

Colour = tuple[int, int, int]
"""Blue, green, red."""

COLOUR: Colour = (60, 200, 40)
INK: Colour = (255, 255, 255)

_LONGEST_NAME = 80


@record
class Outline:
    """A part of the picture with its name; `corners` are (x, y) in fractions of it."""

    name: str
    corners: Sequence[tuple[float, float]]
    colour: Colour


def annotate(image: BgrImage, detections: Sequence[Detection], outlines: Sequence[Outline] = ()) -> BgrImage:
    """A copy of `image` (height, width, 3) with thin outlines, and over them boxes, labels and scores.

    A label without a box stands at the top left. Of a box that reaches beyond the picture the part in it is drawn; one
    that lies outside, or isn't made of finite numbers, is left out. There are letters of ASCII only: other text is
    spelt with them as far as that goes (`drawable`).
    """
    drawn = image.copy()
    height, width = drawn.shape[:2]
    thickness = max(round(min(height, width) / 200), 1)
    thin = max(thickness // 2, 1)
    for outline in outlines:
        corners = [(_pixel(x, width), _pixel(y, height)) for x, y in outline.corners]
        cv2.polylines(drawn, [np.array(corners, np.int32)], True, outline.colour, thin, cv2.LINE_AA)
        left, top = min(corners, key=lambda corner: (corner[1], corner[0]))
        _write(drawn, outline.name, "", left, top, thin, outline.colour)
    lines = 0
    for detection in detections:
        if not math.isfinite(detection.score):
            continue
        score = f" {detection.score:.0%}"
        if detection.box is None:
            _write(drawn, detection.label, score, 0, lines * max(12 * thickness, 15), thickness, COLOUR)
            lines += 1
            continue
        box = detection.box
        if not all(map(math.isfinite, astuple(box))) or min(box.xmax, box.ymax) <= 0 or max(box.xmin, box.ymin) >= 1:
            continue
        left, top = _pixel(box.xmin, width), _pixel(box.ymin, height)
        cv2.rectangle(drawn, (left, top), (_pixel(box.xmax, width), _pixel(box.ymax, height)), COLOUR, thickness)
        _write(drawn, detection.label, score, left, top, thickness, COLOUR)
    return drawn


def drawable(text: str) -> str:
    """The text in printable ASCII: accents and strokes are taken off, what has no letter there becomes `?`.

    >>> drawable("Søndag, Žižek, 猫")
    'Sondag, Zizek, ?'
    """
    return "".join(map(_spelt, text))


def _spelt(character: str) -> str:
    # `ø` is no `o` with an accent, but its name is LATIN SMALL LETTER O WITH STROKE.
    letter = unicodedata.name(character, "").partition(" WITH ")[0]
    for form in (character, character.casefold(), _named(letter)):
        plain = "".join(one for one in unicodedata.normalize("NFKD", form) if " " <= one <= "~")
        if plain:
            return plain
    return "" if unicodedata.combining(character) else "?"


def _named(name: str) -> str:
    try:
        return unicodedata.lookup(name)
    except KeyError:
        return ""


def _pixel(fraction: float, size: int) -> int:
    """Where a fraction of `size` pixels lies; not so far beyond the edge that OpenCV couldn't count to it."""
    return round(min(max(fraction, -1.0), 2.0) * (size - 1))


def _write(image: BgrImage, name: str, rest: str, left: int, top: int, thickness: int, colour: Colour) -> None:
    """Text on a filled strip whose top left corner is (left, top), in pixels, or where the picture has room for it.

    A name that is too long for the picture is cut, `rest` is not.
    """
    letters, pen = max(round(thickness * 7.35), 9), max(thickness // 2, 1)
    name = drawable(name[:_LONGEST_NAME])
    text = name + rest
    rows, columns = image.shape[:2]
    width, depth = text_size(text, letters, pen)
    while name and width > columns:
        name = name[:-1]
        text = f"{name}...{rest}"
        width, _ = text_size(text, letters, pen)
    height = pen + letters + depth + thickness
    left = max(min(left, columns - width), 0)
    top = max(min(top, rows - height), 0)
    cv2.rectangle(image, (left, top), (left + width, top + height), colour, cv2.FILLED)
    write(image, text, left, top + height - depth, letters, INK, pen)
