import errno
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edgevision.capture.v4l2 import V4l2Camera
from edgevision.errors import SourceError, SourceTimeoutError
from tests.capture.pictures import quadrants

DEVICE = Path("/dev/null")  # a character device that is everywhere and opens for all
SELECT_TIMEOUT = "OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT"


class Clock:
    """Time that passes only when told so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class UsbCamera:
    """In the place of cv2.VideoCapture: gives `frames`, None for a broken one, then fails after `wait` seconds."""

    def __init__(self, frames: Sequence[Any] = (), *, opens: bool = True, wait: float = 0.0) -> None:
        self.frames = list(frames)
        self.opens = opens
        self.wait = wait
        self.clock = Clock()
        self.properties: dict[int, float] = {}
        self.asked: list[tuple[int, float]] = []
        self.fixed: dict[int, float] = {}
        self.opened_with: tuple[Any, ...] = ()
        self.released = 0

    def __call__(self, name: str, backend: int, options: Sequence[int]) -> "UsbCamera":
        self.opened_with = (name, backend, tuple(options))
        return self

    def isOpened(self) -> bool:  # noqa: N802
        return self.opens

    def grab(self) -> bool:
        if not self.frames:
            self.clock.now += self.wait
        return bool(self.frames)

    def retrieve(self) -> tuple[bool, Any]:
        frame = self.frames.pop(0)
        return frame is not None, frame

    def get(self, prop: int) -> float:
        return self.fixed.get(prop, self.properties.get(prop, 0.0))

    def set(self, prop: int, value: float) -> bool:
        self.asked.append((prop, value))
        self.properties[prop] = value
        return True

    def release(self) -> None:
        self.released += 1


def camera(usb: UsbCamera, **settings: Any) -> V4l2Camera:
    return V4l2Camera(device=DEVICE, capture_factory=usb, clock=usb.clock, **settings)


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SELECT_TIMEOUT, "1")
    monkeypatch.delenv(SELECT_TIMEOUT)


def test_a_missing_device_is_an_error_that_says_how_to_look() -> None:
    with pytest.raises(SourceError, match=r"no such device.*v4l2-ctl --list-devices"):
        V4l2Camera(device=Path("/dev/video-that-is-not-there")).open()


def test_a_file_is_no_camera(tmp_path: Path) -> None:
    (tmp_path / "video0").touch()
    with pytest.raises(SourceError, match="it is a file"):
        V4l2Camera(device=tmp_path / "video0").open()


def test_a_device_that_is_no_camera_is_an_error_from_opencv_itself() -> None:
    with pytest.raises(SourceError, match=r"in use by another program .*or it gives no pictures"):
        V4l2Camera(device=DEVICE).open()


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        (errno.EACCES, "group video"),
        (errno.EPERM, "group video"),
        (errno.EBUSY, "in use by another program"),
        (errno.ENODEV, "unplugged"),
        (errno.ENXIO, "unplugged"),
        (errno.EIO, "Input/output error"),
    ],
)
def test_what_the_kernel_says_becomes_advice(code: int, advice: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(SourceError, match=advice):
        camera(UsbCamera()).open()


def test_pictures_come_as_the_camera_gives_them() -> None:
    usb = UsbCamera([quadrants(32, 24)])
    source = camera(usb)
    assert (source.live, source.finite) == (True, False)
    source.open()
    picture = source.read()
    np.testing.assert_array_equal(picture.image, quadrants(32, 24))
    assert (picture.lores, picture.source) == (None, None)
    assert usb.opened_with == (str(DEVICE), cv2.CAP_V4L2, ())


def test_a_grey_camera_gives_three_channels() -> None:
    source = camera(UsbCamera([np.full((24, 32), 77, np.uint8), np.full((24, 32, 1), 77, np.uint8)]))
    source.open()
    for _ in range(2):
        np.testing.assert_array_equal(source.read().image, np.full((24, 32, 3), 77, np.uint8))


def test_large_pictures_are_asked_for_as_jpeg_before_their_size() -> None:
    usb = UsbCamera()
    camera(usb, size=(1280, 720), fps=15).open()
    assert [prop for prop, _ in usb.asked] == [
        cv2.CAP_PROP_FOURCC,
        cv2.CAP_PROP_FRAME_WIDTH,
        cv2.CAP_PROP_FRAME_HEIGHT,
        cv2.CAP_PROP_FPS,
        cv2.CAP_PROP_BUFFERSIZE,
    ]
    assert usb.asked[0][1] == int.from_bytes(b"MJPG", "little")
    assert usb.asked[1:4] == [(usb.asked[1][0], 1280), (usb.asked[2][0], 720), (usb.asked[3][0], 15)]


def test_small_pictures_stay_uncompressed_and_nothing_is_asked_for_unasked() -> None:
    usb = UsbCamera()
    camera(usb, size=(640, 480)).open()
    assert cv2.CAP_PROP_FOURCC not in usb.properties
    usb = UsbCamera()
    camera(usb).open()
    assert set(usb.properties) == {cv2.CAP_PROP_BUFFERSIZE}


def test_a_camera_that_gives_another_size_or_rate_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    usb = UsbCamera()
    usb.fixed = {cv2.CAP_PROP_FRAME_WIDTH: 800, cv2.CAP_PROP_FRAME_HEIGHT: 600, cv2.CAP_PROP_FPS: 30}
    camera(usb, size=(1280, 720), fps=10).open()
    assert "gives 800 x 600 instead of 1280 x 720" in caplog.text
    assert "gives 30 instead of 10 frames a second" in caplog.text


def test_a_camera_that_does_as_told_is_not_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    camera(UsbCamera(), size=(1280, 720), fps=10).open()
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_opencv_gets_the_time_limit_in_whole_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    camera(UsbCamera(), timeout=2.5).open()
    assert os.environ[SELECT_TIMEOUT] == "3"
    camera(UsbCamera(), timeout=0.1).open()
    assert os.environ[SELECT_TIMEOUT] == "3", "the first camera sets it"


def test_a_camera_that_stalls_is_a_timeout() -> None:
    source = camera(UsbCamera(wait=3.0), timeout=2.5)
    source.open()
    with pytest.raises(SourceTimeoutError, match=r"gave no picture for 2\.5 s"):
        source.read()


def test_a_camera_that_is_unplugged_is_an_error_at_once() -> None:
    source = camera(UsbCamera([quadrants(32, 24)]))
    source.open()
    source.read()
    with pytest.raises(SourceError, match="stopped") as caught:
        source.read()
    assert not isinstance(caught.value, SourceTimeoutError)


def test_broken_frames_are_skipped_with_a_warning_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    source = camera(UsbCamera([None, np.empty((0, 0, 3), np.uint8), quadrants(32, 24)]))
    source.open()
    assert source.read().image.shape == (24, 32, 3)
    assert source.skipped == 2
    assert f"skipped 2 broken frames of camera {DEVICE}" in caplog.text


def test_closing_gives_the_device_back_and_is_harmless_twice() -> None:
    usb = UsbCamera()
    source = camera(usb)
    source.close()
    source.open()
    source.close()
    source.close()
    assert usb.released == 1
    with pytest.raises(SourceError, match="not open"):
        source.read()


def test_what_did_not_open_is_released() -> None:
    usb = UsbCamera(opens=False)
    with pytest.raises(SourceError):
        camera(usb).open()
    assert usb.released == 1


def test_a_camera_whose_node_has_gone_says_so_and_is_found_again(tmp_path: Path) -> None:
    node = tmp_path / "video0"
    node.symlink_to(DEVICE)  # as those of /dev/v4l/by-id are
    usb = UsbCamera([quadrants(32, 24)])
    source = V4l2Camera(device=node, capture_factory=usb, clock=usb.clock)
    source.open()
    source.read()
    node.unlink()
    with pytest.raises(SourceError, match=r"stopped: there is no such device; is the camera plugged in\?"):
        source.read()
    source.close()
    with pytest.raises(SourceError, match=r"can't open camera .*no such device"):
        source.open()
    node.symlink_to(DEVICE)
    usb.frames.append(quadrants(32, 24))
    source.open()
    source.read()


def test_a_read_hangs_when_it_takes_longer_than_all_limits_together(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = camera(UsbCamera(), timeout=1, fps=0.1)
    assert slow.reads_within > 40, "two frames' time, and another such wait behind one that failed early"
    monkeypatch.setenv(SELECT_TIMEOUT, "60")
    source = camera(UsbCamera(), timeout=5)
    source.open()
    assert source.reads_within > 65, "OpenCV waits as long as the process's first camera said"
