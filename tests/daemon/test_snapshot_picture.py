"""The pictures of events: as large, as cropped and as drawn on as the configuration says."""

import math
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgevision.capture.frame import BgrImage
from edgevision.capture.picture_file import decode_picture
from edgevision.config.scene import SnapshotSettings
from edgevision.daemon.snapshot_picture import (
    LEAST_SIDE,
    LONGEST_SIDE,
    MARGIN,
    MOST_SLENDER,
    encoded,
    part_around,
    snapshot_jpeg,
)
from edgevision.inference.annotate import COLOUR
from edgevision.inference.detection import Box, Detection
from edgevision.scene.seen import Seen

BOX = Box(0.5, 0.25, 0.75, 0.75)


def frame(height: int = 720, width: int = 1280) -> BgrImage:
    """Grey, with a red rectangle where BOX is."""
    image = np.full((height, width, 3), 90, np.uint8)
    image[round(0.25 * height) : round(0.75 * height), round(0.5 * width) : round(0.75 * width)] = (0, 0, 255)
    return image


def seen(box: Box | None = BOX) -> list[Seen]:
    return [Seen(Detection("person", 0.83, box), None, ())]


def taken(image: BgrImage, found: list[Seen], about: Box | None = None, **settings: Any) -> BgrImage:
    """The snapshot, decoded."""
    return decode_picture(snapshot_jpeg(image, found, about, SnapshotSettings(**settings)))


def near(image: BgrImage, colour: tuple[int, int, int]) -> Any:
    """Where the picture has about this colour: JPEG wavers."""
    return (np.abs(image.astype(int) - colour) < 60).all(axis=2)


def sides(mask: Any) -> tuple[int, int, int, int]:
    """The first and last column and row in which something is."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return columns[0], rows[0], columns[-1], rows[-1]


def test_a_plain_picture_is_the_frame_as_it_is() -> None:
    plain = taken(frame(), seen(), BOX, annotate=False)
    assert plain.shape == (720, 1280, 3)
    assert np.abs(plain.astype(int) - frame()).mean() < 2
    assert not near(plain, COLOUR).any()


@pytest.mark.parametrize("settings", [{}, {"height": 301}, {"crop": True}, {"crop": True, "height": 123}])
def test_the_box_is_drawn_around_the_thing_whatever_becomes_of_the_frame(settings: dict[str, Any]) -> None:
    unnamed = [Seen(Detection("", 0.8, BOX), None, ())]  # its text is narrower than the thing at any size
    plain = taken(frame(721, 1283), [], BOX, quality=100, **settings)
    drawn = taken(frame(721, 1283), unnamed, BOX, quality=100, **settings).astype(int) - plain
    around, thing = sides((np.abs(drawn) > 40).any(axis=2)), sides(near(plain, (0, 0, 255)))
    for line, edge in zip(around, thing, strict=True):
        assert abs(line - edge) <= 8


def test_the_quality_is_kept() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (200, 300, 3), np.uint8)
    lengths = [len(snapshot_jpeg(noise, [], None, SnapshotSettings(quality=quality))) for quality in (10, 80, 100)]
    assert lengths == sorted(set(lengths))


@pytest.mark.parametrize(
    ("height", "shape"),
    [(None, (721, 1283)), (360, (360, 641)), (721, (721, 1283)), (5000, (721, 1283)), (16, (16, 28))],
)
def test_the_height_is_that_of_the_configuration_and_never_more_than_the_frame_has(
    height: int | None, shape: tuple[int, int]
) -> None:
    assert taken(frame(721, 1283), seen(), height=height).shape[:2] == shape


@pytest.mark.parametrize("shape", [(16, 70_000), (66_000, 8), (1, 65_600)])
def test_a_frame_that_is_too_long_for_a_jpeg_is_made_smaller(shape: tuple[int, int]) -> None:
    picture = taken(frame(*shape), seen())
    assert max(picture.shape) == LONGEST_SIDE
    assert min(picture.shape[:2]) == pytest.approx(min(shape), abs=1)


def test_lines_and_text_are_drawn_at_the_final_size() -> None:
    picture = taken(frame(2160, 3840), seen(), height=216, quality=100)
    assert near(picture, COLOUR).sum() > 300, "scaled down tenfold they would have faded"
    assert (picture[:, :, 0] > 170).sum() > 30, "nor is its text to be"


def test_it_is_cropped_only_where_it_is_about_something_and_asked_for() -> None:
    assert taken(frame(), seen(), None, crop=True).shape[:2] == (720, 1280)
    assert taken(frame(), seen(), BOX, crop=False).shape[:2] == (720, 1280)
    assert taken(frame(), seen(), BOX, crop=True).shape[:2] == (504, 448)


def test_what_else_is_there_is_drawn_in_the_part_that_shows_it() -> None:
    far = Seen(Detection("dog", 0.9, Box(0.0, 0.0, 0.05, 0.05)), None, ())
    alone, both = (taken(frame(), found, BOX, crop=True) for found in (seen(), [*seen(), far]))
    assert (alone == both).all()
    label = Seen(Detection("kitchen", 0.9), None, ())
    assert (taken(frame(), [*seen(), label], BOX, crop=True) != alone).any()


def test_a_small_picture_is_not_cropped_to_more_than_it_has() -> None:
    assert taken(frame(33, 47), seen(), BOX, crop=True).shape[:2] == (33, 47)


SIDE = st.floats(-0.5, 1.5)


@given(SIDE, SIDE, SIDE, SIDE, st.integers(1, 4000), st.integers(1, 4000))
def test_the_part_shows_the_box_with_a_margin_within_the_frame(
    x1: float, y1: float, x2: float, y2: float, width: int, height: int
) -> None:
    box = Box(min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))
    left, top, right, bottom = part_around(box, width, height)
    for first, last, begin, end, whole in (
        (left, right, box.xmin, box.xmax, width),
        (top, bottom, box.ymin, box.ymax, height),
    ):
        low, high = (min(max(side, 0.0), 1.0) * whole for side in (begin, end))
        margin = (high - low) * MARGIN
        assert 0 <= first < last <= whole
        assert first <= max(low - margin, 0) + 1
        assert last >= min(high + margin, whole) - 1
        assert last - first >= min(LEAST_SIDE, whole)
    columns, rows = right - left, bottom - top
    assert columns * MOST_SLENDER >= rows - MOST_SLENDER or columns == width
    assert rows * MOST_SLENDER >= columns - MOST_SLENDER or rows == height


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_box_of_no_numbers_crops_nothing(bad: float) -> None:
    assert taken(frame(), seen(Box(0, 0, bad, 1)), Box(0, 0, bad, 1), crop=True).shape[:2] == (720, 1280)


def test_a_kind_of_file_that_opencv_cannot_write_is_said() -> None:
    with pytest.raises(ValueError, match=r"\.txt"):
        encoded(frame(), ".txt", 80)
    assert cv2.imdecode(np.frombuffer(encoded(frame(), ".PNG", 80), np.uint8), cv2.IMREAD_COLOR) is not None
