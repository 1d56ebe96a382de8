"""A model is given the small picture where that has what it takes."""

import numpy as np
import pytest

from edgevision.capture.frame import Picture
from edgevision.capture.transform import make_frame
from edgevision.daemon.prepared_frame import prepare
from edgevision.inference.bundled import bundled_model
from edgevision.inference.model import Model
from edgevision.inference.preprocess import Resize
from tests.capture.pictures import black


@pytest.mark.parametrize(
    ("resize", "lores", "enough"),
    [("stretch", (300, 300), True), ("stretch", (300, 168), False), ("letterbox", (300, 168), True)],
)
def test_the_small_picture_will_do_where_it_has_the_models_pixels(
    resize: Resize, lores: tuple[int, int], enough: bool
) -> None:
    main, small = np.full((720, 1280, 3), 255, np.uint8), black(*lores)
    small.u[:] = small.v[:] = 128
    frame = make_frame(Picture(main, small), camera="front", seq=0, time=0.0, monotonic=0.0)
    pixels = prepare(Model(bundled_model("person"), resize=resize).preparer(), frame).input.pixels
    middle = int(pixels[0, 150, 150, 0]) + (128 if pixels.dtype == np.int8 else 0)
    assert middle == (0 if enough else 255)
