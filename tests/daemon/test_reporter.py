"""What a camera sees reaches the broker as detections, events, counts and pictures."""

import itertools
import json
import math
from typing import Any

import cv2
import numpy as np
import pytest

from edgevision.capture.frame import Frame
from edgevision.config.model import ModelSettings
from edgevision.daemon.camera import Camera
from edgevision.daemon.reporter import Reporter
from edgevision.daemon.scene_rules import scene_rules
from edgevision.inference.detection import Box, Detection
from edgevision.inference.model import Inference
from edgevision.publish.topics import Topics
from edgevision.scene.moment import Moment
from edgevision.scene.scene import Scene
from tests.daemon.cameras import ScriptedSource, a_camera, a_clock
from tests.daemon.publishers import RecordingPublisher

LEFT, RIGHT = Box(0.1, 0.2, 0.3, 0.9), Box(0.6, 0.2, 0.8, 0.9)
DRIVE = {"drive": {"polygon": [[0, 0.5], [0.5, 0.5], [0.5, 1], [0, 1]], "labels": ["person"]}}


class Reported:
    """A reporter, fed with what a model is said to have found, and what it published."""

    def __init__(self, camera: Camera, publisher: RecordingPublisher | None = None, labels: str = "person dog") -> None:
        self.publisher = publisher or RecordingPublisher()
        ids = map("front-{}".format, itertools.count())
        scene = Scene(scene_rules(camera.settings), lambda: next(ids))
        self.reporter = Reporter(
            camera, scene, Topics("edgevision", "test"), self.publisher, 1, labels.split(), a_clock()
        )
        self._seq = itertools.count()

    def frame(self) -> Frame:
        seq = next(self._seq)
        return Frame("front", seq, 1000.0 + seq / 10, seq / 10, seq / 10, np.full((90, 160, 3), 99, np.uint8))

    def sees(self, *found: Detection, times: int = 1) -> None:
        for _ in range(times):
            self.reporter.inferred(self.frame(), Inference(list(found), 0.01))

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(payload) for payload in self.publisher.payloads("front/events")]


def person(score: float = 0.8, box: Box = LEFT) -> Detection:
    return Detection("person", score, box)


def test_the_counts_are_zero_at_the_start_in_zones_too() -> None:
    reported = Reported(a_camera(zones=DRIVE))
    reported.reporter.start()
    told = {message.topic.removeprefix("edgevision/test/front/"): message for message in reported.publisher.messages}
    assert {topic: message.payload for topic, message in told.items()} == {
        "count/person": b"0",
        "count/dog": b"0",
        "count/person/drive": b"0",
    }
    assert all(message.retain and message.qos == 1 for message in told.values())


def test_a_count_is_told_when_it_changes() -> None:
    reported = Reported(a_camera(zones=DRIVE))
    reported.reporter.start()
    reported.sees(person(), times=5)
    reported.sees(person(), person(box=RIGHT), times=5)
    reported.reporter.leave(2000.0)
    assert reported.publisher.payloads("front/count/person") == [b"0", b"1", b"2", b"0"]
    assert reported.publisher.payloads("front/count/person/drive") == [b"0", b"1", b"0"]
    assert reported.publisher.payloads("front/count/dog") == [b"0"]


def test_a_label_that_nobody_announced_is_counted_once_it_is_seen() -> None:
    reported = Reported(a_camera(), labels="dog")
    reported.sees(person(), times=3)
    assert reported.reporter.labels == ("dog", "person")
    assert reported.publisher.payloads("front/count/person") == [b"1"]


def test_a_label_that_is_seen_later_is_counted_in_each_zone_that_cares_at_once() -> None:
    lawn = {"polygon": [[0.9, 0], [1, 0], [1, 0.1]]}
    reported = Reported(a_camera(zones={**DRIVE, "lawn": lawn, "pond": {**lawn, "labels": ["dog"]}}), labels="dog")
    reported.sees(person(), times=3)
    assert reported.publisher.payloads("front/count/person/drive") == [b"1"]
    assert reported.publisher.payloads("front/count/person/lawn") == [b"0"]
    assert reported.publisher.payloads("front/count/person/pond") == []


def test_a_detection_tells_its_track_once_that_has_started_and_its_zones_always() -> None:
    reported = Reported(a_camera(zones=DRIVE))
    reported.sees(person(), times=3)
    entries = [json.loads(payload)["detections"][0] for payload in reported.publisher.payloads("front/detections")]
    assert [entry.get("track") for entry in entries] == [None, None, "front-0"]
    assert [entry["zones"] for entry in entries] == [["drive"]] * 3


@pytest.mark.parametrize("finite", [True, False])
def test_what_a_source_that_ends_shows_is_kept_for_a_broker_that_is_away_and_of_others_only_events(
    finite: bool,
) -> None:
    source = ScriptedSource()
    source.finite = finite
    reported = Reported(a_camera(source))
    reported.sees(person(), times=3)
    by_topic = {message.topic.rsplit("/", 1)[-1]: message for message in reported.publisher.messages}
    assert by_topic["detections"].keep is finite
    assert by_topic["events"].qos == 1
    assert by_topic["events"].qos == 1
    assert not by_topic["events"].retain


