"""Each frame goes through the model once, with what its camera asks for, and what is found is reported."""

import threading
import time
import weakref
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, NoReturn

import numpy as np
import pytest

from edgevision.capture.frame import Frame
from edgevision.capture.transform import WHOLE, Region
from edgevision.daemon import inference_thread
from edgevision.daemon.camera import Camera
from edgevision.daemon.frame_queue import Errand, FrameQueue, NoPicture, Waiting
from edgevision.daemon.inference_thread import InferenceThread
from edgevision.daemon.prepared_frame import prepare
from edgevision.daemon.reporter import Reporter
from edgevision.daemon.scene_rules import scene_rules
from edgevision.daemon.threads import SupervisedThread
from edgevision.inference.bundled import bundled_model
from edgevision.inference.detection import Box, Detection
from edgevision.inference.model import Inference, Model, Outputs
from edgevision.inference.prepared import Prepared
from edgevision.inference.reader import Task
from edgevision.publish.topics import Topics
from edgevision.scene.moment import Moment
from edgevision.scene.scene import Scene
from tests.daemon.cameras import Found, a_camera, a_clock
from tests.daemon.publishers import RecordingPublisher
from tests.mosquitto import wait_until


def fail() -> NoReturn:
    raise KeyError("a mistake of ours")


TOPICS = Topics("edgevision", "test")
WHOLE_PICTURE = Box(0.0, 0.0, 1.0, 1.0)


class ScriptedModel(Model):
    """Finds a person all over every picture, and keeps what it was asked for."""

    def __init__(self, task: Task = "detect") -> None:
        super().__init__(bundled_model("person"))
        self.info = replace(self.info, task=task)
        self.asked: list[tuple[float, int]] = []
        self.leasts: list[float] = []

    def run_prepared(self, prepared: Prepared, least: float = 0.0) -> Outputs:
        self.leasts.append(least)
        return Found([Detection("person", 0.9, WHOLE_PICTURE)], self.asked)


class ScriptedQueue(FrameQueue):
    """Gives `script`, and then it is closed."""

    def __init__(self, script: Iterable[Waiting | Errand]) -> None:
        super().__init__()
        self._script = iter(script)

    def take(self) -> Waiting | Errand | None:
        return next(self._script, None)


def a_frame(seq: int, crop: Region = WHOLE) -> Frame:
    return Frame("front", seq, 1000.0 + seq, seq / 10, seq / 10, np.zeros((40, 40, 3), np.uint8), crop=crop)


def infer(
    camera: Camera, script: Iterable[Waiting | Errand] | ScriptedQueue, task: Task = "detect"
) -> tuple[RecordingPublisher, ScriptedModel]:
    """Run an inference thread over `script`; the messages, and what the model was asked for."""
    publisher, model, dead = RecordingPublisher(), ScriptedModel(task), list[SupervisedThread]()
    scene = Scene(scene_rules(camera.settings), lambda: "front-1")
    reporter = Reporter(camera, scene, TOPICS, publisher, 1, ["person"], a_clock())
    queue = script if isinstance(script, ScriptedQueue) else ScriptedQueue(script)
    thread = InferenceThread(model, queue, dead.append)
    thread.reporters["front"] = reporter
    thread.run()
    assert dead == []
    return publisher, model


FRAMES: list[Frame | NoPicture] = [a_frame(seq) for seq in range(3)]


def test_the_model_is_asked_for_what_keeps_a_track_alive_and_for_the_cameras_own_number() -> None:
    camera = a_camera(model={"threshold": 0.5, "max_detections": 3}, labels={"person": {"threshold": 0.6}, "dog": None})
    _, model = infer(camera, FRAMES)
    assert model.asked == [(0.25, 3)] * 3
    assert model.leasts == [0.25] * 3


def test_a_threshold_that_is_lowered_is_what_the_model_is_asked_with() -> None:
    camera = a_camera(model={"threshold": 0.5})
    camera.controls.threshold = 0.2
    _, model = infer(camera, FRAMES)
    assert {threshold for threshold, _ in model.asked} == {*model.leasts} == {0.1}


def test_detection_that_is_switched_off_and_on_between_two_frames_ends_what_was_there() -> None:
    camera = a_camera()
    script = iter(FRAMES)

    def switched() -> Iterator[Frame | NoPicture]:
        yield from script
        camera.controls.leave_wanted = True
        yield a_frame(3)

    publisher, _ = infer(camera, switched())
    assert [b'"type":"end"' in payload for payload in publisher.payloads("front/events")] == [False, True]
    assert not camera.controls.leave_wanted


def test_a_threshold_that_is_set_holds_from_the_next_frame_on() -> None:
    camera = a_camera()
    camera.controls.threshold = 0.95
    publisher, _ = infer(camera, FRAMES)
    assert publisher.payloads("front/detections") == []


def test_each_frame_is_counted_with_its_time() -> None:
    camera = a_camera()
    infer(camera, FRAMES)
    assert camera.counters.inferred == 3
    assert list(camera.counters.inference_ms) == [10.0] * 3


def test_boxes_are_fractions_of_the_whole_frame_though_the_model_sees_a_crop() -> None:
    publisher, _ = infer(a_camera(), [a_frame(0, crop=(0.5, 0.25, 1.0, 0.75))])
    (payload,) = publisher.payloads("front/detections")
    assert b'"box":{"xmin":0.5,"ymin":0.25,"xmax":1.0,"ymax":0.75}' in payload


