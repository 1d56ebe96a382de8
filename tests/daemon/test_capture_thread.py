"""A source that fails is opened again, with growing patience, and its frames are counted on."""

import functools
import itertools
import math
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from edgevision.backoff import Backoff
from edgevision.capture.frame import Frame, GreyImage, Picture, Unwanted
from edgevision.capture.source import Wanted
from edgevision.daemon.camera import Camera
from edgevision.daemon.capture_thread import CaptureThread
from edgevision.daemon.frame_queue import FrameQueue, Waiting
from edgevision.daemon.prepared_frame import PreparedFrame
from edgevision.daemon.threads import SupervisedThread
from edgevision.errors import SourceError, SourceHangsError
from tests.daemon.cameras import ScriptedSource, a_camera

PICTURE = Picture(np.zeros((2, 2, 3), np.uint8))


class ScriptedDriver(ScriptedSource):
    """A camera with a driver, which hangs at the step "hang" until somebody lets go of it."""

    live, finite = True, False
    opens_within = reads_within = 0.05

    def __init__(self, *script: Picture | Exception | str | None) -> None:
        super().__init__(*script)
        self.hangs, self.go_on = threading.Event(), threading.Event()
        self.abandoned = 0

    def _step(self) -> Picture | Exception | str | None:
        step = super()._step()
        if step == "hang":
            self.hangs.set()
            assert self.go_on.wait(60)
            step = super()._step()
        return step

    def abandon(self) -> None:
        self.abandoned += 1


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


class RecordingQueue(FrameQueue):
    """Writes into `events` which frame it was given."""

    def __init__(self, events: list[str]) -> None:
        super().__init__()
        self._events = events

    def put_when_free(self, what: Waiting) -> bool:
        self._events.append(f"frame {what.seq}" if isinstance(what, Frame) else "over")
        return True

    def put_newest(self, what: Waiting) -> bool:
        self.put_when_free(what)
        return False


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


def walking(frames: int, fps: float = 10.0, still: int = 0) -> list[Picture]:
    """A bright block that goes through a grey picture, after `still` frames in which nothing moves."""
    pictures = []
    noise = np.random.default_rng(1)
    for number in range(still + frames):
        image = noise.normal(120, 3, (180, 320, 3)).clip(0, 255).astype(np.uint8)
        if number >= still:
            left = (number - still) * 8 % 280
            image[60:150, left : left + 30] = 220
        pictures.append(Picture(image, clock=number / fps))
    return pictures


def handed_on(camera: Camera) -> list[int]:
    """The numbers of the frames that a capture thread finds worth a look."""
    events = list[str]()
    CaptureThread(camera, RecordingQueue(events), threading.Event(), lambda: None, lambda _: None).run()
    return [int(event.split()[1]) for event in events if event.startswith("frame")]


def gated_camera(*pictures: Picture, **settings: Any) -> Camera:
    return a_camera(ScriptedSource("open", *pictures, None), motion={"enabled": True}, **settings)


def test_while_nothing_moves_the_model_rests_and_when_something_does_it_looks() -> None:
    camera = gated_camera(*walking(20, still=300))
    frames = handed_on(camera)
    resting = [frame for frame in frames if 100 <= frame < 300]
    assert 1 <= len(resting) <= 4
    assert len([frame for frame in frames if frame >= 300]) >= 15
    assert camera.counters.captured == 320
    assert camera.counters.dropped == 0


def test_while_something_comes_or_goes_every_frame_counts() -> None:
    camera = gated_camera(*walking(0, still=100))
    camera.controls.patience = 0.0
    assert handed_on(camera) == list(range(100))


def test_while_all_that_is_there_stands_still_the_model_looks_once_in_a_while() -> None:
    camera = gated_camera(*walking(20, still=300))
    camera.controls.patience = 1.0
    frames = handed_on(camera)
    looks = [frame for frame in frames if 100 <= frame < 300]  # 20 seconds
    assert 15 <= len(looks) <= 20
    assert len([frame for frame in frames if frame >= 300]) >= 15


def test_without_the_gate_every_frame_counts() -> None:
    assert handed_on(a_camera(ScriptedSource("open", *walking(0, still=50), None))) == list(range(50))


