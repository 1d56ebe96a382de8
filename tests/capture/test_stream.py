import base64
import logging
import socket
import threading
import time

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgevision.capture.stream import NetworkStream, public_url
from edgevision.errors import SourceError, SourceTimeoutError
from tests.capture.mjpeg_server import mjpeg_server
from tests.capture.pictures import difference, encode, noise, quadrants

JPEG = encode(quadrants(320, 240), ".jpg")
SOON = 20.0
"""Seconds that a test waits at most for what has a limit of one or two."""


def test_pictures_come_in_blue_green_red_with_the_public_url() -> None:
    with mjpeg_server([JPEG], "loop") as server:
        source = NetworkStream(url=server.url.replace("http://", "http://admin:secret@") + "?token=abc", timeout=5)
        assert (source.live, source.finite) == (True, False)
        source.open()
        picture = source.read()
        source.close()
    assert picture.source == server.url
    assert picture.image.dtype == np.uint8
    assert picture.image.flags["C_CONTIGUOUS"]
    assert difference(picture.image, quadrants(320, 240)) < 6


def test_a_stream_that_ends_is_an_error_and_can_be_opened_again() -> None:
    with mjpeg_server([JPEG] * 5, "close") as server:
        source = NetworkStream(url=server.url, timeout=5)
        for _ in range(2):
            source.open()
            with pytest.raises(SourceError, match="stopped"):
                for _ in range(10):
                    source.read()
            source.close()


def test_a_stream_that_stalls_comes_back_as_a_timeout() -> None:
    with mjpeg_server([JPEG] * 5, "stall") as server:
        source = NetworkStream(url=server.url, timeout=2)
        source.open()
        start = time.monotonic()
        with pytest.raises(SourceTimeoutError, match="gave no picture for 2 s"):
            for _ in range(10):
                source.read()
        assert time.monotonic() - start < SOON
        source.close()


def test_a_server_that_accepts_and_never_answers_comes_back_as_a_timeout() -> None:
    with mjpeg_server([], "close", silent=True) as server:
        start = time.monotonic()
        with pytest.raises(SourceTimeoutError, match="did not answer within 1 s"):
            NetworkStream(url=server.url, timeout=1).open()
        assert time.monotonic() - start < SOON


def test_while_one_stream_hangs_another_opens_and_reads() -> None:
    with mjpeg_server([], "close", silent=True) as silent, mjpeg_server([JPEG], "loop") as server:
        hanging = threading.Thread(target=_open_and_ignore, args=(silent.url,))
        hanging.start()
        source = NetworkStream(url=server.url, timeout=10)
        source.open()
        assert source.read().image.shape == (240, 320, 3)
        source.close()
        hanging.join()


def _open_and_ignore(url: str) -> None:
    with pytest.raises(SourceError):
        NetworkStream(url=url, timeout=2).open()


def test_broken_frames_do_not_end_the_stream() -> None:
    broken = encode(noise(320, 240), ".jpg")
    garbage = broken[:200] + bytes(1000) + b"\xff\xd9"
    with mjpeg_server([JPEG, garbage, JPEG, b"garbage", JPEG], "loop") as server:
        source = NetworkStream(url=server.url, timeout=5)
        source.open()
        for _ in range(10):
            assert source.read().image.shape == (240, 320, 3)
        source.close()
    assert source.skipped > 0


def test_nothing_at_the_address_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with pytest.raises(SourceError, match=f"can't open stream http://127.0.0.1:{port}/x"):
        NetworkStream(url=f"http://127.0.0.1:{port}/x", timeout=5).open()


def test_a_page_that_is_no_stream_is_an_error() -> None:
    with mjpeg_server([b"<html>no camera</html>"] * 3, "close") as server, pytest.raises(SourceError):
        source = NetworkStream(url=server.url, timeout=2)
        source.open()
        source.read()


def test_the_password_reaches_the_camera_and_nobody_else(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    with mjpeg_server([JPEG] * 3, "close", private=True) as server:
        source = NetworkStream(url=server.url.replace("http://", "http://admin:secret@") + "?token=abc", timeout=5)
        source.open()
        with pytest.raises(SourceError) as ended:
            for _ in range(10):
                source.read()
        source.close()
    with pytest.raises(SourceError) as refused:
        source.open()
    assert server.authorizations == ["Basic " + base64.b64encode(b"admin:secret").decode()]
    everything = f"{ended.value} {refused.value} {caplog.text} {capfd.readouterr()}"
    assert "secret" not in everything
    assert "token" not in everything


def test_opencv_refusing_the_url_does_not_show_it() -> None:
    def refuse(name: str, backend: int, options: object) -> cv2.VideoCapture:
        raise cv2.error(f"bad {name}")

    with pytest.raises(SourceError) as caught:
        NetworkStream(url="rtsp://admin:secret@camera/", capture_factory=refuse).open()
    assert "secret" not in str(caught.value)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rtsp://camera/main", "rtsp://camera/main"),
        ("rtsp://admin:secret@camera:554/main?token=abc#x", "rtsp://camera:554/main"),
        ("rtsp://admin:sec@ret@camera/main", "rtsp://camera/main"),
        ("rtsp://admin:sec/ret@camera/main", "rtsp://camera/main"),
        ("rtsp://admin:sec?ret@camera/main", "rtsp://…"),
        ("rtsp://admin:sec#ret@camera/main", "rtsp://…"),
        ("http://[fe80::1]:80/x", "http://[fe80::1]:80/x"),
        ("admin:secret@camera", "(URL not shown)"),
    ],
)
def test_public_urls_hold_no_secret(url: str, shown: str) -> None:
    assert public_url(url) == shown


@given(st.text("aZ9:@/?#&=%;", min_size=1, max_size=12))
def test_no_password_is_ever_shown(tail: str) -> None:
    assert "secret" not in public_url(f"rtsp://admin:secret{tail}@camera/main")
    assert "secret" not in public_url(f"http://camera/main?token=secret{tail}")


def test_reading_before_opening_and_closing_twice() -> None:
    source = NetworkStream(url="rtsp://camera/main")
    source.close()
    source.close()
    with pytest.raises(SourceError, match="not open"):
        source.read()
