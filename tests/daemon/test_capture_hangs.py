"""A capture thread whose camera hangs is abandoned, unless it goes on or another would do no better."""

import threading
import time

import pytest

from edgevision.capture.frame import Picture
from edgevision.daemon.capture_thread import CaptureThread
from edgevision.daemon.threads import SupervisedThread
from edgevision.errors import SourceError
from tests.daemon.cameras import PICTURE, ScriptedDriver, a_camera
from tests.daemon.recording_queue import RecordingQueue


class HungThread:
    """A capture thread over a camera that hangs, as its supervisor has it before him."""

    def __init__(self, *script: Picture | Exception | str | None) -> None:
        self.source = ScriptedDriver(*script)
        self.camera, self.events, self.stop, self.now = a_camera(self.source), list[str](), threading.Event(), 0.0
        queue, dead = RecordingQueue(self.events), list[SupervisedThread]()
        self.dead = dead
        self.thread = CaptureThread(
            self.camera, queue, self.stop, lambda: None, dead.append, monotonic=lambda: self.now
        )
        self.thread.start()
        assert self.source.hangs.wait(60)

    def end(self) -> None:
        self.source.go_on.set()
        self.thread.join(60)
        assert not self.thread.is_alive()


def overdue(thread: CaptureThread) -> str:
    """What the thread is late with, waited for."""
    while (doing := thread.heartbeat.overdue()) is None:
        time.sleep(0.005)
    return doing


@pytest.mark.parametrize("then", [PICTURE, SourceError("late"), KeyError("odd"), None])
def test_a_thread_that_is_abandoned_only_closes_its_source_when_it_comes_back(then: Picture | Exception | None) -> None:
    hung = HungThread("open", PICTURE, "hang", then)
    assert overdue(hung.thread).startswith("reading")
    assert not hung.thread.abandon("reading"), "after a pause of the whole process all are late for a moment"
    hung.now += 1
    assert hung.thread.abandon("reading for 7 s")
    assert (hung.source.abandoned, hung.source.closed) == (1, 0)
    assert hung.camera.counters.stalled
    assert hung.events == ["frame 0", "over"]
    hung.end()
    assert hung.source.closed == 1
    assert (hung.events, hung.dead) == (["frame 0", "over"], [])
    assert (hung.camera.counters.captured, hung.camera.counters.ended) == (1, False)
    assert not hung.thread.abandon("reading"), "once is enough"


def test_who_goes_on_meanwhile_is_not_abandoned() -> None:
    hung = HungThread("open", PICTURE, "hang", PICTURE, "hang", None)
    assert not hung.thread.abandon("reading")
    hung.camera.counters.captured += 1
    hung.now += 60
    assert not hung.thread.abandon("reading"), "that is late with the next frame"
    hung.end()
    assert hung.source.abandoned == 0


def test_a_camera_that_hangs_and_never_gave_a_frame_is_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    hung = HungThread("hang", "open", PICTURE, None)
    for _ in range(3):
        assert overdue(hung.thread).startswith("opening")
        assert not hung.thread.abandon("opening for 30 s")
        hung.now += 1
    assert hung.camera.counters.tried
    assert caplog.text.count("nothing to do but wait") == 1
    hung.end()
    assert hung.camera.counters.captured == 1


def test_hanging_counts_as_failing() -> None:
    hung = HungThread("open", PICTURE, "hang", None)
    for _ in range(3):
        hung.camera.recovery.failed(0)
        hung.camera.recovery.picture(0)
    hung.thread.abandon("reading")
    hung.now += 1
    assert not hung.thread.abandon("reading"), "nobody is to take its place"
    assert hung.camera.counters.given_up
    hung.end()


def test_a_new_thread_waits_until_the_one_before_it_has_let_go() -> None:
    hung = HungThread("open", "hang", None)
    camera = a_camera(ScriptedDriver("open", None))
    successor = CaptureThread(camera, RecordingQueue([]), threading.Event(), lambda: None, lambda _: None)
    successor.after = [hung.thread]
    successor.start()
    time.sleep(0.05)
    assert not camera.counters.ended
    hung.end()
    successor.join(60)
    assert camera.counters.ended
