"""The retained states of the device on the broker: what is there, what isn't any more, what Home Assistant shows."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from edgevision import __version__
from edgevision.daemon.camera import Camera
from edgevision.daemon.clock import Clock
from edgevision.daemon.memory import Memory, RememberedCamera
from edgevision.daemon.models import ModelInUse, model_name
from edgevision.daemon.reporter import Reporter
from edgevision.daemon.scene_rules import counted_in_zones
from edgevision.inference.runtime import load_runtime
from edgevision.publish.client import Publisher
from edgevision.publish.device_payloads import (
    CameraInfo,
    ConfigurationInfo,
    Info,
    InputInfo,
    ModelInfo,
    info_payload,
)
from edgevision.publish.discovery import (
    DiscoveredCamera,
    burial,
    components,
    discovery_payload,
    discovery_topic,
    platforms,
)
from edgevision.publish.message import Message
from edgevision.publish.topics import Topics

DISCOVERED_EVERY = 1.0
"""Seconds at least between two announcements to Home Assistant, which drops what comes while it is busy."""


class Announcer:
    """Keeps the broker's picture of the device right; belongs to the main thread.

    What an earlier run left there and this one doesn't have any more, a camera, a label, is cleared away.
    """

    def __init__(
        self,
        reporters: Mapping[str, Reporter],
        topics: Topics,
        publisher: Publisher,
        memory: Memory,
        clock: Clock,
    ) -> None:
        """`reporters` by camera: those that there are now."""
        self.mistake: str | None = None
        """What is wrong with the configuration that was to be taken over."""
        self._reporters = reporters
        self._topics = topics
        self._publisher = publisher
        self._memory = memory
        self._clock = clock
        self._models: Sequence[ModelInUse] = ()
        self._discovery: str | None = None
        self._interval = 0.0
        self._info: Info | None = None
        self._labels: list[tuple[str, ...]] | None = None
        self._online: dict[str, bool] = {}
        self._connected = False
        self._undiscovered = True
        self._discover_after = float("-inf")

    def take_over(self, models: Sequence[ModelInUse], discovery: str | None, interval: float) -> None:
        """Something has changed in the configuration: `attend` compares all with what the broker has.

        `discovery` is Home Assistant's prefix, `interval` the seconds between statistics.
        """
        self._models, self._discovery, self._interval = models, discovery, interval
        self._labels = None
        self._online = {name: online for name, online in self._online.items() if name in self._reporters}

    def attend(self, monotonic: float) -> None:
        """Say what has changed since the last time; `monotonic` is the time."""
        info = self._current_info()
        if info != self._info:
            self._info = info
            self._announce(self._topics.info, info_payload(info))
        for name, reporter in self._reporters.items():
            counters = reporter.camera.counters
            self._tell_online(name, not (counters.stalled or counters.ended))
        labels = [reporter.labels for reporter in self._reporters.values()]
        if labels != self._labels:
            self._labels = labels
            self._clear_away()
            self._undiscovered = True
        if self._undiscovered and monotonic >= self._discover_after:
            self._undiscovered = False
            self._discover_after = monotonic + DISCOVERED_EVERY
            self._discover()
        if not self._connected and self._publisher.connected.is_set():
            self._connected = True
            self._remember(retained=tuple(self._retained()))
            self._bury()

    def leave(self) -> None:
        """No camera is looked at any more."""
        for name in self._reporters:
            self._tell_online(name, False)

    def withdraw(self) -> None:
        """Take back all that is retained but the device's status: another device comes in this one's place."""
        for topic in self._retained():
            if topic != self._topics.status:
                self._publisher.retract(topic)
        self._remember(retained=(self._topics.status,))

    def born(self) -> None:
        """Home Assistant has started: it is told again, and what it still knows of earlier days is buried."""
        self._undiscovered = True
        self._bury()
        self._remember(components=platforms(self._components()))

    def _bury(self) -> None:
        if self._discovery is None:
            return
        shown = self._components()
        gone = {key: told for key, told in self._memory.content.components.items() if key not in shown}
        for message in burial(self._discovery, self._topics, gone):
            self._publisher.publish(message)

    def _tell_online(self, camera: str, online: bool) -> None:
        if self._online.get(camera) != online:
            self._online[camera] = online
            self._announce(self._topics.camera_status(camera), b"online" if online else b"offline")

    def _clear_away(self) -> None:
        self._connected &= self._publisher.connected.is_set()
        retained, content = self._retained(), self._memory.content
        stale = sorted(set(content.retained) - set(retained))
        for topic in stale:
            self._publisher.retract(topic)
        cameras = {
            name: replace(content.cameras.get(name, RememberedCamera()), seen=tuple(reporter.labels))
            for name, reporter in self._reporters.items()
        }
        # Until there is a broker to hear it, they are remembered.
        self._remember(retained=(*retained, *(() if self._connected else stale)), cameras=cameras)

    def _retained(self) -> list[str]:
        """Every topic that may hold something of ours now."""
        topics = self._topics
        retained = [topics.status, topics.info]
        if self._discovery is not None:
            retained.append(discovery_topic(self._discovery, topics.device))
        for name, reporter in self._reporters.items():
            settings = reporter.camera.settings
            retained += [topics.camera_status(name), topics.detect(name), topics.threshold(name)]
            retained += [topics.snapshot(name)] * settings.snapshots.enabled
            retained += [topics.count(name, label) for label in reporter.labels]
            retained += [topics.count(name, label, zone) for zone, label in counted_in_zones(settings, reporter.labels)]
        return retained

    def _discover(self) -> None:
        if self._discovery is None:
            return
        shown = self._components()
        remembered = self._memory.content.components
        payload = discovery_payload(self._topics, shown, __version__, remembered)
        self._announce(discovery_topic(self._discovery, self._topics.device), payload)
        self._remember(components={**remembered, **platforms(shown)})

    def _components(self) -> dict[str, dict[str, object]]:
        return components(
            self._topics, [_discovered(reporter) for reporter in self._reporters.values()], self._interval
        )

    def _remember(self, **what: Any) -> None:
        self._memory.content = replace(self._memory.content, **what)

    def _announce(self, topic: str, payload: bytes) -> None:
        self._publisher.announce(Message(topic, payload, qos=1, retain=True))

    def _current_info(self) -> Info:
        models = []
        for in_use in self._models:
            info, state = in_use.model.info, in_use.model.state
            models.append(
                ModelInfo(
                    in_use.name,
                    info.sha256,
                    info.task,
                    InputInfo(info.input.width, info.input.height, info.input.channels, info.input.dtype),
                    accelerator=state.in_use,
                    degraded=state.degraded is not None,
                    reason=state.degraded,
                    labels=len(info.labels),
                )
            )
        cameras = [_camera_info(reporter.camera) for reporter in self._reporters.values()]
        degraded = any(model.degraded for model in models)
        configuration = ConfigurationInfo(self.mistake)
        return Info(__version__, str(load_runtime()), degraded, models, cameras, self._clock.state, configuration)


def _camera_info(camera: Camera) -> CameraInfo:
    return CameraInfo(camera.name, camera.settings.source.type, model_name(camera.model))


def _discovered(reporter: Reporter) -> DiscoveredCamera:
    settings = reporter.camera.settings
    in_zones = counted_in_zones(settings, reporter.labels)
    zones = {name: tuple(label for zone, label in in_zones if zone == name) for name in settings.zones}
    return DiscoveredCamera(reporter.camera.name, reporter.labels, zones, settings.snapshots.enabled)
