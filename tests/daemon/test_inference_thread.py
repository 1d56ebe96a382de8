"""What the model finds is published, for each camera as it is configured."""

import json
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from edgevision.capture.frame import BgrImage, Frame
from edgevision.config.model import ModelSettings
from edgevision.config.schema import CameraSettings
from edgevision.daemon.camera import Camera
from edgevision.daemon.frame_queue import FrameQueue
from edgevision.daemon.inference_thread import InferenceThread
from edgevision.daemon.threads import SupervisedThread
from edgevision.inference.bundled import bundled_model
from edgevision.inference.detection import Detection
from edgevision.inference.model import Inference, Model
from edgevision.publish.broker import BrokerSettings
from edgevision.publish.client import Publisher
from edgevision.publish.message import Message
from edgevision.publish.topics import Topics
from tests.daemon.test_capture_thread import ScriptedSource


class RecordingPublisher(Publisher):
    """Keeps the messages instead of sending them; takes or drops them as `takes` says."""

    def __init__(self, takes: Iterator[bool]) -> None:
        super().__init__(BrokerSettings("127.0.0.1", 1883), "edgevision/test/status")
        self.messages: list[Message] = []
        self._takes = takes

    def publish(self, message: Message) -> bool:
        self.messages.append(message)
        return next(self._takes)


class ScriptedModel(Model):
    """Finds a person in every picture, or gives `vector`, and keeps what it was asked for."""

    def __init__(self, vector: NDArray[np.float64] | None = None) -> None:
        super().__init__(bundled_model("person"))
        self.asked: list[tuple[float, int]] = []
        self._vector = vector

    def run(self, image: BgrImage, *, threshold: float, max_detections: int) -> Inference:
        self.asked.append((threshold, max_detections))
        return Inference([] if self._vector is not None else [Detection("person", 0.9)], 0.01, self._vector)


class ThreeFrames(FrameQueue):
    """Gives three frames of `camera`, and then it is closed."""

    def __init__(self, camera: str) -> None:
        super().__init__()
        image = np.zeros((4, 4, 3), np.uint8)
        self._frames = iter([*(Frame(camera, seq, 0.0, 0.0, image) for seq in range(3)), None])

    def take(self) -> Frame | None:
        return next(self._frames)


def infer(
    camera: Camera, takes: list[bool], vector: NDArray[np.float64] | None = None
) -> tuple[list[Message], ScriptedModel]:
    """Run an inference thread over three frames of `camera`; `takes`: which messages the publisher takes."""
    publisher, model, dead = RecordingPublisher(iter(takes)), ScriptedModel(vector), list[SupervisedThread]()
    cameras = {camera.name: camera}
    topics = Topics("edgevision", "test")
    InferenceThread(model, cameras, ThreeFrames(camera.name), publisher, topics, dead.append).run()
    assert dead == []
    return publisher.messages, model


def camera(source: ScriptedSource, publish: str = "nonempty", **model: float) -> Camera:
    settings = CameraSettings.model_construct(publish=publish)
    return Camera("front", source, settings, ModelSettings.model_validate(model))


@pytest.mark.parametrize("finite", [True, False])
def test_detections_of_a_source_that_ends_are_kept_for_a_broker_that_is_away_and_those_of_others_are_not(
    finite: bool,
) -> None:
    source = ScriptedSource()
    source.finite = finite
    messages, _ = infer(camera(source), [True] * 3)
    assert [(message.topic, message.keep) for message in messages] == [("edgevision/test/front/detections", finite)] * 3


def test_the_model_is_asked_with_the_cameras_own_threshold_and_number() -> None:
    _, model = infer(camera(ScriptedSource(), threshold=0.25, max_detections=3), [True] * 3)
    assert model.asked == [(0.25, 3)] * 3


def test_a_change_is_sent_until_the_publisher_takes_it() -> None:
    messages, _ = infer(camera(ScriptedSource(), publish="changes"), [False, True])
    assert len(messages) == 2


def test_each_frame_is_counted_with_its_time() -> None:
    front = camera(ScriptedSource(), publish="off")
    messages, _ = infer(front, [])
    assert messages == []
    assert front.counters.inferred == 3
    assert list(front.counters.inference_ms) == [10.0] * 3


@pytest.mark.parametrize(("publish", "sent"), [("nonempty", 3), ("all", 3), ("changes", 3), ("off", 0)])
def test_every_feature_vector_is_published_unless_publishing_is_off(publish: str, sent: int) -> None:
    messages, _ = infer(camera(ScriptedSource(), publish), [True] * 3, np.array([0.25, -1.5]))
    assert [message.topic for message in messages] == ["edgevision/test/front/embedding"] * sent
    assert all(json.loads(message.payload)["vector"] == [0.25, -1.5] for message in messages)
    assert all(message.qos == 0 and not message.retain for message in messages)