def test_what_moves_in_a_mask_or_outside_the_crop_does_not_count() -> None:
    moving = walking(100, still=200)
    everywhere = [[[0, 0], [1, 0], [1, 1], [0, 1]]]
    for settings in ({"masks": everywhere}, {"crop": [0.0, 0.0, 1.0, 0.25]}):
        frames = handed_on(gated_camera(*moving, **settings))
        assert len([frame for frame in frames if frame >= 200]) <= 3, settings


def test_a_camera_that_is_switched_off_hands_on_nothing_but_a_picture_that_is_asked_for() -> None:
    camera = a_camera(ScriptedSource("open", *walking(10), None))
    camera.controls.detect = False
    assert handed_on(camera) == []
    camera = a_camera(ScriptedSource("open", *walking(1), None))
    camera.controls.detect, camera.controls.snapshot_wanted = False, True
    assert handed_on(camera) == [0]


def test_a_picture_that_is_asked_for_passes_the_gate() -> None:
    camera = gated_camera(*walking(0, still=100))
    camera.controls.snapshot_wanted = True
    assert handed_on(camera) == list(range(100))  # nobody has taken it back


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


class Glimpses(ScriptedSource):
    """Asks whether a picture is wanted, by its grey, as a Pi camera does; counts how often that is looked at."""

    def __init__(self, *script: Picture | Exception | str | None) -> None:
        super().__init__(*script)
        self.looked_at = 0
        self.live, self.finite = True, False

    def read(self, wanted: Wanted | None = None) -> Picture | Unwanted | None:
        picture = super().read()
        assert wanted is not None
        if not isinstance(picture, Picture) or wanted(lambda: self._grey(picture)):
            return picture
        return Unwanted()

    def _grey(self, picture: Picture) -> GreyImage:
        self.looked_at += 1
        return picture.image[:, :, 0]


def glimpsed(camera: Camera) -> list[int]:
    """The frames handed on, ten a second by the thread's own clock."""
    events, clock = list[str](), itertools.count(step=0.05)  # two looks at the clock a frame
    thread = CaptureThread(
        camera, RecordingQueue(events), threading.Event(), lambda: None, lambda _: None, monotonic=lambda: next(clock)
    )
    thread.run()
    return [int(event.split()[1]) for event in events if event.startswith("frame")]


def test_while_nothing_moves_most_frames_are_not_even_looked_at() -> None:
    source = Glimpses("open", *walking(20, still=300), None)
    camera = a_camera(motion={"enabled": True})
    camera.source = source
    frames = glimpsed(camera)
    assert len([frame for frame in frames if frame >= 300]) >= 15
    assert camera.counters.captured == 320
    assert source.looked_at < 160


def test_masks_are_where_they_are_in_the_turned_picture() -> None:
    # The block walks along the middle of the picture; turned by 90 degrees, that is the middle from left to right.
    along, across = [[0.1, 0], [0.75, 0], [0.75, 1], [0.1, 1]], [[0, 0.2], [1, 0.2], [1, 0.3], [0, 0.3]]
    for mask, found in ((along, False), (across, True)):
        camera = a_camera(motion={"enabled": True}, rotate=90, masks=[mask])
        camera.source = Glimpses("open", *walking(100, still=200), None)
        moving = [frame for frame in glimpsed(camera) if frame >= 200]
        assert (len(moving) > 10) is found, mask


class PatientCamera(ScriptedDriver):
    """Has its newest frame ready however late it is read; its clock goes on where somebody waits.

    Picture n comes at (n + 1) * `interval` milliseconds. `reads` counts the pictures that were read.
    """

    def __init__(self, pictures: list[Picture], *, counts: bool = True, interval: int = 100) -> None:
        super().__init__("open")
        self._pictures = pictures
        self._counts = counts
        self._interval = interval
        self._taken = 0
        self.milliseconds = 0
        self.reads = 0

    @property
    def given(self) -> int | None:
        return self.milliseconds // self._interval if self._counts else None

    def monotonic(self) -> float:
        return self.milliseconds / 1000

    def read(self, wanted: Wanted | None = None) -> Picture | Unwanted | None:
        self.milliseconds = max(self.milliseconds, (self._taken + 1) * self._interval)
        self._taken = self.milliseconds // self._interval
        if self._taken > len(self._pictures):
            return None
        self.reads += 1
        picture = self._pictures[self._taken - 1]
        return picture if wanted is None or wanted(lambda: picture.image[:, :, 0]) else Unwanted()


