"""Telling the broker what one camera sees: detections, events, counts and pictures."""

from collections.abc import Mapping, Sequence

from edgevision.capture.frame import Frame
from edgevision.daemon.camera import Camera
from edgevision.daemon.clock import Clock
from edgevision.daemon.models import model_name
from edgevision.daemon.publish_gate import PublishGate
from edgevision.daemon.scene_rules import counted_in_zones
from edgevision.daemon.snapshot_picture import snapshot_jpeg
from edgevision.inference.detection import Box, Detection
from edgevision.inference.model import Inference
from edgevision.publish.client import Publisher
from edgevision.publish.entry import Entry
from edgevision.publish.message import Message
from edgevision.publish.payloads import InferredFrame, detections_payload, embedding_payload, event_payload
from edgevision.publish.topics import Topics
from edgevision.scene.event import Event, stamped
from edgevision.scene.moment import Moment
from edgevision.scene.scene import Scene
from edgevision.scene.seen import Look, Seen

BETTER = 0.05
"""By how much a score must be better than that of the picture sent before, for another one of the same thing."""


class Reporter:
    """Belongs to the camera's inference thread, and to its report thread while that is at a frame.

    When both have ended, it belongs to the main thread.
    """

    def __init__(
        self,
        camera: Camera,
        scene: Scene,
        topics: Topics,
        publisher: Publisher,
        qos: int,
        labels: Sequence[str],
        clock: Clock,
    ) -> None:
        """`labels` are counted from the beginning, others once they are seen; `qos` is that of events.

        Frames and moments have their `time` from `clock`.
        """
        self.labels = tuple(labels)
        """All that are counted. Any thread may read it."""
        self.qos = qos
        """Any thread may set it."""
        self.camera = camera
        self.scene = scene
        self._topics = topics
        self._detections_topic = topics.detections(camera.name)
        self._publisher = publisher
        self._clock = clock
        self._gate = PublishGate()
        self._scene_clock = 0.0
        self._counts: object = None
        self._model: object = None
        self._named = ""
        self._told: dict[str, int] = {}
        self._pictured: dict[str, float] = {}

    def start(self) -> None:
        """Nothing is there yet: say so, whatever a run before has left on the broker."""
        in_zones = counted_in_zones(self.camera.settings, self.labels)
        self._tell_counts(dict.fromkeys(self.labels, 0), dict.fromkeys(in_zones, 0))

    def inferred(self, frame: Frame, inference: Inference) -> None:
        """Report what the model found in `frame`; boxes are fractions of all of it."""
        if inference.vector is not None:
            if self.camera.settings.publish != "off":
                payload = embedding_payload(self._described(frame, inference), inference.vector.tolist())
                self._send(self._topics.embedding(self.camera.name), payload)
            self._send_wanted(frame)
            return
        look = self._look(inference.detections, Moment(frame.clock, frame.time))
        if self._gate.passes(self.camera.settings.publish, look.seen):
            payload = detections_payload(self._described(frame, inference), look.seen)
            if self._send(self._detections_topic, payload):
                self._gate.sent(look.seen)
        self._report(look)
        self._send_pictures(frame, look)

    def no_picture(self, moment: Moment) -> None:
        """The camera gives none: what was there may be gone, and one that is asked for can't be had."""
        self.camera.controls.snapshot_wanted = False
        self._report(self._look((), moment))

    def leave(self, time: float) -> None:
        """Nothing is looked at any more since `time` (seconds since 1970): everything that was there ends."""
        self._report(self.scene.leave(Moment(self._scene_clock, time)))

    def unlooked(self, frame: Frame) -> None:
        """Detection is switched off; only a picture may be wanted."""
        self.leave(frame.time)
        self._send_wanted(frame)

    def _send_wanted(self, frame: Frame, seen: Sequence[Seen] = ()) -> None:
        """Publish the picture that somebody has asked for."""
        if self.camera.controls.snapshot_wanted:
            self.camera.controls.snapshot_wanted = False
            self._send_picture(frame, seen)

    def _send_picture(self, frame: Frame, seen: Sequence[Seen] = (), about: Box | None = None) -> None:
        """Publish `frame` with what was seen drawn in, unless the configuration forbids pictures."""
        settings = self.camera.settings.snapshots
        if settings.enabled:
            jpeg = snapshot_jpeg(frame.image, seen, about, settings)
            self._publisher.announce(Message(self._topics.snapshot(self.camera.name), jpeg, retain=True))

    def _look(self, detections: Sequence[Detection], moment: Moment) -> Look:
        self._scene_clock = moment.clock
        return self.scene.look(detections, moment, self.camera.controls.threshold)

    def _report(self, look: Look) -> None:
        self.camera.controls.patience = self.scene.patience
        for event in look.events:
            self._deliver(event)
            if event.type == "end":
                self._pictured.pop(event.track, None)
        self._tell_counts(look.counts, look.zone_counts)

    def _deliver(self, event: Event) -> None:
        reckoning = self._clock.reckoning
        payload = event_payload(self._topics.device, self.camera.name, stamped(event, reckoning.shift))
        topic = self._topics.events(self.camera.name)
        # What is read from files is as right as its clock was; nobody waits for it to be told better.
        offset = None if reckoning.right or self.camera.source.finite else reckoning.offset
        self._publisher.deliver(Entry(topic, payload, self.qos, event.track, event.type == "end", offset))

    def _tell_counts(self, counts: Mapping[str, int], zone_counts: Mapping[tuple[str, str], int]) -> None:
        if self._counts == (counts, zone_counts):  # as after nearly every frame
            return
        self._counts = counts, zone_counts
        new = [label for label in counts if label not in self.labels]
        if new:
            self.labels = (*self.labels, *new)
            zone_counts = dict.fromkeys(counted_in_zones(self.camera.settings, new), 0) | dict(zone_counts)
        camera = self.camera.name
        by_topic = {self._topics.count(camera, label): count for label, count in counts.items()}
        by_topic |= {self._topics.count(camera, label, zone): count for (zone, label), count in zone_counts.items()}
        for topic, count in by_topic.items():
            if self._told.get(topic) != count:
                self._told[topic] = count
                self._publisher.announce(Message(topic, str(count).encode(), qos=1, retain=True))

    def _send_pictures(self, frame: Frame, look: Look) -> None:
        """Of what has just come, or is seen better than in its last picture; and what somebody asked for."""
        self._send_wanted(frame, look.seen)
        due = []
        for seen in look.seen:
            score = seen.detection.score
            if seen.track is not None and score >= self._pictured.get(seen.track, -BETTER) + BETTER:
                self._pictured[seen.track] = score
                due.append(seen.detection)
        if due and not self.camera.settings.snapshots.crop:
            due = due[:1]  # one picture shows them all
        for detection in reversed(due):  # the best last: it is the one that stays
            self._send_picture(frame, look.seen, detection.box)

    def _described(self, frame: Frame, inference: Inference) -> InferredFrame:
        return InferredFrame(
            device=self._topics.device,
            camera=frame.camera,
            model=self._model_name(),
            seq=frame.seq,
            time=self._clock.stamped(frame.time),
            width=frame.width,
            height=frame.height,
            source=frame.source,
            inference_ms=inference.seconds * 1000,
        )

    def _model_name(self) -> str:
        if self._model is not self.camera.model:  # taking it from the file's name takes longer than all the rest
            self._model = self.camera.model
            self._named = model_name(self._model)
        return self._named

    def _send(self, topic: str, payload: bytes) -> bool:
        # Every frame of a source that ends is to arrive: those few that find the broker away are kept for it.
        return self._publisher.publish(Message(topic, payload, keep=self.camera.source.finite))