def test_a_camera_that_is_switched_off_costs_no_inference() -> None:
    camera = a_camera()
    camera.controls.detect = False
    publisher, model = infer(camera, FRAMES)
    assert model.asked == []
    assert publisher.messages == []


@pytest.mark.parametrize(("over", "ends"), [(True, 1), (False, 0)])
def test_what_is_there_ends_at_once_when_the_source_has_ended_but_may_come_back_after_a_failure(
    over: bool, ends: int
) -> None:
    publisher, _ = infer(a_camera(), [*FRAMES, NoPicture("front", Moment(0.3, 1003.0), over)])
    assert sum(b'"type":"end"' in payload for payload in publisher.payloads("front/events")) == ends


def test_what_is_there_ends_when_detection_is_switched_off_before_a_camera_that_is_lost() -> None:
    camera = a_camera()

    class SwitchedOff(ScriptedQueue):
        def take(self) -> Waiting | Errand | None:
            taken = super().take()
            camera.controls.detect = not isinstance(taken, NoPicture)
            return taken

    publisher, _ = infer(camera, SwitchedOff([*FRAMES, NoPicture("front", Moment(0.3, 1003.0), over=False)]))
    assert sum(b'"type":"end"' in payload for payload in publisher.payloads("front/events")) == 1


def test_what_a_lost_camera_saw_ends_after_max_lost() -> None:
    lost: list[Frame | NoPicture] = [NoPicture("front", Moment(clock, 1000.0 + clock), False) for clock in (10.0, 11.0)]
    publisher, _ = infer(a_camera(), [*FRAMES, *lost])
    assert sum(b'"type":"end"' in payload for payload in publisher.payloads("front/events")) == 1


@pytest.mark.parametrize("then", ["errand", "switched off and on", "switched off", "no picture", "over", "end"])
def test_nobody_touches_what_a_frame_is_being_reported_to(monkeypatch: pytest.MonkeyPatch, then: str) -> None:
    camera, told = a_camera(), list[str]()
    inferred = Reporter.inferred

    def inferred_slowly(*args: Any) -> None:
        told.append("begun")
        time.sleep(0.1)
        inferred(*args)
        told.append("reported")

    monkeypatch.setattr(Reporter, "inferred", inferred_slowly)
    for name in ("leave", "no_picture", "unlooked"):
        monkeypatch.setattr(Reporter, name, lambda *_: told.append("touched"))

    def script() -> Iterator[Waiting | Errand]:
        yield a_frame(0)
        camera.controls.leave_wanted = then == "switched off and on"
        camera.controls.detect = then != "switched off"
        if then == "errand":
            yield Errand(lambda: told.append("touched"))
        elif then in ("no picture", "over"):
            yield NoPicture("front", Moment(0.1, 1000.1), over=then == "over")
        elif then != "end":
            yield a_frame(1)

    infer(camera, script())
    told.append("touched")
    assert told[:3] == ["begun", "reported", "touched"]


def test_a_frame_that_was_prepared_is_not_prepared_again(monkeypatch: pytest.MonkeyPatch) -> None:
    preparer = Model(bundled_model("person")).preparer()
    ready = [prepare(preparer, a_frame(seq)) for seq in range(3)]
    monkeypatch.setattr(inference_thread, "prepare", None)
    publisher, _ = infer(a_camera(), ready)
    assert len(publisher.payloads("front/detections")) == 3


def test_the_reporters_of_one_that_has_died_are_nobody_s() -> None:
    camera, dead = a_camera(), list[SupervisedThread]()
    scene = Scene(scene_rules(camera.settings), lambda: "front-1")
    threads = [
        InferenceThread(ScriptedModel(), ScriptedQueue([Errand(fail) if fails else a_frame(0)]), dead.append)
        for fails in (False, True)
    ]
    for thread in threads:
        thread.reporters["front"] = Reporter(camera, scene, TOPICS, RecordingPublisher(), 1, ["person"], a_clock())
        thread.start()
        thread.join(20)
    assert [thread.done for thread in threads] == [True, False]
    assert dead == threads[1:]


def test_frames_that_were_inferred_and_reported_are_not_held_on_to_while_none_comes() -> None:
    gone = list[weakref.ref[object]]()

    def script() -> Iterator[Waiting | Errand]:
        image = np.zeros((40, 40, 3), np.uint8)
        gone.append(weakref.ref(image))
        yield Frame("front", 0, 1000.0, 0.0, 0.0, image)
        del image
        wait_until(lambda: gone[0]() is None, "the frame to be let go of")

    infer(a_camera(), script())


@pytest.mark.parametrize(
    ("task", "there_are", "who"),
    [("classify", 2, "report person"), ("classify", 1, "alone"), ("detect", 1, "report person")],
)
def test_a_classifier_that_takes_every_core_has_no_thread_beside_it(
    monkeypatch: pytest.MonkeyPatch, task: Task, there_are: int, who: str
) -> None:
    monkeypatch.setattr("edgevision.daemon.inference_thread.cores", lambda: there_are)
    told_by: list[str] = []

    class Named(Reporter):
        def inferred(self, frame: Frame, inference: Inference) -> None:
            told_by.append(threading.current_thread().name)

    monkeypatch.setitem(globals(), "Reporter", Named)
    alone = threading.Thread(target=infer, args=(a_camera(), FRAMES, task), name="alone")
    alone.start()
    alone.join(60)
    assert told_by == [who] * len(FRAMES)
