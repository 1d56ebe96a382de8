"""Cameras that fail in all their ways, each with its real source under its real thread: frames come again."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgevision.capture.fake_faults import faults
from edgevision.capture.frame import Frame
from edgevision.capture.picamera2 import Picamera2Camera
from edgevision.capture.picamera2_library import STAND_IN_VARIABLE
from edgevision.capture.source import Source
from edgevision.capture.stream import NetworkStream
from edgevision.capture.v4l2 import V4l2Camera
from edgevision.config.model import ModelSettings
from edgevision.config.schema import CameraSettings
from edgevision.daemon.camera import Camera
from edgevision.daemon.capture_thread import CaptureThread
from edgevision.daemon.frame_queue import FrameQueue, NoPicture, Waiting
from tests.capture.mjpeg_server import mjpeg_server
from tests.capture.pictures import encode, quadrants
from tests.mosquitto import wait_until

PROMISED = 10.0
"""Seconds within which frames come again."""


class Frames(FrameQueue):
    """Keeps what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.got: list[Waiting] = []

    def put_newest(self, frame: Waiting) -> bool:
        self.got.append(frame)
        return False

    @property
    def seqs(self) -> list[int]:
        return [frame.seq for frame in self.got if isinstance(frame, Frame)]


class AtWork:
    """A camera with its thread, and a supervisor that does as the daemon's."""

    def __init__(self, new_source: Callable[[], Source]) -> None:
        self._new_source = new_source
        settings = CameraSettings.model_validate({"source": {"type": "v4l2"}, "motion": {"enabled": False}})
        self.camera = Camera("front", new_source(), settings, ModelSettings())
        self.queue = Frames()
        self.threads: list[CaptureThread] = []
        self._stop = threading.Event()
        self._start()

    def _start(self) -> None:
        self.stop = threading.Event()
        self.threads.append(CaptureThread(self.camera, self.queue, self.stop, lambda: None, self._died))
        self.threads[-1].start()

    def _died(self, _: object) -> None:
        self.queue.got.clear()

    def look(self) -> None:
        """What the daemon's supervisor does once a second."""
        doing = self.threads[-1].heartbeat.overdue()
        if doing is not None and self.threads[-1].abandon(doing):
            self.camera.source = self._new_source()
            self._start()

    def more(self, count: int = 3) -> None:
        """Wait for some more frames."""
        before = len(self.queue.seqs)

        def there() -> bool:
            self.look()
            return len(self.queue.seqs) >= before + count

        wait_until(there, "frames", timeout=PROMISED)

    def fails(self) -> None:
        """Wait until it is known that none come."""

        def known() -> bool:
            self.look()
            return self.camera.counters.stalled

        wait_until(known, "the failure to be seen", timeout=PROMISED)

    def end(self) -> None:
        faults.clear()
        self.stop.set()
        for thread in self.threads:
            thread.join(30)
            assert not thread.is_alive()
        assert self.queue.seqs == list(range(self.camera.counters.captured)), "each number once, in order"


@pytest.fixture
def at_work() -> Iterator[Callable[[Callable[[], Source]], AtWork]]:
    all_of_them: list[AtWork] = []

    def begin(new_source: Callable[[], Source]) -> AtWork:
        all_of_them.append(AtWork(new_source))
        return all_of_them[-1]

    yield begin
    for one in all_of_them:
        one.end()


