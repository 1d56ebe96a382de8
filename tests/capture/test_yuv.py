import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgevision.capture.yuv import bgr_to_i420, i420
from tests.capture.pictures import difference, quadrants


@pytest.mark.parametrize("full_range", [True, False])
@pytest.mark.parametrize("stride", [320, 384])
def test_colours_survive_with_and_without_padding(stride: int, full_range: bool) -> None:
    planes = bgr_to_i420(quadrants(320, 240), stride, full_range=full_range)
    assert planes.shape == (360, stride)
    image = i420(planes, 320, 240, full_range=full_range).in_bgr()
    assert image.dtype == np.uint8
    assert image.flags["C_CONTIGUOUS"]
    assert difference(image, quadrants(320, 240)) < 3


def test_the_limited_range_is_the_one_that_opencv_knows() -> None:
    planes = cv2.cvtColor(quadrants(64, 48), cv2.COLOR_BGR2YUV_I420)
    np.testing.assert_array_equal(bgr_to_i420(quadrants(64, 48), 64, full_range=False), planes)


@pytest.mark.parametrize(("full_range", "darkest", "brightest"), [(True, 0, 255), (False, 16, 235)])
def test_black_and_white_are_the_ends_of_the_range(full_range: bool, darkest: int, brightest: int) -> None:
    planes = np.full((6, 8), 128, np.uint8)
    planes[:4, :4], planes[:4, 4:] = darkest, brightest
    image = i420(planes, 8, 4, full_range=full_range).in_bgr()
    assert image[:, :4].max() <= 1
    assert image[:, 4:].min() >= 254


@pytest.mark.parametrize(("width", "height", "stride"), [(320, 240, 320), (320, 240, 384), (262, 150, 320), (2, 2, 4)])
def test_the_planes_are_those_of_the_camera_without_a_copy(width: int, height: int, stride: int) -> None:
    planes = np.full((height * 3 // 2, stride), 0, np.uint8)
    flat = planes.ravel()
    flat[: height * stride], flat[height * stride :][: height // 2 * stride // 2] = 1, 2
    flat[height * stride * 5 // 4 :] = 3
    taken = i420(planes, width, height, full_range=True)
    assert (taken.shape, taken.u.shape, taken.v.shape) == ((height, width), *[(height // 2, width // 2)] * 2)
    assert [np.unique(plane).tolist() for plane in (taken.y, taken.u, taken.v)] == [[1], [2], [3]]
    assert all(np.shares_memory(plane, planes) for plane in (taken.y, taken.u, taken.v))


def test_a_part_is_cut_out_with_its_colours() -> None:
    picture = i420(bgr_to_i420(quadrants(320, 240), 384, full_range=True), 320, 240, full_range=True)
    part = picture.cut(160, 0, 320, 120)
    assert part.shape == (120, 160)
    assert difference(part.in_bgr()[:-4, 4:], quadrants(320, 240)[:116, 164:]) < 3
    assert np.shares_memory(part.v, picture.v)


@pytest.mark.parametrize(
    "edges", [(1, 0, 4, 4), (0, 0, 4, 3), (0, 0, 10, 4), (-2, 0, 4, 4), (4, 0, 4, 4), (4, 4, 2, 2)]
)
def test_a_part_that_can_not_be_cut_is_an_error(edges: tuple[int, int, int, int]) -> None:
    picture = i420(np.zeros((9, 8), np.uint8), 8, 6, full_range=True)
    with pytest.raises(ValueError, match="can't cut"):
        picture.cut(*edges)


@settings(deadline=None)
@given(st.integers(1, 20), st.integers(1, 20), st.integers(0, 8), st.booleans())
def test_any_even_size_and_stride_goes_both_ways(half_width: int, half_height: int, pad: int, full_range: bool) -> None:
    width, height = 2 * half_width, 2 * half_height
    image = np.full((height, width, 3), (40, 90, 180), np.uint8)
    planes = bgr_to_i420(image, width + 2 * pad, full_range=full_range)
    assert difference(i420(planes, width, height, full_range=full_range).in_bgr(), image) < 3
