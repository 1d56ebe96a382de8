import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgevision.capture.frame import BgrImage, Frame, Picture, Yuv420
from edgevision.capture.transform import Region, crop_pixels, make_frame, model_view, rotate
from edgevision.capture.yuv import bgr_to_i420, i420
from tests.capture.pictures import BLUE, GREEN, RED, WHITE, black, difference, in_bgr, quadrants


def corners(image: BgrImage) -> list[tuple[int, ...]]:
    """Clockwise from the top left."""
    return [tuple(map(int, image[y, x])) for y, x in ((0, 0), (0, -1), (-1, -1), (-1, 0))]


def frame(image: BgrImage, lores: BgrImage | Yuv420 | None = None, crop: Region = (0.0, 0.0, 1.0, 1.0)) -> Frame:
    return make_frame(Picture(image, lores), camera="front", seq=0, time=0.0, monotonic=0.0, crop=crop)


@pytest.mark.parametrize(
    ("degrees", "size", "expected"),
    [
        (0, (32, 24), [RED, GREEN, WHITE, BLUE]),
        (90, (24, 32), [BLUE, RED, GREEN, WHITE]),
        (180, (32, 24), [WHITE, BLUE, RED, GREEN]),
        (270, (24, 32), [GREEN, WHITE, BLUE, RED]),
    ],
)
def test_rotation_is_clockwise(degrees: int, size: tuple[int, int], expected: list[tuple[int, int, int]]) -> None:
    turned = rotate(quadrants(32, 24), degrees)
    assert corners(turned) == expected
    assert (turned.shape[1], turned.shape[0]) == size
    assert turned.flags["C_CONTIGUOUS"]


def test_no_rotation_makes_no_copy() -> None:
    picture = quadrants(32, 24)
    assert rotate(picture, 0) is picture


def test_other_angles_are_refused() -> None:
    with pytest.raises(ValueError, match="45"):
        rotate(quadrants(32, 24), 45)


def test_a_frame_has_both_images_turned_and_keeps_what_it_was_told() -> None:
    picture = Picture(quadrants(32, 24), quadrants(16, 12), "a.jpg")
    made = make_frame(picture, camera="front", seq=7, time=1.5, monotonic=2.5, degrees=90, crop=(0.0, 0.0, 0.5, 0.5))
    assert (made.width, made.height) == (24, 32)
    assert made.lores is not None
    assert made.lores.shape == (16, 12, 3)
    assert corners(made.image) == corners(in_bgr(made.lores)) == [BLUE, RED, GREEN, WHITE]
    assert (made.camera, made.seq, made.time, made.monotonic, made.source) == ("front", 7, 1.5, 2.5, "a.jpg")
    assert made.crop == (0.0, 0.0, 0.5, 0.5)


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_a_small_picture_in_planes_is_turned_as_the_large_one_is(degrees: int) -> None:
    planes = i420(bgr_to_i420(quadrants(64, 48), 128, full_range=True), 64, 48, full_range=True)
    made = make_frame(Picture(quadrants(64, 48), planes), camera="a", seq=0, time=0.0, monotonic=0.0, degrees=degrees)
    assert isinstance(made.lores, Yuv420)
    assert made.lores.full_range
    assert difference(in_bgr(made.lores), made.image) < 3
    assert np.shares_memory(made.lores.y, planes.y) == (degrees == 0)


fractions = st.floats(0, 1)
sizes = st.integers(1, 5000)


@given(st.tuples(fractions, fractions), st.tuples(fractions, fractions), sizes, sizes)
def test_a_crop_is_within_the_picture_and_never_empty(
    x: tuple[float, float], y: tuple[float, float], width: int, height: int
) -> None:
    left, top, right, bottom = crop_pixels((min(x), min(y), max(x), max(y)), width, height)
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height
    assert abs(left - min(x) * width) <= 1
    assert abs(bottom - max(y) * height) <= 1


@given(sizes, sizes)
def test_the_whole_crop_is_the_whole_picture(width: int, height: int) -> None:
    assert crop_pixels((0.0, 0.0, 1.0, 1.0), width, height) == (0, 0, width, height)


