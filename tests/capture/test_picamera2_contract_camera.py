"""What edgevision's own camera keeps, on the stand-in and on the real class alike."""

import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from edgevision.capture.frame import GreyImage, Picture, Unwanted, Yuv420
from edgevision.capture.picamera2 import Picamera2Camera
from edgevision.errors import SourceError, SourceTimeoutError
from tests.capture.conftest import SIZE, SMALL, TIMEOUT, Rig
from tests.capture.pictures import difference, picture_of, quadrants

SQUARE = (300, 300)


@pytest.fixture
def camera(rig: Rig) -> Iterator[Picamera2Camera]:
    source = Picamera2Camera(size=SIZE, fps=30, timeout=TIMEOUT, lores=SMALL)
    yield source
    source.close()


def test_both_pictures_have_their_size_and_colours(camera: Picamera2Camera) -> None:
    assert (camera.live, camera.finite) == (True, False)
    camera.open()
    for _ in range(5):
        picture = picture_of(camera)
        assert picture.source is None
        assert isinstance(picture.lores, Yuv420)
        for image, size in ((picture.image, SIZE), (picture.lores.in_bgr(), SMALL)):
            assert image.dtype == np.uint8
            assert image.flags["C_CONTIGUOUS"]
            assert difference(image, quadrants(*size)) < 6
    assert camera.skipped == 0


def test_a_camera_that_is_asked_for_no_lores_gives_none(rig: Rig) -> None:
    source = Picamera2Camera(size=SIZE, fps=30, timeout=TIMEOUT)
    source.open()
    assert picture_of(source).lores is None
    source.close()


def test_pictures_stay_as_they_are_when_the_camera_goes_on(camera: Picamera2Camera) -> None:
    camera.open()
    first = picture_of(camera)
    assert isinstance(first.main, Yuv420)
    assert isinstance(first.lores, Yuv420)
    all_of_it = [pixels for one in (first.main, first.lores) for pixels in (one.y, one.u, one.v)]
    copies = [pixels.copy() for pixels in all_of_it]
    for _ in range(10):
        camera.read()
    for pixels, copy in zip(all_of_it, copies, strict=True):
        np.testing.assert_array_equal(pixels, copy)


def test_the_small_picture_shows_the_same_in_another_shape(rig: Rig) -> None:
    source = Picamera2Camera(size=SIZE, fps=30, timeout=TIMEOUT, lores=SQUARE)
    source.open()
    picture = picture_of(source)
    source.close()
    assert isinstance(picture.lores, Yuv420)
    assert difference(picture.lores.in_bgr(), quadrants(*SQUARE)) < 6


@pytest.mark.parametrize("lores", [SMALL, None])
def test_a_grey_picture_can_be_looked_at_before_the_others_are_had(rig: Rig, lores: tuple[int, int] | None) -> None:
    source = Picamera2Camera(size=SIZE, fps=30, timeout=TIMEOUT, lores=lores)
    seen: list[GreyImage] = []

    def wanted(grey: Callable[[], GreyImage]) -> bool:
        seen.extend([grey(), grey()])
        return len(seen) > 2

    source.open()
    try:
        assert isinstance(source.read(wanted), Unwanted)
        picture = source.read(wanted)
    finally:
        source.close()
    assert isinstance(picture, Picture)
    assert (lores is None) == (picture.lores is None)
    smallest = picture.main if picture.lores is None else picture.lores
    assert isinstance(smallest, Yuv420)
    assert all(np.abs(grey.astype(int) - smallest.y).mean() < 1 for grey in seen)
    assert source.skipped == 0


def test_a_camera_that_stalls_is_a_timeout_and_comes_back_when_opened_again(camera: Picamera2Camera, rig: Rig) -> None:
    camera.open()
    for _ in range(2):
        camera.read()
        with rig.stalled(), pytest.raises(SourceTimeoutError, match="gave no picture for 2 s"):
            for _ in range(10):  # those that were under way still come
                camera.read()
        camera.close()
        camera.open()
    for _ in range(5):
        assert difference(picture_of(camera).image, quadrants(*SIZE)) < 6


def test_a_thread_that_waits_for_a_picture_is_woken_when_its_camera_is_abandoned_and_another_has_it(
    camera: Picamera2Camera, rig: Rig
) -> None:
    patient = Picamera2Camera(size=SIZE, fps=30, timeout=600)
    patient.open()
    patient.read()

    def wait() -> None:
        with pytest.raises(SourceError):
            while True:
                patient.read()
        patient.close()

    with rig.stalled():
        waiting = threading.Thread(target=wait)
        waiting.start()
        waiting.join(1.0)
        assert waiting.is_alive()
        patient.abandon()
        waiting.join(10.0)
        assert not waiting.is_alive()
    camera.open()
    camera.read()


def test_a_camera_that_another_has_is_an_error_and_does_that_one_no_harm(camera: Picamera2Camera, rig: Rig) -> None:
    other = rig.library.Picamera2(0)
    with pytest.raises(SourceError, match="in use by another program"):
        camera.open()
    other.close()
    camera.open()
    camera.read()
    second = Picamera2Camera(size=SIZE, timeout=TIMEOUT)
    with pytest.raises(SourceError, match="already open in this process"):
        second.open()
    second.close()
    for _ in range(5):
        camera.read()


def test_a_camera_that_is_not_there_is_an_error_that_says_how_to_look(rig: Rig) -> None:
    with pytest.raises(SourceError, match=r"no camera 7 .*only 1 found.*rpicam-hello --list-cameras"):
        Picamera2Camera(index=7).open()


def test_opening_and_closing_again_and_again(camera: Picamera2Camera) -> None:
    camera.close()
    for _ in range(5):
        camera.open()
        camera.read()
        camera.close()
        camera.close()
    with pytest.raises(SourceError, match="not open"):
        camera.read()


def test_it_tells_how_many_frames_came_since_it_was_opened(camera: Picamera2Camera) -> None:
    assert camera.given is None
    for _ in range(2):
        camera.open()
        for number in range(1, 4):
            camera.read()
            assert (camera.given or 0) >= number
        camera.close()
        assert camera.given is None


def test_flips_are_accepted(rig: Rig) -> None:
    source = Picamera2Camera(size=SIZE, timeout=TIMEOUT, hflip=True, vflip=True)
    source.open()
    assert picture_of(source).image.shape == (480, 640, 3)
    source.close()