def test_a_change_is_sent_until_the_publisher_takes_it() -> None:
    reported = Reported(a_camera(publish="changes"), RecordingPublisher(iter([False, True, True])))
    reported.sees(person(), times=3)
    assert len(reported.publisher.payloads("front/detections")) == 2


@pytest.mark.parametrize(("publish", "sent"), [("nonempty", 3), ("all", 3), ("changes", 3), ("off", 0)])
def test_every_feature_vector_is_published_unless_publishing_is_off(publish: str, sent: int) -> None:
    reported = Reported(a_camera(publish=publish))
    for _ in range(3):
        reported.reporter.inferred(reported.frame(), Inference([], 0.01, np.array([0.25, -1.5])))
    payloads = reported.publisher.payloads("front/embedding")
    assert len(payloads) == len(reported.publisher.messages) == sent
    assert all(json.loads(payload)["vector"] == [0.25, -1.5] for payload in payloads)


def test_each_frame_names_the_model_that_looked_at_it_also_after_another_one_was_configured() -> None:
    camera = a_camera(publish="all")
    reported = Reported(camera)
    for name in ("birds", "cats"):
        camera.model = ModelSettings.model_validate({"path": f"/models/{name}.tflite"})
        reported.sees(times=2)
    models = [json.loads(payload)["model"] for payload in reported.publisher.payloads("front/detections")]
    assert models == ["birds", "birds", "cats", "cats"]


def test_a_picture_can_be_asked_for_where_the_model_gives_feature_vectors() -> None:
    camera = a_camera()
    reported = Reported(camera)
    camera.controls.snapshot_wanted = True
    for _ in range(2):
        reported.reporter.inferred(reported.frame(), Inference([], 0.01, np.array([0.25])))
    assert len(reported.publisher.payloads("front/snapshot")) == 1
    assert not camera.controls.snapshot_wanted


def test_the_motion_gate_is_told_how_long_what_is_there_needs_no_look() -> None:
    camera = a_camera()
    reported = Reported(camera)
    patience = []
    for found in ([], [person()], [person()], [person()], []):
        reported.sees(*found)
        patience.append(camera.controls.patience)
    assert patience == [math.inf, 0, 0, 1, 0]
    reported.reporter.leave(2000.0)
    assert camera.controls.patience == math.inf


def test_a_picture_follows_the_start_and_each_time_that_the_thing_is_seen_better() -> None:
    reported = Reported(a_camera())
    for score in (0.6, 0.6, 0.6, 0.62, 0.58, 0.7, 0.72, 0.9):
        reported.sees(person(score))
    pictures = [index for index, one in enumerate(reported.publisher.messages) if one.topic.endswith("/snapshot")]
    start = next(index for index, one in enumerate(reported.publisher.messages) if b'"start"' in one.payload)
    assert len(pictures) == 3  # at 0.6, 0.7 and 0.9
    assert pictures[0] > start
    message = reported.publisher.messages[pictures[0]]
    assert message.retain
    assert message.qos == 0
    image = cv2.imdecode(np.frombuffer(message.payload, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    assert image.shape == (90, 160, 3)


def test_one_picture_shows_all_that_came_at_once_but_each_its_own_when_they_are_cropped() -> None:
    for crop, pictures in ((False, 1), (True, 2)):
        reported = Reported(a_camera(snapshots={"crop": crop}))
        reported.sees(person(0.6), person(0.9, RIGHT), times=3)
        assert len(reported.publisher.payloads("front/snapshot")) == pictures, crop


def test_no_picture_is_ever_sent_when_snapshots_are_off() -> None:
    camera = a_camera(snapshots={"enabled": False})
    reported = Reported(camera)
    camera.controls.snapshot_wanted = True
    reported.sees(person(), times=5)
    reported.reporter.unlooked(reported.frame())
    assert reported.publisher.payloads("front/snapshot") == []
    assert reported.publisher.payloads("front/events")


def test_a_picture_that_is_asked_for_is_sent_once_whatever_is_there() -> None:
    camera = a_camera()
    reported = Reported(camera)
    camera.controls.snapshot_wanted = True
    reported.sees(times=3)
    assert len(reported.publisher.payloads("front/snapshot")) == 1


def test_a_picture_can_be_asked_for_while_detection_is_off() -> None:
    camera = a_camera()
    reported = Reported(camera)
    reported.reporter.unlooked(reported.frame())
    assert reported.publisher.messages == []
    camera.controls.snapshot_wanted = True
    reported.reporter.unlooked(reported.frame())
    reported.reporter.unlooked(reported.frame())
    assert len(reported.publisher.payloads("front/snapshot")) == 1


def test_what_is_there_ends_when_detection_is_switched_off() -> None:
    reported = Reported(a_camera())
    reported.sees(person(), times=3)
    reported.reporter.unlooked(reported.frame())
    assert [event["type"] for event in reported.events()] == ["start", "end"]
    assert reported.publisher.payloads("front/count/person")[-1] == b"0"


def test_a_picture_that_is_asked_for_while_the_camera_is_away_is_not_sent_hours_later() -> None:
    camera = a_camera()
    reported = Reported(camera)
    camera.controls.snapshot_wanted = True
    reported.reporter.no_picture(Moment(1.0, 1001.0))
    reported.sees(times=3)
    assert reported.publisher.payloads("front/snapshot") == []
