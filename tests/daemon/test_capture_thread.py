"""A source that fails is opened again, with growing patience, and its frames are counted on."""

import functools
import itertools
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from edgevision.backoff import Backoff
from edgevision.capture.frame import Frame, Picture
from edgevision.config.model import ModelSettings
from edgevision.config.schema import CameraSettings
from edgevision.config.sources import ImagesSource
from edgevision.daemon.camera import Camera
from edgevision.daemon.capture_thread import CaptureThread
from edgevision.daemon.frame_queue import FrameQueue
from edgevision.daemon.threads import SupervisedThread
from edgevision.errors import SourceError

PICTURE = Picture(np.zeros((2, 2, 3), np.uint8))


class ScriptedSource:
    """Does what `script` says, a step a call of open() or read(): an exception is raised, anything else returned."""

    live = False
    finite = True
    skipped = 0

    def __init__(self, *script: Picture | Exception | str | None) -> None:
        self._script: Iterator[Picture | Exception | str | None] = iter(script)
        self.closed = 0

    def _step(self) -> Picture | Exception | str | None:
        step = next(self._script)
        if isinstance(step, Exception):
            raise step
        return step

    def open(self) -> None:
        self._step()

    def read(self) -> Picture | None:
        step = self._step()
        assert step is None or isinstance(step, Picture)
        return step

    def close(self) -> None:
        self.closed += 1


def capture(
    source: ScriptedSource, monkeypatch: pytest.MonkeyPatch, seconds_a_look: float = 0.0
) -> tuple[list[int], list[float], list[SupervisedThread]]:
    """Run a capture thread over `source`: the frames it handed on, its waits, and its death if it died.

    Its clock goes on by `seconds_a_look` each time that it looks.
    """
    settings = CameraSettings.model_construct(source=ImagesSource.model_construct(), rotate=0, crop=None)
    camera = Camera("front", source, settings, ModelSettings.model_construct())
    queue, stop, dead = FrameQueue(), threading.Event(), list[SupervisedThread]()
    waits: list[float] = []
    monkeypatch.setattr(stop, "wait", waits.append)
    clock = itertools.count(step=seconds_a_look)
    thread = CaptureThread(camera, queue, stop, lambda: None, dead.append, monotonic=lambda: next(clock))
    frames: list[int] = []

    def consume() -> None:
        while (frame := queue.take()) is not None:
            frames.append(frame.seq)

    consumer = threading.Thread(target=consume)
    consumer.start()
    thread.run()
    while not queue.idle():
        pass
    queue.close()
    consumer.join(10)
    return frames, waits, dead


def test_a_source_that_does_not_open_is_tried_again_after_longer_and_longer_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = ScriptedSource(*[SourceError("no camera")] * 7, "open", PICTURE, None)
    source.finite = False
    frames, waits, dead = capture(source, monkeypatch)
    assert waits == [1, 2, 4, 8, 16, 30, 30]
    assert (frames, dead) == ([0], [])
    assert source.closed == 8


def test_a_camera_that_stays_away_does_not_fill_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    source = ScriptedSource(*[SourceError("no camera")] * 100, "open", PICTURE, None)
    source.finite = False
    capture(source, monkeypatch)
    warnings = [record for record in caplog.records if record.levelname == "WARNING"]
    assert len(warnings) == 6 + 10


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

    def put_when_free(self, frame: Frame) -> bool:
        self._events.append(f"frame {frame.seq}")
        return True

    def put_newest(self, frame: Frame) -> bool:
        self._events.append(f"frame {frame.seq}")
        return False


@pytest.mark.parametrize(
    ("finite", "order"),
    [(True, ["wait", "frame 0", "wait", "frame 1"]), (False, ["frame 0", "frame 1"])],
)
def test_each_frame_of_a_source_that_ends_waits_for_the_broker_and_those_of_others_never(
    finite: bool, order: list[str]
) -> None:
    source, events = ScriptedSource("open", PICTURE, PICTURE, None), list[str]()
    source.finite, source.live = finite, not finite
    camera = Camera(
        "front", source, CameraSettings.model_construct(rotate=0, crop=None), ModelSettings.model_construct()
    )
    wait_for_broker = functools.partial(events.append, "wait")
    CaptureThread(camera, RecordingQueue(events), threading.Event(), wait_for_broker, lambda _: None).run()
    assert events == order


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
