import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgevision.capture.yuv import bgr_to_i420, i420_to_bgr
from tests.capture.pictures import difference, quadrants


@pytest.mark.parametrize("full_range", [True, False])
@pytest.mark.parametrize("stride", [320, 384])
def test_colours_survive_with_and_without_padding(stride: int, full_range: bool) -> None:
    planes = bgr_to_i420(quadrants(320, 240), stride, full_range=full_range)
    assert planes.shape == (360, stride)
    image = i420_to_bgr(planes, 320, 240, full_range=full_range)
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
    image = i420_to_bgr(planes, 8, 4, full_range=full_range)
    assert image[:, :4].max() <= 1
    assert image[:, 4:].min() >= 254


@settings(deadline=None)
@given(st.integers(1, 20), st.integers(1, 20), st.integers(0, 8), st.booleans())
def test_any_even_size_and_stride_goes_both_ways(half_width: int, half_height: int, pad: int, full_range: bool) -> None:
    width, height = 2 * half_width, 2 * half_height
    image = np.full((height, width, 3), (40, 90, 180), np.uint8)
    planes = bgr_to_i420(image, width + 2 * pad, full_range=full_range)
    assert difference(i420_to_bgr(planes, width, height, full_range=full_range), image) < 3
