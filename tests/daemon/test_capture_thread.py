"""A capture thread hands frames on at their pace and with their times, and each of a recording waits for the broker."""

import functools
import itertools
import threading

import pytest

from edgevision.capture.frame import Frame, Picture
from edgevision.daemon.capture_thread import CaptureThread
from edgevision.daemon.frame_queue import FrameQueue, Waiting
from edgevision.daemon.prepared_frame import PreparedFrame
from tests.daemon.cameras import PICTURE, ScriptedDriver, ScriptedSource, a_camera
from tests.daemon.recording_queue import RecordingQueue


@pytest.mark.parametrize(
    ("finite", "order"),
    [(True, ["wait", "frame 0", "wait", "frame 1", "over"]), (False, ["frame 0", "frame 1", "over"])],
)
def test_each_frame_of_a_source_that_ends_waits_for_the_broker_and_those_of_others_never(
    finite: bool, order: list[str]
) -> None:
    source, events = ScriptedSource("open", PICTURE, PICTURE, None), list[str]()
    source.finite, source.live = finite, not finite
    camera = a_camera(source)
    wait_for_broker = functools.partial(events.append, "wait")
    CaptureThread(camera, RecordingQueue(events), threading.Event(), wait_for_broker, lambda _: None).run()
    assert events == order


def test_a_source_that_ends_waits_for_the_broker_though_detection_is_off_for_there_it_is_switched_on() -> None:
    events: list[str] = []
    camera = a_camera(ScriptedSource("open", PICTURE, PICTURE, None))
    camera.controls.detect = False

    def switched_on() -> None:
        events.append("wait")
        camera.controls.detect = True

    CaptureThread(camera, RecordingQueue(events), threading.Event(), switched_on, lambda _: None).run()
    assert events == ["wait", "frame 0", "wait", "frame 1", "over"]


def test_the_clock_of_a_recording_is_its_own_also_when_it_is_lost() -> None:
    moments = []

    class Moments(FrameQueue):
        def put_when_free(self, what: Waiting) -> bool:
            assert not isinstance(what, PreparedFrame)
            moments.append(what.clock if isinstance(what, Frame) else what.moment.clock)
            return True

    pictures = [Picture(PICTURE.image, clock=clock) for clock in (0.0, 3600.0, 7200.0)]
    camera = a_camera(ScriptedSource("open", *pictures, None))
    CaptureThread(camera, Moments(), threading.Event(), lambda: None, lambda _: None).run()
    assert moments == [0.0, 3600.0, 7200.0, 7200.0]


def test_the_time_of_a_frame_is_the_wall_clock_s_that_was_given() -> None:
    times = []

    class Times(FrameQueue):
        def put_when_free(self, what: Waiting) -> bool:
            assert not isinstance(what, PreparedFrame)
            times.append(what.time if isinstance(what, Frame) else what.moment.time)
            return True

    camera = a_camera(ScriptedSource("open", PICTURE, None))
    CaptureThread(camera, Times(), threading.Event(), lambda: None, lambda _: None, wall=lambda: 12.0).run()
    assert times == [12.0, 12.0]


def test_a_limit_of_frames_a_second_drops_a_camera_s_frames_and_slows_files_down(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = itertools.count(step=0.1)
    camera, events = a_camera(ScriptedDriver("open", *[PICTURE] * 100, None)), list[str]()
    camera.controls.fps_limit = 2.0
    CaptureThread(
        camera, RecordingQueue(events), threading.Event(), lambda: None, lambda _: None, monotonic=lambda: next(clock)
    ).run()
    assert 20 <= len([event for event in events if event.startswith("frame")]) <= 22
    assert camera.counters.captured == 100

    now, waited, stop = 0.0, list[float](), threading.Event()

    def wait(seconds: float) -> None:
        nonlocal now
        now += seconds
        waited.append(seconds)

    monkeypatch.setattr(stop, "wait", wait)
    camera, events = a_camera(ScriptedSource("open", *[PICTURE] * 10, None)), list[str]()
    camera.controls.fps_limit = 2.0
    CaptureThread(camera, RecordingQueue(events), stop, lambda: None, lambda _: None, monotonic=lambda: now).run()
    assert events == [*(f"frame {number}" for number in range(10)), "over"]
    assert sum(waited) == pytest.approx(4.0), "nine times half a second, less the one before"


def test_a_thread_that_is_stopped_while_it_waits_for_its_pace_hands_nothing_on_and_counts_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stop = threading.Event()

    def wait(_: float) -> bool:
        stop.set()
        return True

    monkeypatch.setattr(stop, "wait", wait)
    camera, events = a_camera(ScriptedSource("open", PICTURE, PICTURE, PICTURE, None)), list[str]()
    camera.controls.fps_limit = 2.0
    CaptureThread(camera, RecordingQueue(events), stop, lambda: None, lambda _: None, monotonic=lambda: 0.0).run()
    assert events == ["frame 0", "frame 1"]
    assert camera.counters.captured == 2