@given(st.integers(0, 10), st.integers(0, 9), sizes)
def test_crops_side_by_side_neither_overlap_nor_leave_a_gap(parts: int, start: int, width: int) -> None:
    parts, width = parts + 1, max(width, 30)
    bounds = [crop_pixels((n / parts, 0.0, (n + 1) / parts, 1.0), width, 10) for n in range(parts)]
    assert [b[0] for b in bounds] == [0, *(b[2] for b in bounds[:-1])]
    assert bounds[-1][2] == width


def test_the_model_sees_the_crop_without_a_copy() -> None:
    image = quadrants(320, 240)
    view, _ = model_view(frame(image, crop=(0.5, 0.0, 1.0, 0.5)), 224, 224)
    assert np.shares_memory(in_bgr(view), image)
    np.testing.assert_array_equal(view, np.full((120, 160, 3), GREEN, np.uint8))


@pytest.mark.parametrize(
    ("crop", "from_lores"),
    [((0.0, 0.0, 1.0, 1.0), True), ((0.0, 0.0, 0.5, 1.0), True), ((0.0, 0.0, 0.4, 1.0), False)],
)
def test_the_small_picture_is_used_while_it_has_the_pixels_that_the_model_needs(crop: Region, from_lores: bool) -> None:
    image, lores = quadrants(1280, 720), quadrants(640, 360)
    view, _ = model_view(frame(image, lores, crop), 320, 320)
    assert np.shares_memory(in_bgr(view), lores if from_lores else image)
    view, _ = model_view(frame(image, black(640, 360), crop), 320, 320)
    assert isinstance(view, Yuv420) == from_lores


def test_between_bars_the_small_picture_needs_the_models_pixels_on_one_side_only() -> None:
    made = frame(quadrants(1280, 720), black(320, 180))
    for needed, letterbox, from_lores in ((320, True, True), (320, False, False), (400, True, False)):
        view, _ = model_view(made, needed, needed, letterbox=letterbox)
        assert isinstance(view, Yuv420) == from_lores


@given(
    st.tuples(st.floats(0, 0.4), st.floats(0, 0.4), st.floats(0.6, 1), st.floats(0.6, 1)),
    st.booleans(),
)
def test_the_region_is_exactly_where_the_view_lies(crop: Region, with_lores: bool) -> None:
    image = np.zeros((72, 128, 3), np.uint8)
    made = frame(image, np.zeros((36, 64, 3), np.uint8) if with_lores else None, crop)
    view, region = model_view(made, 10, 5)
    whole = in_bgr(made.lores) if with_lores and np.shares_memory(in_bgr(view), in_bgr(made.lores)) else image
    assert view.shape[1] == pytest.approx((region[2] - region[0]) * whole.shape[1])
    assert view.shape[0] == pytest.approx((region[3] - region[1]) * whole.shape[0])
    assert region == pytest.approx(crop, abs=0.5 / 36 + 1e-9)


@given(st.tuples(fractions, fractions), st.tuples(fractions, fractions), st.integers(1, 200), st.integers(1, 200))
def test_planes_are_cut_where_their_colours_are_and_the_region_says_where(
    x: tuple[float, float], y: tuple[float, float], half_width: int, half_height: int
) -> None:
    crop = min(x), min(y), max(x), max(y)
    lores = black(2 * half_width, 2 * half_height)
    lores.y[:] = np.arange(2 * half_height)[:, np.newaxis] % 256
    view, region = model_view(frame(quadrants(8, 8), lores, crop), 1, 1)
    assert isinstance(view, Yuv420)
    height, width = view.shape
    assert view.u.shape == view.v.shape == (height // 2, width // 2)
    left, top, right, bottom = np.multiply(region, [2 * half_width, 2 * half_height] * 2)
    assert (right - left, bottom - top) == (pytest.approx(width), pytest.approx(height))
    assert min(width, height) >= 2
    assert view.y[0, 0] == round(top) % 256
    assert np.abs(np.subtract(crop, region) * ([2 * half_width, 2 * half_height] * 2)).max() <= 2 + 1e-9
