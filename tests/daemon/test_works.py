"""Cameras and models change under way, also while something hangs: nothing is lost, mixed up or held on to."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import yaml

from edgevision.capture.frame import Frame, Picture
from edgevision.capture.lores import View
from edgevision.capture.source import Wanted
from edgevision.config.loader import parse_config
from edgevision.config.sources import V4l2Source
from edgevision.daemon import inference_thread, works
from edgevision.daemon.camera import Camera
from edgevision.daemon.models import ModelInUse, open_models
from edgevision.daemon.reporter import Reporter
from edgevision.daemon.scene_rules import scene_rules
from edgevision.daemon.threads import SupervisedThread
from edgevision.daemon.works import Surroundings, Works
from edgevision.errors import ConfigError
from edgevision.inference.accelerated import AcceleratedModel
from edgevision.inference.model import Inference, Model, Outputs
from edgevision.inference.prepared import Prepared
from edgevision.scene.scene import Scene
from tests.daemon.cameras import Found
from tests.mosquitto import wait_until


class Source:
    """A camera whose pictures are as wide as its settings say; read() doesn't return while `hangs` is set."""

    live = True
    finite = False
    skipped = 0
    opens_within = 5.0
    reads_within = 0.2

    def __init__(self, settings: V4l2Source, opened: "list[list[Source]]") -> None:
        self._opened = opened
        self._picture = Picture(np.zeros((16, settings.size[0], 3), np.uint8))
        self._pause = threading.Event()
        self.hangs, self.released, self.abandoned = threading.Event(), threading.Event(), threading.Event()
        self.ended = False

    def open(self) -> None:
        self._opened.append([*self._opened[-1], self])

    def read(self, wanted: Wanted | None = None) -> Picture | None:
        self._pause.wait(0.01)
        if self.hangs.is_set():
            self.released.wait(60)
        return None if self.ended else self._picture

    def close(self) -> None:
        self._opened.append([source for source in self._opened[-1] if source is not self])

    def abandon(self) -> None:
        self.abandoned.set()


class Notes:
    """In a reporter's place: the widths of the frames that it was given, and how often all was to end."""

    def __init__(self, camera: Camera, _: ModelInUse) -> None:
        self.camera = camera
        self.scene = Scene(scene_rules(camera.settings), lambda: "track")
        self.widths: list[int] = []
        self.left = 0

    def start(self) -> None:
        pass

    def leave(self, _: float) -> None:
        self.left += 1

    def inferred(self, frame: Frame, _: Inference) -> None:
        self.widths.append(frame.width)


class Inferring:
    """Models' way to answer in these tests: while `held` is set none does, and `busy` says that one is asked."""

    def __init__(self) -> None:
        self.held, self.busy, self.released = threading.Event(), threading.Event(), threading.Event()

    def run(self, prepared: Prepared, least: float) -> Outputs:
        if self.held.is_set():
            self.busy.set()
            self.released.wait(60)
        return Found([])


