"""Letters drawn by strokes: all of ASCII, each its own, within the size that is told."""

import string

import numpy as np
import pytest

from edgevision.capture.frame import BgrImage
from edgevision.inference.lettering import text_size, write

VISIBLE = "".join(chr(code) for code in range(ord("!"), ord("~") + 1))
WHITE = (255, 255, 255)


def drawn(text: str, height: int = 30, pen: int = 2) -> BgrImage:
    """`text` with its feet in row 60, from column 20 on, in a picture with room for it."""
    image = np.zeros((100, 60 + text_size(text, height, pen)[0], 3), np.uint8)
    write(image, text, 20, 60, height, WHITE, pen)
    return image


def test_no_two_letters_look_alike() -> None:
    assert len({drawn(letter, height=60)[:, :80].tobytes() for letter in VISIBLE}) == len(VISIBLE) == 94


@pytest.mark.parametrize(("height", "pen"), [(9, 1), (16, 1), (29, 2), (44, 3)])
def test_all_that_is_written_lies_within_its_size(height: int, pen: int) -> None:
    for text in (*VISIBLE, "Agy 87%", VISIBLE):
        image = drawn(text, height, pen)
        width, depth = text_size(text, height, pen)
        rows, columns = (np.flatnonzero((image > 127).any(axis=(axis, 2))) for axis in (1, 0))
        assert rows.size, f"{text} is written"
        assert columns.min() >= 20
        assert columns.max() <= 20 + width
        assert rows.min() >= 60 - height - pen
        assert rows.max() <= 60 + depth


def test_capitals_and_digits_stand_on_their_feet_and_are_as_high_as_asked() -> None:
    for letter in string.ascii_uppercase + string.digits:
        rows = np.flatnonzero((drawn(letter, 48, 2) > 127).any(axis=(1, 2)))
        assert abs(rows.min() - (60 - 48)) <= 2
        assert abs(rows.max() - 60) <= 2


def test_nothing_is_no_wider_than_its_pen_and_a_blank_leaves_room() -> None:
    assert text_size("", 30, 2) == (4, 12)
    assert text_size("a b", 30, 2)[0] > text_size("ab", 30, 2)[0]
    assert not drawn(" ").any()
