"""Which frames a capture thread finds worth a look: those that move, and now and then one that doesn't."""

import itertools
import math
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from edgevision.capture.frame import Frame, GreyImage, Picture, Unwanted
from edgevision.capture.source import Wanted
from edgevision.daemon.camera import Camera
from edgevision.daemon.capture_thread import CaptureThread
from edgevision.daemon.frame_queue import Waiting
from tests.daemon.cameras import ScriptedDriver, ScriptedSource, a_camera
from tests.daemon.recording_queue import RecordingQueue


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