class Changing:
    """Works under way, and all sources and reporters that they ever had."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sources: list[Source] = []
        self.opened: list[list[Source]] = [[]]
        """Which of them were open at a time, one time after the other."""
        self.notes: list[Notes] = []
        self.views: list[View] = []
        self.died: list[SupervisedThread] = []
        monkeypatch.setattr(works, "make_source", self._make_source)
        self.works = Works(
            Surroundings(self._new_reporter, lambda _: None, self.died.append, lambda: None, lambda: 1000.0)
        )
        self._models: list[ModelInUse] = []

    def _make_source(self, settings: V4l2Source, view: View) -> Source:
        self.views.append(view)
        self.sources.append(Source(settings, self.opened))
        return self.sources[-1]

    def _new_reporter(self, camera: Camera, in_use: ModelInUse) -> Reporter:
        self.notes.append(Notes(camera, in_use))
        return cast(Reporter, self.notes[-1])

    def become(self, widths: dict[str, int], **model: Any) -> None:
        """Cameras by name, with the width of their pictures."""
        cameras = {
            name: {"source": {"type": "v4l2", "size": [width, 16]}, "motion": {"enabled": False}}
            for name, width in widths.items()
        }
        text = yaml.safe_dump({"cameras": cameras, "model": model})
        config = parse_config(text.encode(), Path("edgevision.yaml"))
        self._models = open_models(config, measure_threads=False, at_hand=self._models)
        self.works.change(config.settings, self._models)


@pytest.fixture
def inferring(monkeypatch: pytest.MonkeyPatch) -> Inferring:
    inferring = Inferring()
    monkeypatch.setattr(Model, "run_prepared", inferring.run)
    # Models that don't answer aren't waited for at all.
    monkeypatch.setattr(works, "ERRANDS_WITHIN", 0.0)
    return inferring


@pytest.fixture
def changing(monkeypatch: pytest.MonkeyPatch, inferring: Inferring) -> Iterator[Changing]:
    changing = Changing(monkeypatch)
    yield changing
    inferring.released.set()
    for source in changing.sources:
        source.released.set()
    changing.works.stop(time.monotonic() + 20)
    assert not changing.died


@pytest.mark.parametrize(
    ("resize", "view"),
    [
        ("auto", View(300, 300)),
        ("crop", View(300, 300, share=0.875)),
        ("letterbox", View(300, 300, letterbox=True)),
    ],
)
def test_a_source_is_told_what_its_model_takes(changing: Changing, resize: str, view: View) -> None:
    changing.become({"front": 32}, name="person", resize=resize)
    assert changing.views == [view]


def test_no_frame_of_the_old_source_is_reported_as_one_of_the_new(changing: Changing, inferring: Inferring) -> None:
    changing.become({"front": 100, "yard": 300})
    front = changing.notes[0]
    wait_until(lambda: bool(front.widths), "frames")
    inferring.held.set()
    assert inferring.busy.wait(20)
    captured = changing.works.cameras["front"].counters.captured
    wait_until(lambda: changing.works.cameras["front"].counters.captured > captured + 1, "a frame that waits")
    changing.become({"front": 200, "yard": 300})
    inferring.released.set()
    new = changing.notes[-1]
    wait_until(lambda: len(new.widths) >= 3, "frames of the new source")
    assert set(front.widths) == {100}
    assert set(new.widths) == {200}
    assert front.left == 1


def test_what_is_open_ends_also_when_its_model_was_put_aside_in_the_middle_of_a_frame(
    changing: Changing, inferring: Inferring
) -> None:
    changing.become({"front": 100}, threads=1)
    old = changing.notes[0]
    inferring.held.set()
    assert inferring.busy.wait(20)
    changing.become({"front": 100}, threads=2)
    inferring.held.clear()
    wait_until(lambda: len(changing.notes[-1].widths) >= 3, "frames from the new model")
    assert old.left == 0, "its thread is at a frame still"
    inferring.released.set()
    wait_until(lambda: old.left == 1, "the end of what is open")


def test_a_camera_that_hangs_after_it_was_changed_is_let_go_of(changing: Changing) -> None:
    changing.become({"front": 100})
    (source,) = changing.sources
    wait_until(lambda: bool(changing.notes[0].widths), "frames")
    source.hangs.set()
    changing.become({"front": 200})

    def abandoned() -> bool:
        changing.works.attend()
        return source.abandoned.is_set()

    wait_until(abandoned, "the supervisor to let go of the camera")
    source.released.set()
    wait_until(lambda: len(changing.notes[-1].widths) >= 3, "frames of the new source")


def test_a_camera_that_changes_twice_is_not_opened_before_the_first_has_let_go_of_it(changing: Changing) -> None:
    changing.become({"front": 100})
    first = changing.sources[0]
    wait_until(lambda: bool(changing.notes[0].widths), "frames")
    first.hangs.set()
    for width in (200, 300):
        changing.become({"front": width})
    time.sleep(0.5)  # enough to open it too early
    first.released.set()
    wait_until(lambda: len(changing.notes[-1].widths) >= 3, "frames of the newest source")
    assert max(map(len, changing.opened)) == 1


def test_an_accelerator_that_hangs_is_told_of_after_its_model_was_changed_too(
    changing: Changing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AcceleratedModel, "hung", property(lambda model: model is old.model))
    changing.become({"front": 100}, threads=1)
    (old,) = changing._models
    changing.become({"front": 100}, threads=2)
    changing.works.attend()
    assert "accelerator of person" in changing.works.hung


def test_a_model_that_was_opened_for_a_wrong_configuration_seeks_no_accelerator_any_more(
    monkeypatch: pytest.MonkeyPatch, changing: Changing
) -> None:
    closed: list[AcceleratedModel] = []
    monkeypatch.setattr(AcceleratedModel, "close", lambda model: closed.append(model))  # noqa: PLW0108  binds as methods do
    changing.become({"front": 100}, threads=1)
    (in_use,) = changing._models
    camera = {"source": {"type": "v4l2"}, "labels": {"no such thing": {}}}
    cameras = {"front": camera, "yard": {**camera, "model": {"threads": 2}}}
    config = parse_config(yaml.safe_dump({"cameras": cameras, "model": {"threads": 1}}).encode(), Path("e.yaml"))
    with pytest.raises(ConfigError, match="no such thing"):
        open_models(config, measure_threads=False, at_hand=changing._models)
    assert [model.info.threads for model in closed] == [2]
    assert in_use.model not in closed


def test_a_new_camera_s_first_frame_is_reported_though_the_model_was_busy(
    changing: Changing, inferring: Inferring
) -> None:
    changing.become({"front": 100})
    inferring.held.set()
    assert inferring.busy.wait(20)
    changing.become({"front": 100, "yard": 300})
    yard = changing.sources[-1]
    wait_until(lambda: changing.works.cameras["yard"].counters.captured > 0, "a frame that waits")
    yard.hangs.set()  # there will be no other
    inferring.released.set()
    wait_until(lambda: bool(changing.notes[-1].widths), "that frame to be reported")


def test_the_model_s_thread_gets_frames_that_are_ready(changing: Changing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inference_thread, "prepare", None)
    changing.become({"front": 100, "yard": 300})
    wait_until(lambda: all(notes.widths for notes in changing.notes), "frames")


def test_it_is_finished_once_every_frame_has_been_inferred_and_reported(
    changing: Changing, inferring: Inferring, monkeypatch: pytest.MonkeyPatch
) -> None:
    telling, may = threading.Event(), threading.Event()

    def tell(*_: object) -> None:
        telling.set()
        may.wait(60)

    monkeypatch.setattr(Notes, "inferred", tell)
    inferring.held.set()
    changing.become({"front": 100})
    assert inferring.busy.wait(20)
    changing.sources[0].ended = True
    wait_until(lambda: not changing.works._posts["front"].capture.is_alive(), "the end of the source")
    assert not changing.works.finished
    inferring.released.set()
    assert telling.wait(20)
    assert not changing.works.finished
    may.set()
    wait_until(lambda: changing.works.finished, "the end")
    with changing.works._benches[0].thread._reports._busy:  # a report, whatever it is of
        assert not changing.works.finished


def test_a_model_is_said_to_hang_only_if_it_stays_late_after_a_pause_of_the_whole_process(
    changing: Changing, inferring: Inferring
) -> None:
    changing.become({"front": 100})
    inferring.held.set()
    assert inferring.busy.wait(20)
    heartbeat = changing.works._benches[0].thread.heartbeat
    heartbeat._monotonic = lambda: time.monotonic() + 60
    assert changing.works.stuck == []
    heartbeat._monotonic = lambda: time.monotonic() + 70
    assert [one.partition(" for ")[0] for one in changing.works.stuck] == ["person (at one frame"]
