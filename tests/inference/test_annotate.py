"""What is drawn onto pictures: boxes where things are, text that can be read."""

import math

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgevision.capture.frame import BgrImage
from edgevision.inference.annotate import COLOUR, Outline, annotate, drawable
from edgevision.inference.detection import Box, Detection

HEIGHT, WIDTH = 200, 300
BLUE = (255, 0, 0)


def black(height: int = HEIGHT, width: int = WIDTH) -> BgrImage:
    return np.zeros((height, width, 3), np.uint8)


def person(*sides: float, label: str = "person", score: float = 0.83) -> Detection:
    return Detection(label, score, Box(*sides))


def ink(image: BgrImage) -> int:
    """How much is written: the pixels that are nearly white."""
    return int((image.min(axis=2) > 200).sum())


def test_a_box_is_drawn_around_its_thing_on_a_copy() -> None:
    image = black()
    drawn = annotate(image, [person(0.2, 0.3, 0.6, 0.9)])
    assert not image.any()
    left, top, right, bottom = round(0.2 * 299), round(0.3 * 199), round(0.6 * 299), round(0.9 * 199)
    for x, y in ((left, 100), (right, 100), (100, bottom), (right, top)):
        assert tuple(drawn[y, x]) == COLOUR
    for x, y in ((left - 3, 100), (right + 3, 100), (100, bottom + 3), (150, 120)):
        assert not drawn[y, x].any()
    assert ink(drawn)


@pytest.mark.parametrize("at", [(0.95, 0.95, 1, 1), (-0.5, -0.5, 0.1, 0.1), (0.98, 0, 1.7, 0.1), (0, 0.99, 0.1, 1e30)])
def test_the_text_of_a_box_at_the_edge_is_all_there(at: tuple[float, float, float, float]) -> None:
    assert ink(annotate(black(), [person(*at)])) == ink(annotate(black(), [person(0.3, 0.3, 0.6, 0.6)]))


def test_of_a_box_that_reaches_beyond_the_picture_the_part_in_it_is_drawn() -> None:
    drawn = annotate(black(), [person(-1e300, 0.5, 0.5, 7)])
    assert tuple(drawn[-1, round(0.5 * 299)]) == COLOUR
    assert not drawn[150, 0].any(), "there is no edge at the picture's own"


@pytest.mark.parametrize("sides", [(1.1, 0, 1.5, 1), (0, -3, 1, -0.1), (0, 0, math.nan, 1), (0, 0, math.inf, 1)])
def test_a_box_outside_or_of_no_numbers_is_left_out(sides: tuple[float, float, float, float]) -> None:
    assert not annotate(black(), [person(*sides), Detection("person", math.nan)]).any()


def test_a_long_label_is_cut_and_its_score_is_not() -> None:
    long = [annotate(black(), [person(0.1, 0.1, 0.9, 0.9, label="label " * 20, score=score)]) for score in (0.81, 0.29)]
    assert (long[0] != long[1]).any()


def test_labels_without_a_box_stand_below_each_other() -> None:
    one, two = (annotate(black(), [Detection("cat", 0.8), Detection("dog", 0.1)][:count]) for count in (1, 2))
    last = np.flatnonzero(one.any(axis=(1, 2))).max()
    assert ink(two[last + 1 :])
    assert (two[: last - 2] == one[: last - 2]).all()


@pytest.mark.parametrize(
    ("text", "spelt"),
    [
        ("person", "person"),
        ("Fußgänger", "Fussganger"),
        ("Søndag, Žižek, Łódź", "Sondag, Zizek, Lodz"),
        ("e\u0301clair", "eclair"),
        ("猫 cat", "? cat"),
        ("\x00\n\ud800", "???"),
        ("", ""),
    ],
)
def test_what_the_letters_lack_is_spelt_as_far_as_that_goes(text: str, spelt: str) -> None:
    assert drawable(text) == spelt
    with_text, with_ascii = (annotate(black(), [Detection(label, 0.5)]) for label in (text, spelt))
    assert (with_text == with_ascii).all()


def test_an_outline_is_thin_has_its_name_and_lies_below_the_boxes() -> None:
    square = Outline("drive", ((0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75)), BLUE)
    drawn = annotate(black(), [], [square])
    # Within a line of one pixel; its edges may be softened.
    across = drawn[round(0.5 * 199), round(0.75 * 299) - 4 : round(0.75 * 299) + 5]
    assert across[:, 0].max() > 200
    assert (across[:, 0] > 200).sum() <= 2
    assert ink(drawn)
    both = annotate(black(), [person(0.25, 0.25, 0.75, 0.75)], [square])
    assert tuple(both[round(0.75 * 199), 100]) == COLOUR


SIDE = st.floats(allow_nan=True, allow_infinity=True, width=32) | st.floats(-0.5, 1.5)


@given(
    st.integers(1, 40),
    st.integers(1, 40),
    st.lists(st.builds(Detection, st.text(), st.floats(), st.builds(Box, SIDE, SIDE, SIDE, SIDE) | st.none())),
)
def test_nothing_that_is_found_breaks_the_picture(height: int, width: int, detections: list[Detection]) -> None:
    drawn = annotate(black(height, width), detections, [Outline("z", ((0, 0), (1, 0), (1, 1)), BLUE)])
    assert drawn.shape == (height, width, 3)
    assert drawn.dtype == np.uint8


def test_text_is_legible_on_a_small_picture() -> None:
    drawn = annotate(black(120, 160), [person(0.1, 0.1, 0.9, 0.9)])
    strip = (drawn == COLOUR).all(axis=2)[:, 30]
    written = cv2.boundingRect((drawn.min(axis=2) > 120).astype(np.uint8))
    assert written[3] >= 8, "pixels from the top of its letters to the bottom"
    assert strip.any()
