"""A source that fails is opened again, with growing patience, or given up, and its frames are counted on."""

import functools
import itertools
import threading
import time
from typing import Any

import pytest

from edgevision.backoff import Backoff
from edgevision.capture.frame import Frame, Picture
from edgevision.daemon.camera import Camera
from edgevision.daemon.capture_thread import CaptureThread
from edgevision.daemon.frame_queue import FrameQueue
from edgevision.daemon.threads import SupervisedThread
from edgevision.errors import SourceError, SourceHangsError
from tests.daemon.cameras import PICTURE, ScriptedDriver, ScriptedSource, a_camera
from tests.daemon.recording_queue import RecordingQueue


def capture(
    source: ScriptedSource, monkeypatch: pytest.MonkeyPatch, seconds_a_look: float = 0.0
) -> tuple[list[int], list[float], list[SupervisedThread]]:
    """Run a capture thread over `source`: the frames it handed on, its waits, and its death if it died.

    Its clock goes on by `seconds_a_look` each time that it looks.
    """
    camera = a_camera(source)
    queue, stop, dead = FrameQueue(), threading.Event(), list[SupervisedThread]()
    waits: list[float] = []
    monkeypatch.setattr(stop, "wait", waits.append)
    clock = itertools.count(step=seconds_a_look)
    thread = CaptureThread(camera, queue, stop, lambda: None, dead.append, monotonic=lambda: next(clock))
    frames: list[int] = []

    def consume() -> None:
        while (taken := queue.take()) is not None:
            if isinstance(taken, Frame):
                frames.append(taken.seq)

    consumer = threading.Thread(target=consume)
    consumer.start()
    thread.run()
    while not queue.idle():
        time.sleep(0.001)
    queue.close()
    consumer.join(10)
    return frames, waits, dead


def test_a_source_that_does_not_open_is_tried_again_after_longer_and_longer_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = ScriptedSource(*[SourceError("no video")] * 7, "open", PICTURE, None)
    source.finite = False
    frames, waits, dead = capture(source, monkeypatch)
    assert waits == [1, 2, 4, 8, 16, 30, 30]
    assert (frames, dead) == ([0], [])
    assert source.closed == 8


def test_a_camera_that_stays_away_does_not_fill_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    capture(ScriptedDriver(*[SourceError("no camera")] * 300, "open", PICTURE, None), monkeypatch)
    warnings = [record for record in caplog.records if record.levelname == "WARNING"]
    assert len(warnings) == 6 + 5


@pytest.mark.parametrize(("seconds_a_look", "waited"), [(20.0, [1, 2, 1, 2]), (0.1, [1, 2, 4, 8])])
def test_when_frames_have_come_for_a_while_the_waits_start_over_and_the_numbers_go_on(
    monkeypatch: pytest.MonkeyPatch, seconds_a_look: float, waited: list[int]
) -> None:
    gone = SourceError("unplugged")
    source = ScriptedSource(gone, gone, "open", PICTURE, PICTURE, gone, gone, "open", PICTURE, None)
    frames, waits, _ = capture(source, monkeypatch, seconds_a_look)
    assert waits == waited
    assert frames == [0, 1, 2]


def test_a_mistake_of_ours_ends_the_thread_and_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    _, _, dead = capture(ScriptedSource("open", KeyError("a bug")), monkeypatch)
    assert [thread.name for thread in dead] == ["capture front"]


def test_backoff_doubles_up_to_its_longest() -> None:
    backoff = Backoff(first=1, longest=5)
    assert [backoff.wait() for _ in range(4)] == [1, 2, 4, 5]
    backoff.reset()
    assert backoff.wait() == 1


def test_a_source_that_ends_is_given_up_after_some_failures_in_a_row(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    source = ScriptedSource(*[SourceError("no video")] * 20)
    frames, waits, dead = capture(source, monkeypatch)
    assert waits == [1, 2, 4, 8, 16]
    assert (frames, dead) == ([], [])
    assert "no video; given up after 6 tries" in caplog.text


def test_a_source_that_ends_without_a_frame_is_worth_a_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    capture(ScriptedSource("open", None), monkeypatch)
    assert [record.levelname for record in caplog.records if "after 0 frames" in record.message] == ["WARNING"]


def given_up(source: ScriptedSource, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> tuple[Camera, list[str]]:
    """Run a thread over the source, whose waits take no time, to its end: its camera and what the queue was given."""
    camera, events, stop = a_camera(source, **settings), list[str](), threading.Event()
    monkeypatch.setattr(stop, "wait", lambda _: None)
    changed = functools.partial(events.append, "changed")
    CaptureThread(camera, RecordingQueue(events), stop, lambda: None, lambda _: None, changed).run()
    return camera, events


def test_a_camera_that_comes_back_three_times_and_fails_again_is_given_up_and_the_daemon_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    life: list[Picture | Exception | str | None] = ["open", PICTURE, PICTURE, SourceError("unplugged")]
    source = ScriptedDriver(*life * 3, SourceError("not there"), *life, "open", PICTURE)
    camera, events = given_up(source, monkeypatch)
    assert camera.counters.given_up
    assert not camera.counters.ended
    assert camera.counters.captured == 8
    assert [event for event in events if event != "over"] == [
        *("frame 0", "changed", "frame 1", "frame 2", "frame 3", "frame 4", "frame 5", "frame 6", "frame 7"),
        "changed",
    ]
    assert events[-2:] == ["over", "changed"]
    assert "unplugged; given up: it had come back 3 times within 10 minutes" in caplog.text
    assert len([record for record in caplog.records if record.levelname == "ERROR"]) == 1


def test_a_camera_that_hangs_in_this_process_is_given_up_at_once_unless_it_never_gave_a_frame(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hangs = SourceHangsError("hangs in its driver")
    camera, _ = given_up(ScriptedDriver("open", PICTURE, SourceError("stalls"), hangs), monkeypatch)
    assert camera.counters.given_up
    camera, _ = given_up(ScriptedDriver(*[hangs] * 50, "open", PICTURE, None), monkeypatch)
    assert (camera.counters.given_up, camera.counters.captured) == (False, 1)


@pytest.mark.parametrize("script", [[SourceError("no camera"), "open", PICTURE, None], ["open", PICTURE, None]])
def test_the_daemon_is_told_once_that_a_camera_has_been_tried(
    monkeypatch: pytest.MonkeyPatch, script: list[Picture | Exception | str | None]
) -> None:
    camera, events = given_up(ScriptedDriver(*script), monkeypatch)
    assert camera.counters.tried
    assert events.count("changed") == 2, "tried, ended"
    assert events.index("changed") == 1, "behind the first frame, or the word that there is none"


def test_a_frame_that_makes_way_for_the_word_that_the_camera_gives_none_counts_as_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stop = threading.Event()
    monkeypatch.setattr(stop, "wait", lambda _: None)
    camera = a_camera(ScriptedDriver("open", PICTURE, PICTURE, SourceError("unplugged"), "open", PICTURE, None))
    CaptureThread(camera, FrameQueue(), stop, lambda: None, lambda _: None).run()
    assert camera.counters.captured == 3
    assert camera.counters.dropped == 3, "by another frame, by the failure, by the end"
