"""The smallest lores that will do."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from edgevision.capture.frame import Picture, Yuv420
from edgevision.capture.lores import View, lores_limit
from edgevision.capture.picamera2 import lores_size
from edgevision.capture.small_grey import small_grey
from edgevision.capture.transform import make_frame, model_view
from tests.capture.pictures import black


@pytest.mark.parametrize(
    ("main", "view", "expected"),
    [
        ((1280, 720), View(300, 300), (640, 360)),
        ((1280, 720), View(224, 224, share=0.875), (640, 360)),
        ((1280, 720), View(128, 128, share=0.875), (320, 180)),
        ((1280, 720), View(96, 96, share=0.875), (320, 180)),
        ((1280, 720), View(32, 32), (160, 90)),
        ((1280, 720), View(512, 512), (912, 512)),
        ((1280, 720), View(300, 300, crop=(0.5, 0.5, 1.0, 1.0)), (1074, 604)),
        ((1280, 720), View(320, 100), (320, 180)),
        ((1280, 720), View(100, 320, degrees=90), (320, 180)),
        ((1280, 720), View(320, 100, degrees=90), (640, 360)),
        ((720, 1280), View(300, 300, degrees=270), (360, 640)),
        ((4056, 3040), View(96, 96), (640, 480)),
        ((640, 480), View(300, 300), (400, 300)),
        ((640, 480), View(640, 640), (160, 120)),
        ((300, 300), View(300, 300), (160, 160)),
        ((160, 120), View(96, 96, crop=(0.0, 0.0, 0.5, 0.5)), None),
    ],
)
def test_it_is_as_small_as_the_model_and_the_motion_gate_allow(
    main: tuple[int, int], view: View, expected: tuple[int, int] | None
) -> None:
    assert lores_size(main, lores_limit(main, view)) == expected


low, high = st.floats(0, 0.45), st.floats(0.55, 1)
sides = st.integers(50, 1000).map(lambda half: 2 * half)


@given(
    st.tuples(sides, sides),
    st.integers(16, 400),
    st.integers(16, 400),
    st.sampled_from([1.0, 0.875]),
    st.tuples(low, low, high, high),
    st.sampled_from([0, 90, 180, 270]),
)
def test_model_and_motion_gate_find_in_it_what_they_need(
    main: tuple[int, int], width: int, height: int, share: float, crop: tuple[float, float, float, float], degrees: int
) -> None:
    assume(max(main) <= 4 * min(main))
    view = View(width, height, share, crop, degrees)
    size = lores_size(main, lores_limit(main, view))
    if size is None:
        return
    frame = make_frame(
        Picture(np.empty((main[1], main[0], 3), np.uint8), black(*size)),
        camera="front",
        seq=0,
        time=0.0,
        monotonic=0.0,
        degrees=degrees,
        crop=crop,
    )
    assert isinstance(frame.lores, Yuv420)
    assert max(small_grey(frame.lores.y, crop).shape) == 160
    seen, _ = model_view(frame, width, height)
    of_main, _ = model_view(make_frame(Picture(frame.image), camera="", seq=0, time=0, monotonic=0, crop=crop), 1, 1)
    enough = of_main.shape[0] > height / share + 4 and of_main.shape[1] > width / share + 4
    assert isinstance(seen, Yuv420) or not enough
    if isinstance(seen, Yuv420) and enough:
        assert seen.shape[0] >= height / share
        assert seen.shape[1] >= width / share
