"""The daemon: puts the threads together, watches over them, and stops them in order."""

import logging
import secrets
import threading
import time
from collections.abc import Sequence

import cv2

from edgevision import __version__
from edgevision.capture.picamera2 import CLOSING
from edgevision.capture.registry import make_source
from edgevision.config.loader import Config
from edgevision.daemon.announcer import Announcer
from edgevision.daemon.camera import Camera
from edgevision.daemon.capture_thread import CaptureThread
from edgevision.daemon.command_desk import CommandDesk
from edgevision.daemon.frame_queue import FrameQueue
from edgevision.daemon.inference_thread import InferenceThread
from edgevision.daemon.memory import Memory, RememberedCamera
from edgevision.daemon.models import ASSUMED, ModelInUse, model_name
from edgevision.daemon.reporter import Reporter
from edgevision.daemon.scene_rules import counted_labels, label_names, scene_rules
from edgevision.daemon.statistics import StatsReporter
from edgevision.daemon.stop_request import StopRequest
from edgevision.daemon.threads import SupervisedThread
from edgevision.inference.runtime import load_runtime
from edgevision.publish.client import Publisher
from edgevision.publish.device_payloads import stats_payload
from edgevision.publish.message import Message
from edgevision.publish.settings import broker_settings
from edgevision.publish.topics import Topics
from edgevision.scene.scene import Scene

log = logging.getLogger(__name__)

STOP_WITHIN = 5.0
"""Seconds from SIGTERM to the end."""

MOST_UNSENT = 100
"""Messages on their way to the broker beyond which a source that ends waits before its next frame."""

LOOK_AROUND = 0.05
"""Seconds between two looks of the main thread: whether all is done, something died, or somebody commands."""

LOOK_AROUND_IDLE = 1.0
"""The same where no source ends: nobody waits for us to be done, and whoever commands nudges us."""


