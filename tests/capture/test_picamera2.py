"""Picamera2Camera and the stand-in: what can't be tried on the real class."""

import logging
import sys
import threading
import time
import types
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edgevision.capture import fake_picamera2, picamera2
from edgevision.capture.fake_faults import faults
from edgevision.capture.picamera2 import Picamera2Camera
from edgevision.capture.picamera2_library import STAND_IN_VARIABLE, load_picamera2
from edgevision.errors import SourceError, SourceHangsError, SourceTimeoutError
from tests.capture.pictures import difference, in_bgr, picture_of, quadrants, write

SOON = 20.0


@pytest.fixture(autouse=True)
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder at which camera 0 looks."""
    write(tmp_path / "0.png", quadrants(320, 240))
    monkeypatch.setenv(STAND_IN_VARIABLE, f"{tmp_path}:bars")
    yield tmp_path
    faults.clear()


@pytest.fixture
def camera() -> Iterator[Picamera2Camera]:
    source = Picamera2Camera(fps=100, timeout=0.5, lores=(640, 360))
    yield source
    faults.clear()
    source.close()


@pytest.mark.parametrize("size", [(640, 360), (424, 238), (300, 300), (162, 514)])
def test_padded_rows_leave_no_trace_whatever_the_shape(size: tuple[int, int]) -> None:
    source = Picamera2Camera(fps=100, lores=size)
    source.open()
    picture = picture_of(source)
    source.close()
    assert picture.image.shape == (720, 1280, 3)
    assert picture.lores is not None
    assert picture.lores.shape[1::-1] == size
    assert difference(in_bgr(picture.lores), quadrants(*size)) < 6


def test_a_limited_colour_range_is_converted_as_such(monkeypatch: pytest.MonkeyPatch, camera: Picamera2Camera) -> None:
    monkeypatch.setattr(fake_picamera2.ColorSpace, "Sycc", fake_picamera2.ColorSpace.Smpte170m)
    camera.open()
    assert difference(in_bgr(picture_of(camera).lores), quadrants(640, 360)) < 6


def test_flips_mirror_both_pictures() -> None:
    source = Picamera2Camera(fps=100, hflip=True, vflip=True, lores=(640, 360))
    source.open()
    picture = picture_of(source)
    source.close()
    assert difference(picture.image, quadrants(1280, 720)[::-1, ::-1]) < 6
    assert difference(in_bgr(picture.lores), quadrants(640, 360)[::-1, ::-1]) < 6


def test_a_camera_without_lores_goes_without(camera: Picamera2Camera) -> None:
    faults.no_lores = True
    camera.open()
    picture = picture_of(camera)
    assert picture.image.shape == (720, 1280, 3)
    assert picture.lores is None


def test_an_odd_size_is_cut_and_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    source = Picamera2Camera(size=(1281, 721))
    source.open()
    assert picture_of(source).image.shape == (720, 1280, 3)
    source.close()
    assert "gives 1280 x 720 instead of 1281 x 721" in caplog.text


def test_another_format_than_asked_for_is_refused(monkeypatch: pytest.MonkeyPatch, camera: Picamera2Camera) -> None:
    usb = {"main": {"format": "YUYV", "size": (1280, 720)}, "lores": None}
    monkeypatch.setattr(fake_picamera2.Picamera2, "camera_configuration", lambda _: usb)
    with pytest.raises(SourceError, match="it gives YUYV, not YUV420; a USB camera needs type: v4l2"):
        camera.open()
    monkeypatch.undo()


def test_no_camera_is_an_error_that_says_what_to_check(camera: Picamera2Camera) -> None:
    faults.no_camera = True
    with pytest.raises(SourceError, match=r"no camera found.*cable"):
        camera.open()
    faults.clear()
    camera.open()


def test_a_busy_camera_is_an_error_and_comes_when_it_is_free(camera: Picamera2Camera) -> None:
    faults.busy = True
    with pytest.raises(SourceError, match="in use by another program"):
        camera.open()
    faults.clear()
    camera.open()
    camera.read()


def test_a_camera_that_fails_is_an_error(camera: Picamera2Camera) -> None:
    camera.open()
    faults.failing = True
    with pytest.raises(SourceError, match="camera frontend has timed out"):
        camera.read()


def test_broken_frames_are_skipped_with_a_warning_and_counted(
    camera: Picamera2Camera, caplog: pytest.LogCaptureFixture
) -> None:
    camera.open()
    mend = threading.Timer(0.2, faults.clear)
    faults.broken = True
    mend.start()
    assert picture_of(camera).image.shape == (720, 1280, 3)
    mend.join()
    assert camera.skipped > 1
    assert caplog.text.count("skipping broken frames of camera 0: failed to find buffer") == 1


def test_frames_that_stay_broken_end_in_a_timeout_and_no_buffer_is_lost(camera: Picamera2Camera) -> None:
    camera.open()
    faults.broken = True
    with pytest.raises(SourceTimeoutError, match=r"gave only broken frames for 0\.5 s: failed to find buffer"):
        camera.read()
    assert camera.skipped > 4, "more than there are buffers"


def test_taking_the_pictures_away_is_like_pulling_the_cable(stand_in: Path, camera: Picamera2Camera) -> None:
    camera.open()
    camera.read()
    file = (stand_in / "0.png").rename(stand_in / "elsewhere.txt")
    with pytest.raises(SourceTimeoutError):
        for _ in range(5):
            camera.read()
    camera.close()
    second = Picamera2Camera(index=1)
    with pytest.raises(SourceError, match=r"no camera 1 .*only 1 found"):
        second.open()
    file.rename(stand_in / "0.png")
    camera.open()
    camera.read()
    second.open()
    assert difference(picture_of(second).image[:1, :1], np.full((1, 1, 3), 255, np.uint8)) == 0, (
        "the bars begin with white"
    )
    second.close()


def test_a_library_that_hangs_while_closing_is_left_behind(
    caplog: pytest.LogCaptureFixture,
) -> None:
    source = Picamera2Camera(close_timeout=0.2)
    source.open()
    faults.hangs_on_close = True
    start = time.monotonic()
    source.close()
    assert time.monotonic() - start < SOON
    assert "hangs while closing" in caplog.text
    with pytest.raises(SourceError, match="hangs in its driver"):
        source.open()
    faults.clear()
    for thread in threading.enumerate():
        if thread.name == "close camera 0":
            thread.join(SOON)
    source.open()
    source.read()
    source.close()


def test_errors_while_closing_are_told_and_not_raised(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, camera: Picamera2Camera
) -> None:
    def fail(_: object) -> None:
        raise RuntimeError("no such device")

    camera.open()
    with monkeypatch.context() as patch:
        patch.setattr(fake_picamera2.Picamera2, "stop", fail)
        camera.close()
    assert "stopping camera 0 failed: no such device" in caplog.text
    camera.open()
    camera.read()


def test_the_frame_rate_is_kept_within_what_the_sensor_can_do(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(fake_picamera2.Picamera2, "set_controls", lambda _, controls: asked.append(controls))
    for fps in (10, 5000):
        source = Picamera2Camera(fps=fps)
        source.open()
        source.close()
    assert asked == [{"FrameDurationLimits": (100_000, 100_000)}, {"FrameDurationLimits": (1_000, 1_000)}]


def test_a_camera_without_a_frame_rate_is_left_alone(monkeypatch: pytest.MonkeyPatch, camera: Picamera2Camera) -> None:
    monkeypatch.setattr(fake_picamera2.Picamera2, "camera_controls", {})
    camera.open()
    camera.read()


def test_the_newest_frame_wins(camera: Picamera2Camera) -> None:
    camera.open()
    camera.read()
    time.sleep(0.3)  # some thirty frames, of which only the last one counts
    start = time.monotonic()
    for _ in range(5):
        camera.read()
    assert time.monotonic() - start > 0.03, "frames that were missed are not made up for"


def test_without_the_variable_the_real_library_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(STAND_IN_VARIABLE)
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(SourceError, match=r"sudo apt install python3-picamera2.*--system-site-packages"):
        Picamera2Camera().open()


def test_the_real_library_is_used_when_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(STAND_IN_VARIABLE)
    real, base = types.ModuleType("picamera2"), types.ModuleType("libcamera")
    real.__dict__.update(Picamera2="class", MappedArray="mapping")
    base.__dict__.update(Transform="transform", ColorSpace="space")
    monkeypatch.setitem(sys.modules, "picamera2", real)
    monkeypatch.setitem(sys.modules, "libcamera", base)
    library = load_picamera2()
    assert (library.Picamera2, library.MappedArray) == ("class", "mapping")
    assert (library.Transform, library.ColorSpace) == ("transform", "space")


def test_a_library_that_pip_has_broken_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(STAND_IN_VARIABLE)
    (tmp_path / "picamera2.py").write_text("raise ValueError('numpy.dtype size changed')")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "picamera2", raising=False)
    with pytest.raises(SourceError, match=r"numpy\.dtype size changed.*pip uninstall numpy"):
        load_picamera2()


def test_a_library_that_lacks_what_is_needed_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(STAND_IN_VARIABLE)
    monkeypatch.setitem(sys.modules, "picamera2", types.ModuleType("picamera2"))
    monkeypatch.setitem(sys.modules, "libcamera", types.ModuleType("libcamera"))
    with pytest.raises(SourceError, match=r"has no attribute 'Picamera2'.*apt install --only-upgrade"):
        Picamera2Camera().open()


def test_nothing_of_picamera2_is_imported_before_it_is_needed() -> None:
    assert "load_picamera2" in vars(picamera2)
    assert "picamera2" not in sys.modules
    assert "libcamera" not in sys.modules


def test_broken_files_of_the_stand_in_are_passed_over(
    stand_in: Path, camera: Picamera2Camera, caplog: pytest.LogCaptureFixture
) -> None:
    (stand_in / "1.png").write_bytes(b"broken")
    caplog.set_level(logging.WARNING)
    camera.open()
    for _ in range(12):
        assert difference(picture_of(camera).image, quadrants(1280, 720)) < 6
    assert "1.png" in caplog.text


def while_it_hangs(camera: Picamera2Camera, step: str) -> threading.Thread:
    """A thread of its own that opens or reads the camera, until it is stuck in that; it closes it at last."""

    def work() -> None:
        try:
            if step == "open":
                camera.open()
            camera.read()
        except SourceError:
            pass
        camera.close()

    thread = threading.Thread(target=work)
    thread.start()
    time.sleep(0.1)
    assert thread.is_alive()
    return thread


def test_a_camera_whose_thread_hangs_in_a_read_can_be_opened_anew_once_it_is_abandoned(camera: Picamera2Camera) -> None:
    camera.open()
    faults.blocked = True
    hung = while_it_hangs(camera, "read")
    second = Picamera2Camera(fps=100, timeout=0.5)
    with pytest.raises(SourceError, match="already open in this process"):
        second.open()
    camera.abandon()
    second.open()
    faults.clear()
    assert picture_of(second).image.shape == (720, 1280, 3)
    hung.join(SOON)
    assert not hung.is_alive()
    assert picture_of(second).image.shape == (720, 1280, 3), "the other did not close it"
    second.close()


def test_a_camera_whose_thread_hangs_while_opening_is_lost_to_the_process_until_it_comes_back(
    camera: Picamera2Camera,
) -> None:
    faults.blocks_on_open = True
    hung = while_it_hangs(camera, "open")
    camera.abandon()
    second = Picamera2Camera(fps=100, timeout=0.5)
    with pytest.raises(SourceHangsError, match="camera 0 hangs in its driver"):
        second.open()
    faults.clear()
    hung.join(SOON)
    second.open()
    second.read()
    second.close()


def test_a_camera_that_can_not_be_closed_from_outside_is_lost_to_the_process() -> None:
    camera = Picamera2Camera(fps=100, timeout=0.5, close_timeout=0.1)
    camera.open()
    faults.blocked = faults.hangs_on_close = True
    hung = while_it_hangs(camera, "read")
    camera.abandon()
    with pytest.raises(SourceHangsError):
        Picamera2Camera().open()
    faults.clear()
    hung.join(SOON)


def test_a_slow_camera_is_not_dead_between_two_frames() -> None:
    with pytest.raises(SourceError, match="not open"):
        Picamera2Camera().read()
    assert Picamera2Camera(fps=0.1, timeout=5).reads_within > 20


def test_faults_come_from_a_file_too_for_some_cameras_or_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, camera: Picamera2Camera
) -> None:
    file = tmp_path / "faults"
    monkeypatch.setattr(faults, "file", str(file))
    second = Picamera2Camera(index=1, fps=100, timeout=0.5)
    camera.open()
    second.open()
    file.write_text("failing 1\n")
    camera.read()
    with pytest.raises(SourceError, match="camera frontend has timed out"):
        second.read()
    file.write_text("stalled")
    for source in (camera, second):
        with pytest.raises(SourceTimeoutError):
            for _ in range(5):
                source.read()
        source.close()
    file.unlink()
    camera.open()
    camera.read()
