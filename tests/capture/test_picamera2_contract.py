"""What edgevision expects of picamera2, checked on the stand-in and on the real class alike.

Plain `pytest` uses the stand-in. With EDGEVISION_TEST_PICAMERA2=real the same tests use the real Picamera2, whose
camera 0 has to be libcamera's virtual one, made ready by whoever starts this; EDGEVISION_TEST_PICTURES is then the
empty folder that its pictures come from.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edgevision.capture.fake_faults import faults
from edgevision.capture.frame import BgrImage, GreyImage, Picture, Unwanted, Yuv420
from edgevision.capture.picamera2 import Picamera2Camera
from edgevision.capture.picamera2_library import STAND_IN_VARIABLE, CameraLibrary, load_picamera2
from edgevision.errors import SourceError, SourceTimeoutError

REAL = os.environ.get("EDGEVISION_TEST_PICAMERA2") == "real"
SIZE = (640, 480)
SMALL = (320, 240)
SQUARE = (300, 300)
TIMEOUT = 2.0


def quadrants(width: int, height: int) -> BgrImage:
    """Red top left, green top right, blue bottom left, white bottom right."""
    picture = np.empty((height, width, 3), np.uint8)
    picture[: height // 2, : width // 2], picture[: height // 2, width // 2 :] = (10, 10, 230), (10, 200, 10)
    picture[height // 2 :, : width // 2], picture[height // 2 :, width // 2 :] = (230, 10, 10), (235, 235, 235)
    return picture


def picture_of(camera: Picamera2Camera) -> Picture:
    """The next picture, which must come."""
    picture = camera.read()
    assert isinstance(picture, Picture)
    return picture


def difference(left: BgrImage, right: BgrImage) -> float:
    """Mean absolute difference in levels of 0..255."""
    assert left.shape == right.shape
    return float(np.abs(left.astype(np.int16) - right.astype(np.int16)).mean())


@dataclass(frozen=True)
class Rig:
    """A camera that looks at `quadrants`, and how to break it."""

    library: CameraLibrary
    stalled: Callable[[], AbstractContextManager[None]]


@contextmanager
def _stand_in_stalled() -> Iterator[None]:
    faults.stalled = True
    try:
        yield
    finally:
        faults.clear()


@contextmanager
def _real_stalled() -> Iterator[None]:
    import libcamera

    real, held = libcamera.Camera.queue_request, []

    def hold(_: object, request: object) -> int:
        held.append(request)
        return 0

    libcamera.Camera.queue_request = hold
    try:
        yield
    finally:
        libcamera.Camera.queue_request = real


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # The real camera system reads its pictures once, when the first camera is looked for.
    path = Path(os.environ["EDGEVISION_TEST_PICTURES"]) if REAL else tmp_path_factory.mktemp("pictures")
    picture = path / "0.jpg"
    picture.unlink(missing_ok=True)
    assert not list(path.iterdir()), f"{path} has to be empty: its pictures would be seen as well"
    cv2.imwrite(str(picture), quadrants(*SIZE), [cv2.IMWRITE_JPEG_QUALITY, 98])
    return path


@pytest.fixture
def rig(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Rig:
    if REAL:
        monkeypatch.delenv(STAND_IN_VARIABLE, raising=False)
        return Rig(load_picamera2(), _real_stalled)
    monkeypatch.setenv(STAND_IN_VARIABLE, str(folder))
    return Rig(load_picamera2(), _stand_in_stalled)


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


# From here on: what edgevision builds on in the class itself, and so what the stand-in has to do as well.


@pytest.fixture
def started(rig: Rig) -> Iterator[Any]:
    camera = rig.library.Picamera2(0)
    camera.configure(
        camera.create_video_configuration(
            main={"size": SIZE, "format": "YUV420"},
            lores={"size": SMALL, "format": "YUV420"},
            colour_space=rig.library.ColorSpace.Sycc(),
            buffer_count=4,
        )
    )
    camera.start()
    yield camera
    camera.cancel_all_and_flush()
    camera.stop()
    camera.close()


def test_the_configuration_can_be_read_back(started: Any) -> None:
    configuration = started.camera_configuration()
    assert (configuration["main"]["format"], configuration["main"]["size"]) == ("YUV420", SIZE)
    assert (configuration["lores"]["format"], configuration["lores"]["size"]) == ("YUV420", SMALL)
    assert configuration["colour_space"].range.name == "Full"
    request = started.capture_request(wait=TIMEOUT)
    assert request.make_array("main").shape == (720, 640)
    assert request.make_array("lores").shape[0] == 360
    assert request.make_array("lores").shape[1] >= 320
    request.release()


def test_odd_sizes_become_even(rig: Rig) -> None:
    camera = rig.library.Picamera2(0)
    configuration = camera.create_video_configuration(main={"size": (641, 481), "format": "YUV420"})
    camera.close()
    assert configuration["main"]["size"] == (640, 480)
    assert configuration["lores"] is None


def test_a_lores_stream_larger_than_main_is_refused(rig: Rig) -> None:
    camera = rig.library.Picamera2(0)
    wrong = camera.create_video_configuration(
        main={"size": SMALL, "format": "YUV420"}, lores={"size": SIZE, "format": "YUV420"}
    )
    with pytest.raises(RuntimeError, match="may not exceed main"):
        camera.configure(wrong)
    camera.close()


def test_a_stream_that_was_not_configured_is_refused(started: Any) -> None:
    request = started.capture_request(wait=TIMEOUT)
    with pytest.raises(RuntimeError, match="not defined"):
        request.make_array("other")
    request.release()


def test_a_request_is_released_only_once(started: Any) -> None:
    request = started.capture_request(wait=TIMEOUT)
    request.release()
    with pytest.raises(RuntimeError, match="negative"):
        request.release()


def test_unknown_controls_are_refused(started: Any) -> None:
    with pytest.raises(RuntimeError, match="not advertised"):
        started.set_controls({"NoSuchControl": 1})


def test_a_second_camera_object_is_refused(started: Any, rig: Rig) -> None:
    with pytest.raises(RuntimeError, match="did not complete") as caught:
        rig.library.Picamera2(0)
    assert "busy" in str(caught.value.__cause__ or caught.value.__context__)


def test_frames_are_counted_also_those_that_nobody_takes(started: Any, rig: Rig) -> None:
    started.capture_request(wait=TIMEOUT).release()
    before = started.frames
    assert before >= 1
    deadline = time.monotonic() + 60
    while started.frames < before + 5:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    started.capture_request(wait=TIMEOUT).release()
    assert started.frames >= before + 5
    with rig.stalled():
        with pytest.raises(TimeoutError):
            for _ in range(10):  # those that were under way still come
                started.capture_request(wait=0.5).release()
        before = started.frames
        time.sleep(0.2)
        assert started.frames == before


def test_a_capture_after_stop_times_out(started: Any) -> None:
    started.capture_request(wait=TIMEOUT).release()
    started.stop()
    with pytest.raises(TimeoutError):
        started.capture_request(wait=0.3)


def test_who_keeps_all_buffers_gets_no_more(started: Any) -> None:
    held = [started.capture_request(wait=TIMEOUT) for _ in range(4)]
    with pytest.raises(TimeoutError):
        started.capture_request(wait=0.5)
    started.cancel_all_and_flush()
    held.pop().release()
    held.append(started.capture_request(wait=TIMEOUT))
    for request in held:
        request.release()


def test_a_capture_that_timed_out_holds_up_stop_until_it_is_cancelled(started: Any, rig: Rig) -> None:
    def stop() -> None:
        with pytest.raises(CancelledError):
            started.stop()

    stopping = threading.Thread(target=stop)
    with rig.stalled():
        with pytest.raises(TimeoutError):
            for _ in range(10):
                started.capture_request(wait=0.5).release()
        stopping.start()
        stopping.join(0.5)
        assert stopping.is_alive()
        started.cancel_all_and_flush()
        stopping.join(5.0)
        assert not stopping.is_alive()


def test_a_capture_without_a_limit_blocks_until_it_is_cancelled(started: Any, rig: Rig) -> None:
    def capture() -> None:
        with pytest.raises(CancelledError):
            while True:
                started.capture_request().release()

    with rig.stalled():
        blocked = threading.Thread(target=capture)
        blocked.start()
        blocked.join(1.0)
        assert blocked.is_alive()
        started.cancel_all_and_flush()
        blocked.join(5.0)
        assert not blocked.is_alive()