@pytest.mark.parametrize("fault", ["stalled", "broken", "failing", "blocked"])
def test_a_pi_camera_that_fails_is_had_back(
    at_work: Callable[[Callable[[], Source]], AtWork], monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setenv(STAND_IN_VARIABLE, "bars:bars")
    first, second = (at_work(partial(Picamera2Camera, index=n, size=(64, 48), timeout=0.5)) for n in (0, 1))
    first.more()
    faults.only = frozenset([0])
    setattr(faults, fault, True)
    first.fails()
    second.more()
    assert not second.camera.counters.stalled
    assert len(second.threads) == 1
    faults.clear()
    first.more()
    assert len(first.threads) == (2 if fault == "blocked" else 1)
    assert not first.camera.counters.given_up


class Plug:
    """A USB camera's plug: the camera's node, and a scripted capture in the place of OpenCV's."""

    def __init__(self, node: Path) -> None:
        self.node = node
        self.put_in()
        self.opened = 0
        self.hangs = threading.Event()

    def put_in(self) -> None:
        self.node.symlink_to("/dev/null")

    def pull(self) -> None:
        self.node.unlink()

    def __call__(self, name: str, backend: int, options: Sequence[int]) -> "Plug":
        self.opened += 1
        return self

    def isOpened(self) -> bool:  # noqa: N802  OpenCV's own name
        return self.node.is_symlink()

    def grab(self) -> bool:
        time.sleep(0.02)
        while self.hangs.is_set():
            time.sleep(0.01)
        return self.node.is_symlink()

    def retrieve(self) -> tuple[bool, Any]:
        return True, np.zeros((48, 64, 3), np.uint8)

    def get(self, prop: int) -> float:
        return 0.0

    def set(self, prop: int, value: float) -> bool:
        return True

    def release(self) -> None:
        pass


def test_a_usb_camera_that_is_unplugged_is_had_back_when_it_is_plugged_in_again(
    at_work: Callable[[Callable[[], Source]], AtWork], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    plug = Plug(tmp_path / "video0")
    front = at_work(lambda: V4l2Camera(device=plug.node, capture_factory=plug))
    front.more()
    plug.pull()
    front.fails()
    assert "is the camera plugged in?" in caplog.text
    plug.put_in()
    front.more()
    assert plug.opened == 2


def test_a_usb_camera_whose_driver_hangs_gets_another_thread(
    at_work: Callable[[Callable[[], Source]], AtWork], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "1")
    plug = Plug(tmp_path / "video0")
    front = at_work(partial(V4l2Camera, device=plug.node, capture_factory=plug, timeout=0.2))
    front.more()
    plug.hangs.set()
    try:
        front.fails()
    finally:
        plug.hangs.clear()
    front.more()
    assert len(front.threads) == 2


JPEG = encode(quadrants(320, 240), ".jpg")


@pytest.mark.parametrize("ending", ["close", "stall"])
def test_a_stream_that_ends_or_stalls_is_had_back(
    at_work: Callable[[Callable[[], Source]], AtWork], ending: str
) -> None:
    with mjpeg_server([JPEG] * 10, "loop") as server:
        front = at_work(lambda: NetworkStream(url=server.url, timeout=1))
        front.more()
        server.ending = ending
        front.fails()
        server.ending = "loop"
        front.more()


def test_a_stream_whose_server_vanishes_is_had_back_when_it_is_there_again(
    at_work: Callable[[Callable[[], Source]], AtWork],
) -> None:
    with mjpeg_server([JPEG] * 10, "loop") as server:
        port = server.server_port
        front = at_work(lambda: NetworkStream(url=f"http://127.0.0.1:{port}/stream.mjpg", timeout=1))
        front.more()
    front.fails()
    failures = front.camera.recovery.failures
    wait_until(lambda: front.camera.recovery.failures > failures, "a try in vain")
    with mjpeg_server([JPEG] * 10, "loop", port=port):
        front.more()
        front.end()


def test_what_comes_back_and_fails_four_times_is_given_up(
    at_work: Callable[[Callable[[], Source]], AtWork],
) -> None:
    with mjpeg_server([JPEG] * 5, "close") as server:
        front = at_work(lambda: NetworkStream(url=server.url, timeout=1))
        front.threads[0].join(60)
    assert front.camera.counters.given_up
    last = front.queue.got[-1]
    assert isinstance(last, NoPicture)
    assert last.over
    assert len([one for one in front.queue.got if isinstance(one, NoPicture)]) == 4, "a word for each failure"
