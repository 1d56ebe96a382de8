"""A lores with just the pixels that the model takes, or the smallest that will do."""

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from edgevision.capture.frame import Frame, Picture, Yuv420
from edgevision.capture.lores import View, lores_size
from edgevision.capture.small_grey import small_grey
from edgevision.capture.transform import WHOLE, Region, make_frame, model_view
from edgevision.inference.preprocess import InputFormat, Resize, fit
from tests.capture.pictures import black

MAIN = (1280, 720)


def frame(main: tuple[int, int], size: tuple[int, int] | None, view: View) -> Frame:
    """What a camera gives with a lores of this size, turned and to be cut as `view` has it."""
    picture = Picture(black(*main), None if size is None else black(*size))
    return make_frame(picture, camera="front", seq=0, time=0, monotonic=0, degrees=view.degrees, crop=view.crop)


def seen(main: tuple[int, int], size: tuple[int, int] | None, view: View) -> Yuv420:
    """Of that what the model is to see."""
    shown, _ = model_view(frame(main, size, view), view.width, view.height, letterbox=view.letterbox)
    assert isinstance(shown, Yuv420)
    return shown


def scales(main: tuple[int, int], size: tuple[int, int] | None, view: View) -> tuple[float, float]:
    """How many of the pixels become one of the model's, across and down."""
    shown = seen(main, size, view)
    resize: Resize = "letterbox" if view.letterbox else "stretch" if view.share == 1 else "crop"
    height, width = shown.shape
    found = fit(width, height, InputFormat(view.height, view.width, "uint8"), resize, step=2)
    left, top, right, bottom = found.part or (0, 0, width, height)
    return (right - left) / found.box[2], (bottom - top) / found.box[3]


@pytest.mark.parametrize("main", [(1280, 720), (640, 480), (1920, 1080), (1640, 1232), (2028, 1520), (720, 1280)])
@pytest.mark.parametrize(
    "view",
    [
        *(View(side, side) for side in (300, 320)),
        *(View(side, side, share=0.875) for side in (160, 192, 224, 240)),
        *(View(side, side, letterbox=True) for side in (300, 320)),
    ],
)
@pytest.mark.parametrize("crop", [WHOLE, (0.13, 0.02, 0.97, 0.9)])
@pytest.mark.parametrize("degrees", [0, 90])
def test_the_model_sees_exactly_its_own_pixels_or_twice_as_many(
    main: tuple[int, int], view: View, crop: Region, degrees: int
) -> None:
    made = replace(view, crop=crop, degrees=degrees)
    size = lores_size(main, made)
    assert size is not None
    assert scales(main, size, made) in ((1, 1), (2, 2))
    assert all(most / 8 <= side <= most and side % 2 == 0 for side, most in zip(size, main, strict=True))


@pytest.mark.parametrize(
    ("main", "view", "expected"),
    [
        (MAIN, View(300, 300), (300, 300)),
        (MAIN, View(512, 512), (512, 512)),
        (MAIN, View(320, 192), (320, 192)),
        (MAIN, View(192, 320, degrees=90), (320, 192)),
        (MAIN, View(192, 320, degrees=270), (320, 192)),
        (MAIN, View(300, 300, crop=(0.5, 0.5, 1.0, 1.0)), (600, 600)),
        (MAIN, View(224, 224, share=0.875), (256, 256)),
        (MAIN, View(192, 192, share=0.875), (216, 216)),
        # One pixel of the model's a pixel would be too few for a camera's scaler, or for the motion gate.
        (MAIN, View(128, 128, share=0.875), (292, 292)),
        (MAIN, View(96, 96, share=0.875), (216, 216)),
        ((640, 480), View(128, 128, share=0.875), (144, 144)),
        # A letterbox needs the picture in its own shape.
        (MAIN, View(320, 320, letterbox=True), (320, 180)),
        (MAIN, View(300, 300, letterbox=True), (300, 168)),
        (MAIN, View(320, 320, letterbox=True, degrees=90), (320, 180)),
        (MAIN, View(299, 299), (598, 598)),
        # Where it can't be exact: in the shape of the main one, doubled until it will do.
        ((640, 480), View(299, 299), (400, 300)),
        (MAIN, View(32, 32), (160, 90)),
        (MAIN, View(300, 300, crop=(0.6, 0.6, 0.9, 0.95)), (540, 304)),
        (MAIN, View(320, 100), (320, 180)),
        ((4056, 3040), View(96, 96), (640, 480)),
        # The model needs more than there is, or just that.
        ((640, 480), View(640, 640), (160, 120)),
        ((640, 480), View(640, 640, letterbox=True), None),
        ((300, 300), View(300, 300), None),
        ((160, 120), View(96, 96, crop=(0.0, 0.0, 0.5, 0.5)), None),
    ],
)
def test_it_is_as_small_as_the_model_and_the_motion_gate_allow(
    main: tuple[int, int], view: View, expected: tuple[int, int] | None
) -> None:
    assert lores_size(main, view) == expected


low, high = st.floats(0, 0.45), st.floats(0.55, 1)
sides = st.integers(50, 1000).map(lambda half: 2 * half)


@given(
    st.tuples(sides, sides),
    st.integers(16, 400),
    st.integers(16, 400),
    st.sampled_from([(1.0, False), (0.875, False), (1.0, True)]),
    st.tuples(low, low, high, high),
    st.sampled_from([0, 90, 180, 270]),
)
def test_model_and_motion_gate_find_in_it_what_they_need(
    main: tuple[int, int],
    width: int,
    height: int,
    how: tuple[float, bool],
    crop: tuple[float, float, float, float],
    degrees: int,
) -> None:
    assume(max(main) <= 4 * min(main))
    share, letterbox = how
    view = View(width, height, share, crop, degrees, letterbox)
    size = lores_size(main, view)
    if size is None:
        return
    assert size[0] <= main[0]
    assert size[1] <= main[1]
    assert size[0] % 2 == size[1] % 2 == 0
    made = frame(main, size, view)
    assert isinstance(made.main, Yuv420)
    assert isinstance(made.lores, Yuv420)
    usual, grey = small_grey(made.main.y, crop), small_grey(made.lores.y, crop)
    assert max(grey.shape) <= 160
    assert grey.size >= 0.62 * usual.size
    shown = seen(main, size, view)
    if min(scales(main, None, view)) > 1.1:
        assert shown.shape == seen(main, size, replace(view, width=1, height=1)).shape  # it isn't the main one
        assert min(scales(main, size, view)) > 0.98