class Daemon:
    """One run of edgevision, from `run()` to the end of all sources, a stop request, or a failure."""

    def __init__(self, config: Config, models: Sequence[ModelInUse], stop: StopRequest) -> None:
        settings = config.settings
        self._settings = settings
        self._models = models
        self._topics = Topics(settings.mqtt.topic_prefix, settings.device)
        self._publisher = Publisher(
            broker_settings(settings.mqtt, f"edgevision-{settings.device}"), self._topics.status
        )
        self._stop = stop
        self._stopping = threading.Event()
        self._dead: list[SupervisedThread] = []
        self._memory = Memory(settings.state_dir / f"mqtt-{settings.device}.json", time.monotonic)
        tasks = {name: in_use.model.info.task for in_use in models for name in in_use.cameras}
        self._cameras = {
            name: Camera(name, make_source(camera.source), camera, settings.model_for(name), tasks[name])
            for name, camera in settings.cameras.items()
        }
        self._reporters = {
            name: self._reporter(self._cameras[name], in_use) for in_use in models for name in in_use.cameras
        }
        queues = [FrameQueue() for _ in models]
        self._queues = {name: queue for in_use, queue in zip(models, queues, strict=True) for name in in_use.cameras}
        self._inference = [
            InferenceThread(in_use.model, {name: self._reporters[name] for name in in_use.cameras}, queue, self._died)
            for in_use, queue in zip(models, queues, strict=True)
        ]
        self._capture = [
            CaptureThread(camera, self._queues[name], self._stopping, self._wait_for_broker, self._died)
            for name, camera in self._cameras.items()
        ]
        discovery = settings.mqtt.discovery
        self._announcer = Announcer(
            models, self._reporters, self._topics, self._publisher, self._memory, discovery, settings.stats.interval
        )
        self._desk = CommandDesk(
            self._cameras,
            self._queues,
            self._topics,
            self._publisher,
            self._memory,
            discovery,
            self._announcer.born,
            stop.nudge,
        )

    def _reporter(self, camera: Camera, in_use: ModelInUse) -> Reporter:
        scene = Scene(scene_rules(camera.settings), lambda: f"{camera.name}-{secrets.token_hex(6)}")
        seen = self._memory.content.cameras.get(camera.name, RememberedCamera()).seen
        labels = counted_labels(camera.settings, label_names(in_use.model.info.labels), seen)
        return Reporter(camera, scene, self._topics, self._publisher, self._settings.mqtt.qos, labels)

    @property
    def hung(self) -> list[str]:
        """Names of the threads that did not end in time: stuck in a driver, beyond our reach."""
        ours = (*self._capture, *self._inference)
        closing = (thread for thread in threading.enumerate() if thread.name.startswith(CLOSING))
        stuck = [f"accelerator of {in_use.name}" for in_use in self._models if in_use.model.hung]
        return [*(thread.name for thread in (*ours, *closing) if thread.is_alive()), *stuck]

    def run(self) -> bool:
        """Run until every source has ended or `stop` is made; False when something died or was given up.

        Whatever happened, everything is stopped in order before it returns: sources, models, then the broker is told.
        """
        # Every camera has a thread of its own; OpenCV's would only wait for each other.
        cv2.setNumThreads(1)
        log.info("edgevision %s on %s: %s", __version__, load_runtime(), "; ".join(self._summary()))
        for in_use in self._models:
            if in_use.model.info.normalization_assumed:
                log.warning("%s: %s", in_use.name, ASSUMED)
        for reporter in self._reporters.values():
            reporter.start()
        self._desk.start()
        self._announcer.attend(time.monotonic())
        self._publisher.start()
        for thread in (*self._inference, *self._capture):
            thread.start()
        try:
            return self._watch_over()
        finally:
            self._shut_down(time.monotonic() + STOP_WITHIN)
            log.info("stopped")

    def _watch_over(self) -> bool:
        """Wait for the end and send the statistics meanwhile; False when something died or was given up."""
        started = time.monotonic()
        stats = StatsReporter(self._cameras, started)
        next_stats = started + self._settings.stats.interval
        patience = LOOK_AROUND if any(camera.source.finite for camera in self._cameras.values()) else LOOK_AROUND_IDLE
        while not (
            self._failed() or self._finished() or self._stop.wait(min(patience, max(next_stats - time.monotonic(), 0)))
        ):
            self._desk.attend()
            self._announcer.attend(time.monotonic())
            self._memory.store()
            if time.monotonic() >= next_stats:
                next_stats = time.monotonic() + self._settings.stats.interval
                self._send_stats(stats)
        self._send_stats(stats)
        given_up = any(camera.counters.given_up for camera in self._cameras.values())
        return not (self._failed() or given_up)

    def _died(self, thread: SupervisedThread) -> None:
        self._dead.append(thread)
        self._stop.nudge()

    def _finished(self) -> bool:
        """Whether every source has ended, every frame is worked on and every message has been sent."""
        ended = not any(thread.is_alive() for thread in self._capture)
        return ended and all(queue.idle() for queue in self._queues.values()) and not self._publisher.depth

    def _failed(self) -> bool:
        return bool(self._dead) or self._publisher.failure is not None

    def _send_stats(self, stats: StatsReporter) -> None:
        report = stats.report(
            time=time.time(),
            monotonic=time.monotonic(),
            depth=self._publisher.depth,
            dropped=self._publisher.dropped,
            degraded=self._degraded,
        )
        self._publisher.publish(Message(self._topics.stats, stats_payload(report)))

    @property
    def _degraded(self) -> bool:
        return any(in_use.model.state.degraded for in_use in self._models)

    def _wait_for_broker(self) -> None:
        """Return when messages can be sent and not too many are on their way, or at stop."""
        while not self._stopping.is_set():
            if self._publisher.connected.wait(LOOK_AROUND) and self._publisher.depth < MOST_UNSENT:
                return
            if self._publisher.connected.is_set():
                self._stopping.wait(LOOK_AROUND / 10)

    def _shut_down(self, deadline: float) -> None:
        self._stopping.set()
        for in_use in self._models:
            in_use.model.close()
        for queue in self._queues.values():
            queue.close()
        # A second is left for the broker, whatever hangs before.
        for thread in (*self._capture, *self._inference):
            thread.join(max(deadline - 1.5 - time.monotonic(), 0))
        self._leave_scenes()
        self._announcer.leave()
        self._memory.store(now=True)
        if self.hung:
            log.error("did not stop in time: %s", ", ".join(self.hung))
        if not self._publisher.stop(max(deadline - 0.3 - time.monotonic(), 0.5)):
            log.warning("ended before the broker had taken everything")

    def _leave_scenes(self) -> None:
        """End what is open, but where an inference thread hangs: its scene is still in its hands."""
        for thread in self._inference:
            if not thread.is_alive():
                for reporter in thread.reporters.values():
                    reporter.leave(time.time())

    def _summary(self) -> list[str]:
        return [
            f"{camera.name}: {camera.settings.source.type}, model {model_name(camera.model)}"
            for camera in self._cameras.values()
        ]