class Arrivals(RecordingQueue):
    """Notes the number and the monotonic time of each frame."""

    def __init__(self) -> None:
        super().__init__([])
        self.frames: list[tuple[int, float]] = []

    def put_newest(self, what: Waiting) -> bool:
        if isinstance(what, Frame):
            self.frames.append((what.seq, what.monotonic))
        return False


def watched(
    camera: Camera,
    source: PatientCamera,
    monkeypatch: pytest.MonkeyPatch,
    meanwhile: Callable[[], bool] = lambda: False,
) -> list[tuple[int, float]]:
    """The frames handed on of a camera that rests by its clock; `meanwhile` happens in a rest: is it stopped?"""
    queue, stop = Arrivals(), threading.Event()

    def wait(seconds: float) -> bool:
        source.milliseconds += math.ceil(seconds * 1000)
        if meanwhile():
            stop.set()
        return stop.is_set()

    monkeypatch.setattr(stop, "wait", wait)
    camera.source = source
    CaptureThread(camera, queue, stop, lambda: None, lambda _: None, monotonic=source.monotonic).run()
    return queue.frames


@pytest.mark.parametrize(("interval", "most_reads"), [(33, 100), (100, 180), (1000, 330)])
def test_while_nothing_moves_most_frames_of_a_patient_camera_are_not_even_read_but_all_are_counted(
    monkeypatch: pytest.MonkeyPatch, interval: int, most_reads: int
) -> None:
    source, camera = PatientCamera(walking(30, still=300), interval=interval), a_camera(motion={"enabled": True})
    frames = watched(camera, source, monkeypatch)
    assert len([number for number, _ in frames if number < 300]) >= 2
    assert len([number for number, _ in frames if number >= 300]) >= 24
    assert source.reads <= most_reads
    assert camera.counters.captured == 330
    for number, time_of_it in frames:
        assert time_of_it == pytest.approx((number + 1) * interval / 1000), (
            "none of those that lay there, nobody knows since when"
        )


def test_a_patient_camera_that_does_not_count_its_frames_is_read_all_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    source, camera = PatientCamera(walking(0, still=100), counts=False), a_camera(motion={"enabled": True})
    watched(camera, source, monkeypatch)
    assert source.reads == camera.counters.captured == 100


@pytest.mark.parametrize("detect", [True, False])
def test_a_camera_at_rest_heeds_who_wants_a_picture_or_stops_it(monkeypatch: pytest.MonkeyPatch, detect: bool) -> None:
    source, camera = PatientCamera(walking(0, still=300)), a_camera(motion={"enabled": True})
    camera.controls.detect = detect
    asked: list[float] = []

    def somebody_wants_one() -> bool:
        if source.monotonic() > 15:
            asked.append(source.monotonic())
            camera.controls.snapshot_wanted = True
        return False

    frames = watched(camera, source, monkeypatch, somebody_wants_one)
    assert min(time_of_it for _, time_of_it in frames if time_of_it >= asked[0]) - asked[0] <= 0.1

    source, camera = PatientCamera(walking(0, still=300)), a_camera(motion={"enabled": True})
    camera.controls.detect = detect
    state: list[tuple[int, int]] = []

    def stops() -> bool:
        if source.monotonic() > 15:
            state.append((source.reads, camera.counters.captured))
        return bool(state)

    watched(camera, source, monkeypatch, stops)
    assert state == [(source.reads, camera.counters.captured)], "it may stall just then, and others count by now"


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


def test_a_frame_that_makes_way_for_the_word_that_the_camera_gives_none_counts_as_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stop = threading.Event()
    monkeypatch.setattr(stop, "wait", lambda _: None)
    camera = a_camera(ScriptedDriver("open", PICTURE, PICTURE, SourceError("unplugged"), "open", PICTURE, None))
    CaptureThread(camera, FrameQueue(), stop, lambda: None, lambda _: None).run()
    assert camera.counters.captured == 3
    assert camera.counters.dropped == 3, "by another frame, by the failure, by the end"


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
