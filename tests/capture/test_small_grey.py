"""From the camera's picture to the gate's little picture."""

import math

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edgevision.capture.small_grey import small_grey
from edgevision.scene.motion import MotionGate
from tests.scene.synthetic_video import of_photo, plain, slow_light, thing

Region = tuple[float, float, float, float]
WHOLE: Region = (0.0, 0.0, 1.0, 1.0)


def uniform(width: int, height: int, level: int = 100) -> NDArray[np.uint8]:
    return np.full((height, width, 3), level, np.uint8)


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (1280, 720, (90, 160)),
        (720, 1280, (160, 90)),
        (641, 479, (120, 160)),
        (160, 120, (120, 160)),
        (50, 31, (31, 50)),
        (1, 1, (1, 1)),
        (4000, 3, (1, 160)),
        # Halving is cheaper, and no less is seen: what gives lores other pixels takes from one side to give the other.
        (300, 300, (150, 150)),
        (256, 256, (128, 128)),
        (584, 292, (80, 160)),
        (216, 216, (160, 160)),
        (240, 240, (160, 160)),
        (1024, 768, (120, 160)),
    ],
)
def test_the_longer_side_has_about_160_pixels_and_nothing_is_enlarged(
    width: int, height: int, expected: tuple[int, int]
) -> None:
    grey = small_grey(uniform(width, height), WHOLE)
    assert grey.shape == expected
    assert grey.dtype == np.uint8
    assert (grey == 100).all()


def test_it_shows_what_the_picture_shows() -> None:
    bgr = np.random.default_rng(1).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    image = np.asarray(cv2.resize(bgr, (1280, 960), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)
    difference = small_grey(image, WHOLE) - of_photo(image, (160, 120))
    assert np.abs(difference).max() < 3


def test_a_grey_picture_will_do_as_well() -> None:
    image = np.random.default_rng(1).integers(0, 256, (180, 320), dtype=np.uint8)
    difference = small_grey(image, WHOLE) - of_photo(np.dstack([image] * 3), (160, 90))
    assert np.abs(difference).max() <= 1


def test_only_the_crop_is_shown_with_all_the_pixels_there_are() -> None:
    image = uniform(1280, 720, 10)
    image[360:, 640:] = 200
    grey = small_grey(image, (0.5, 0.5, 1.0, 1.0))
    assert grey.shape == (90, 160)
    assert (grey == 200).all()


@pytest.mark.parametrize("lores", [None, (320, 180), (300, 300), (256, 256), (216, 216), (144, 144)])
def test_someone_far_away_opens_the_gate_and_sensor_noise_does_not(lores: tuple[int, int] | None) -> None:
    """The whole way at 1280x720: noise of 8 grey levels, light that fades, a person of a few per cent."""
    random = np.random.default_rng(4)
    yard, light = plain(1280, 720), slow_light(period=10)
    walks = thing((0.3, 0.5), (0.1, 0), during=(4, np.inf))
    grain = random.standard_normal((800, 1400, 3), np.float32) * np.float32(8)
    gate, seen = MotionGate((), WHOLE), []
    for number in range(50):
        clock = number / 10
        picture = walks(light(yard, clock), clock)[:, :, np.newaxis]
        x, y = random.integers(0, (120, 80))
        image = np.clip(picture + grain[y : y + 720, x : x + 1280], 0, 255).astype(np.uint8)
        if lores is not None:
            image = np.asarray(cv2.resize(image, lores, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)
        seen.append(gate.passes(small_grey(image, WHOLE), clock, math.inf))
    assert sum(seen[:40]) == 2
    assert any(seen[40:43])
    assert all(seen[43:])
