"""Where commands that come by MQTT are carried out: on the main thread, and nothing but those few that there are."""

import logging
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from edgevision.daemon.camera import Camera
from edgevision.daemon.frame_queue import FrameQueue, NoPicture
from edgevision.daemon.memory import Memory, RememberedCamera, RememberedThreshold
from edgevision.publish.client import Publisher
from edgevision.publish.commands import (
    HomeAssistantBorn,
    Refused,
    SetThreshold,
    SwitchDetection,
    TakeSnapshot,
    birth_topic,
    command_topics,
    parse,
)
from edgevision.publish.message import Message
from edgevision.publish.topics import Topics
from edgevision.scene.moment import Moment

log = logging.getLogger(__name__)

MOST_WAITING = 1000
"""Commands that wait to be carried out; of more in a moment the newest are."""


class CommandDesk:
    """Belongs to the main thread; only what arrives is put down by the publisher's."""

    def __init__(
        self,
        cameras: Mapping[str, Camera],
        queues: Mapping[str, FrameQueue],
        topics: Topics,
        publisher: Publisher,
        memory: Memory,
        on_birth: Callable[[], None],
        on_arrival: Callable[[], None],
        wall: Callable[[], float],
    ) -> None:
        """`cameras` and `queues` by name: those that there are now.

        `on_birth` is called when Home Assistant has started; `on_arrival`, in the publisher's thread, when there is
        something to attend to. `wall` is the frames' clock.
        """
        self._cameras = cameras
        self._queues = queues
        self._topics = topics
        self._publisher = publisher
        self._memory = memory
        self._discovery: str | None = None
        """Home Assistant's prefix."""
        self._heard: list[str] = []
        self._on_birth = on_birth
        self._on_arrival = on_arrival
        self._wall = wall
        self._inbox: deque[tuple[str, bytes]] = deque(maxlen=MOST_WAITING)
        self._refused: set[str] = set()

    def attend_to(self, discovery: str | None) -> None:
        """Listen to commands for the cameras that there are now, and to Home Assistant, and say what holds."""
        commands = command_topics(self._topics, self._cameras)
        births = [] if discovery is None else [birth_topic(discovery)]
        self._publisher.listen(commands, self._take)
        self._publisher.listen(births, self._take, retained=True)
        self._publisher.unlisten([topic for topic in self._heard if topic not in (*commands, *births)])
        self._heard = [*commands, *births]
        self._discovery = discovery
        for camera in self._cameras.values():
            self._tell_detect(camera)
            self._tell_threshold(camera)

    def restore(self, camera: Camera) -> None:
        """Set what was set in an earlier run, but for a threshold that the configuration has changed since."""
        remembered = self._memory.content.cameras.get(camera.name, RememberedCamera())
        threshold, configured = remembered.threshold, camera.model.threshold
        kept = threshold is not None and threshold.configured == configured
        camera.controls.threshold = threshold.value if threshold is not None and kept else configured
        if threshold is not None and not kept:  # nor does it come back with the configuration's former one
            self._note(camera.name, threshold=None)
        was_on, camera.controls.detect = camera.controls.detect, remembered.detect
        if was_on and not remembered.detect:
            topic = self._topics.detect_set(camera.name)
            log.warning("camera %s: detection is OFF, as was set on %s; ON there switches it on", camera.name, topic)

    def attend(self) -> None:
        """Carry out what has come so far: whoever never ceases to command keeps nobody from anything else."""
        for _ in range(len(self._inbox)):
            topic, payload = self._inbox.popleft()
            match parse(topic, payload, self._topics, self._cameras, self._discovery):
                case SwitchDetection(name, on):
                    self._switch(self._cameras[name], on)
                case SetThreshold(name, value):
                    self._set_threshold(self._cameras[name], value)
                case TakeSnapshot(name):
                    self._take_snapshot(self._cameras[name])
                case HomeAssistantBorn():
                    self._on_birth()
                case Refused(reason):
                    self._refuse(topic, reason)
        if self._inbox:  # what has come meanwhile has told nobody
            self._on_arrival()

    def _take(self, topic: str, payload: bytes) -> None:
        """Put a message on the pile, in the publisher's thread."""
        self._inbox.append((topic, payload))
        if len(self._inbox) == 1:
            self._on_arrival()

    def _switch(self, camera: Camera, on: bool) -> None:
        if on != camera.controls.detect:
            log.info("camera %s: detection switched %s by MQTT", camera.name, "ON" if on else "OFF")
        camera.controls.detect = on
        if not on:
            # The camera may give no frame for a while; what is open ends now.
            camera.controls.leave_wanted = True
            moment = Moment(time.monotonic(), self._wall())
            self._queues[camera.name].wake(NoPicture(camera.name, moment, over=True))
        self._remember(camera)
        self._tell_detect(camera)

    def _set_threshold(self, camera: Camera, value: float) -> None:
        if value != camera.controls.threshold:
            log.info("camera %s: threshold set to %.2f by MQTT", camera.name, value)
        camera.controls.threshold = value
        self._remember(camera)
        self._tell_threshold(camera)

    def _take_snapshot(self, camera: Camera) -> None:
        if camera.settings.snapshots.enabled:
            camera.controls.snapshot_wanted = True
        else:
            self._refuse(
                self._topics.snapshot_set(camera.name),
                "no picture is sent, for snapshots are switched off in the configuration",
            )

    def _remember(self, camera: Camera) -> None:
        """On the disk before it is answered, unless there are very many of them or the disk can't be written."""
        controls, configured = camera.controls, camera.model.threshold
        threshold = RememberedThreshold(value=controls.threshold, configured=configured)
        kept = threshold if controls.threshold != configured else None
        self._note(camera.name, detect=controls.detect, threshold=kept)
        self._memory.store()

    def _note(self, camera: str, **what: Any) -> None:
        content = self._memory.content
        new = replace(content.cameras.get(camera, RememberedCamera()), **what)
        self._memory.content = replace(content, cameras={**content.cameras, camera: new})

    def _tell_detect(self, camera: Camera) -> None:
        state = b"ON" if camera.controls.detect else b"OFF"
        self._publisher.announce(Message(self._topics.detect(camera.name), state, qos=1, retain=True))

    def _tell_threshold(self, camera: Camera) -> None:
        state = f"{camera.controls.threshold:.2f}".encode()
        self._publisher.announce(Message(self._topics.threshold(camera.name), state, qos=1, retain=True))

    def _refuse(self, topic: str, reason: str) -> None:
        if topic not in self._refused:
            self._refused.add(topic)
            log.warning("%s: %s (said once)", topic, reason)
