"""The daemon: puts the threads together, watches over them, and stops them in order."""

import logging
import threading
import time
from collections.abc import Sequence

from edgevision import __version__
from edgevision.capture.picamera2 import CLOSING
from edgevision.capture.registry import make_source
from edgevision.config.loader import Config
from edgevision.daemon.camera import Camera
from edgevision.daemon.capture_thread import CaptureThread
from edgevision.daemon.frame_queue import FrameQueue
from edgevision.daemon.inference_thread import InferenceThread
from edgevision.daemon.models import ASSUMED, ModelInUse, model_name
from edgevision.daemon.statistics import StatsReporter
from edgevision.daemon.stop_request import StopRequest
from edgevision.daemon.threads import SupervisedThread
from edgevision.inference.accelerated import AcceleratorState
from edgevision.inference.runtime import load_runtime
from edgevision.publish.client import Publisher
from edgevision.publish.message import Message
from edgevision.publish.payloads import CameraInfo, Info, InputInfo, ModelInfo, info_payload, stats_payload
from edgevision.publish.settings import broker_settings
from edgevision.publish.topics import Topics

log = logging.getLogger(__name__)

STOP_WITHIN = 5.0
"""Seconds from SIGTERM to the end."""

MOST_UNSENT = 100
"""Messages on their way to the broker beyond which a source that ends waits before its next frame."""

LOOK_AROUND = 0.05
"""Seconds between two looks of the main thread: whether all is done, or something died."""


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
        self._told: list[AcceleratorState] = []
        self._stopping = threading.Event()
        self._dead: list[SupervisedThread] = []
        self._cameras = {
            name: Camera(name, make_source(camera.source), camera, settings.model_for(name))
            for name, camera in settings.cameras.items()
        }
        self._queues = [FrameQueue() for _ in models]
        self._inference = [
            InferenceThread(
                in_use.model,
                {name: self._cameras[name] for name in in_use.cameras},
                queue,
                self._publisher,
                self._topics,
                self._dead.append,
            )
            for in_use, queue in zip(models, self._queues, strict=True)
        ]
        self._capture = [
            CaptureThread(self._cameras[name], queue, self._stopping, self._wait_for_broker, self._dead.append)
            for in_use, queue in zip(models, self._queues, strict=True)
            for name in in_use.cameras
        ]

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
        log.info("edgevision %s on %s: %s", __version__, load_runtime(), "; ".join(self._summary()))
        for in_use in self._models:
            if in_use.model.info.normalization_assumed:
                log.warning("%s: %s", in_use.name, ASSUMED)
        self._tell_info()
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
        while not (self._failed() or self._finished() or self._stop.wait(LOOK_AROUND)):
            self._tell_info()
            if time.monotonic() >= next_stats:
                next_stats = time.monotonic() + self._settings.stats.interval
                self._send_stats(stats)
        self._send_stats(stats)
        given_up = any(camera.counters.given_up for camera in self._cameras.values())
        return not (self._failed() or given_up)

    def _finished(self) -> bool:
        """Whether every source has ended, every frame is worked on and every message has been sent."""
        ended = not any(thread.is_alive() for thread in self._capture)
        return ended and all(queue.idle() for queue in self._queues) and not self._publisher.depth

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

    def _tell_info(self) -> None:
        """Announce what runs here, at the start and whenever a model has changed its accelerator."""
        states = [in_use.model.state for in_use in self._models]
        if states != self._told:
            self._told = states
            self._publisher.announce(Message(self._topics.info, info_payload(self._info(states)), qos=1, retain=True))

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
        for queue in self._queues:
            queue.close()
        # A second is left for the broker, whatever hangs before.
        for thread in (*self._capture, *self._inference):
            thread.join(max(deadline - 1.5 - time.monotonic(), 0))
        if self.hung:
            log.error("did not stop in time: %s", ", ".join(self.hung))
        if not self._publisher.stop(max(deadline - 0.3 - time.monotonic(), 0.5)):
            log.warning("ended before the broker had taken everything")

    def _summary(self) -> list[str]:
        return [
            f"{camera.name}: {camera.settings.source.type}, model {model_name(camera.model)}"
            for camera in self._cameras.values()
        ]

    def _info(self, states: Sequence[AcceleratorState]) -> Info:
        models = []
        for in_use, state in zip(self._models, states, strict=True):
            info = in_use.model.info
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
        cameras = [
            CameraInfo(camera.name, camera.settings.source.type, model_name(camera.model))
            for camera in self._cameras.values()
        ]
        return Info(__version__, str(load_runtime()), any(model.degraded for model in models), models, cameras)
