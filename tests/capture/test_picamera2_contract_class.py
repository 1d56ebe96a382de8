"""What edgevision builds on in picamera2's class itself, and so what the stand-in has to do as well."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError
from typing import Any

import pytest

from tests.capture.conftest import SIZE, SMALL, TIMEOUT, Rig


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
