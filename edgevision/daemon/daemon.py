"""The daemon: puts the parts together, watches over them, changes them with the configuration, stops them in order."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2

from edgevision import __version__
from edgevision.allocator import give_back_memory
from edgevision.config.config import Config
from edgevision.daemon.announcer import Announcer
from edgevision.daemon.broker_line import BrokerLine, broker_of, open_line
from edgevision.daemon.camera import Camera
from edgevision.daemon.clock import Clock
from edgevision.daemon.command_desk import CommandDesk
from edgevision.daemon.config_file import ConfigFile, Stamp, stamp
from edgevision.daemon.memory import Memory, RememberedCamera
from edgevision.daemon.models import ASSUMED, ModelInUse, known_models, model_name
from edgevision.daemon.notify import Notifier
from edgevision.daemon.reload import Loaded, Reloading
from edgevision.daemon.reporter import Reporter
from edgevision.daemon.scene_rules import counted_labels, label_names, scene_rules
from edgevision.daemon.statistics import StatsReporter
from edgevision.daemon.status_line import status_line
from edgevision.daemon.stop_request import StopRequest
from edgevision.daemon.thermal import Thermal
from edgevision.daemon.works import Surroundings, Works
from edgevision.errors import ConfigError
from edgevision.inference.runtime import load_runtime
from edgevision.log import configure_logging
from edgevision.publish.device_payloads import stats_payload
from edgevision.publish.message import Message
from edgevision.publish.topics import Topics
from edgevision.scene.scene import Scene

if TYPE_CHECKING:
    from edgevision.config.schema import Settings

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

    def __init__(
        self,
        config: Config,
        models: Sequence[ModelInUse],
        stop: StopRequest,
        notifier: Notifier | None = None,
        clock: Clock | None = None,
        file: ConfigFile | None = None,
        line: BrokerLine | None = None,
    ) -> None:
        """`models` are those of `config`, opened; `notifier` tells systemd, where there is one.

        `file` is what `config` was read from, looked at before it was read: what has changed since then is noticed.
        `line` is one that is open already; without it one is opened now. Either way `run` closes it.
        Raises ConfigError for TLS files that can't be used.
        """
        self.successor: Config | None = None
        """A configuration that wants another daemon: `run` has ended for it."""
        settings = config.settings
        self._settings = settings
        self._models = models
        self._tls_files = _tls_files(settings)
        self._stop = stop
        self._notifier = notifier or Notifier({})
        self._clock = clock or Clock()
        self._topics = Topics(settings.mqtt.topic_prefix, settings.device)
        line = line or open_line(settings)
        self._outbox, self._publisher = line.outbox, line.publisher
        self._memory = Memory(settings.state_dir / f"mqtt-{settings.device}.json", time.monotonic)
        self._dead: list[threading.Thread] = []
        self._ready = False
        self._inferred_before: dict[str, int] = {}
        """How many frames each camera had when the models were changed; empty once each model has run."""
        self._alive_said = float("-inf")
        self._stuck_said = False
        self._file = file or ConfigFile(config.path)
        self._path = config.path
        self._reloading: Reloading | None = None
        self._works = Works(
            Surroundings(self._reporter, self._wait_for_broker, self._died, stop.nudge, self._clock.time)
        )
        self._stats = StatsReporter(self._works.cameras, time.monotonic())
        self._thermal = Thermal(self._works.cameras)
        self._announcer = Announcer(self._works.reporters, self._topics, self._publisher, self._memory, self._clock)
        self._desk = CommandDesk(
            self._works.cameras,
            self._works.queues,
            self._topics,
            self._publisher,
            self._memory,
            self._announcer.born,
            stop.nudge,
            self._clock.time,
        )

    def _reporter(self, camera: Camera, in_use: ModelInUse) -> Reporter:
        self._desk.restore(camera)
        scene = Scene(scene_rules(camera.settings), lambda: f"{camera.name}-{os.urandom(6).hex()}")
        seen = self._memory.content.cameras.get(camera.name, RememberedCamera()).seen
        labels = counted_labels(camera.settings, label_names(in_use.model.info.labels), seen)
        return Reporter(camera, scene, self._topics, self._publisher, self._settings.mqtt.qos, labels, self._clock)

    @property
    def hung(self) -> list[str]:
        """Names of the threads that did not end in time: stuck in a driver, beyond our reach."""
        return self._works.hung

    @property
    def reading(self) -> bool:
        """Whether the configuration is being read again, its models opened, which nothing can interrupt."""
        return self._reloading is not None and self._reloading.result is None

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
        hook, threading.excepthook = threading.excepthook, self._crashed
        try:
            self._settle_in()
            self._publisher.speak()
            return self._watch_over()
        finally:
            self._shut_down(time.monotonic() + STOP_WITHIN)
            threading.excepthook = hook
            log.info("stopped")

    def _settle_in(self) -> None:
        """Let everything be as the configuration has it."""
        settings = self._settings
        self._works.change(settings, self._models)
        self._inferred_before = {name: one.counters.inferred for name, one in self._works.cameras.items()}
        for reporter in self._works.reporters.values():
            reporter.qos = settings.mqtt.qos
        for camera in self._works.cameras.values():
            self._desk.restore(camera)
        self._desk.attend_to(settings.mqtt.discovery)
        self._announcer.take_over(self._models, settings.mqtt.discovery, settings.stats.interval)
        self._announcer.attend(time.monotonic())

    def _watch_over(self) -> bool:
        """Wait for the end and send the statistics meanwhile; False when something died or was given up."""
        next_stats = time.monotonic() + self._settings.stats.interval
        while not (self._failed() or self._finished() or self.successor is not None):
            if self._stop.wait(min(self._patience, max(next_stats - time.monotonic(), 0))):
                break
            now = time.monotonic()
            self._clock.look()
            if self._clock.right:
                self._outbox.clock_is_right(self._clock.offset)
            self._works.attend()
            self._thermal.attend(self._settings.thermal.max, now)
            self._desk.attend()
            self._attend_reload(now)
            self._announcer.attend(now)
            self._memory.store()
            self._prove_models()
            self._tell_systemd(now)
            if now >= next_stats:
                next_stats = now + self._settings.stats.interval
                self._send_stats()
                give_back_memory()
            next_stats = min(next_stats, now + self._settings.stats.interval)  # it may have become shorter
        self._send_stats()
        given_up = any(camera.counters.given_up for camera in self._works.cameras.values())
        return not (self._failed() or given_up)

    @property
    def _patience(self) -> float:
        finite = any(camera.source.finite for camera in self._works.cameras.values())
        return LOOK_AROUND if finite else LOOK_AROUND_IDLE

    def _prove_models(self) -> None:
        """Have the next start believe in the models, once each has run here."""
        before, cameras = self._inferred_before, self._works.cameras
        if before and all(
            any(cameras[name].counters.inferred > before[name] for name in in_use.cameras) for in_use in self._models
        ):
            self._inferred_before = {}
            known_models(self._settings).prove()

    def _tell_systemd(self, now: float) -> None:
        """Say that the start is done, once it is, and that work goes on, while it does."""
        if not self._ready and self._works.tried:
            self._ready = True
            self._notifier.ready()
            give_back_memory()  # of the start
        if stuck := self._works.stuck:
            if not self._stuck_said:
                self._stuck_said = True
                log.error("a model hangs: %s", ", ".join(stuck))
        elif self._notifier.watchdog is not None and now - self._alive_said >= self._notifier.watchdog / 4:
            self._alive_said = now
            self._notifier.alive()

    def _attend_reload(self, now: float) -> None:
        if self._reloading is None:
            if self._stop.take_reload() or self._file.changed(now):
                self._file.note()
                if self._ready:
                    self._notifier.reloading()
                self._reloading = Reloading(self._path, self._models, self._stop.nudge)
        elif self._reloading.result is not None:
            result, self._reloading = self._reloading.result, None
            mistake = str(result) if isinstance(result, ConfigError) else self._take_over(result)
            if mistake is not None:
                log.error("the configuration can't be used, the one before goes on:\n%s", mistake)
            self._announcer.mistake = mistake
            if self._ready and self.successor is None:
                self._notifier.ready()

    def _take_over(self, loaded: Loaded) -> str | None:
        """Let the new configuration hold, only what it changes starts anew; or say what is wrong with it."""
        old, new = self._settings, loaded.config.settings
        tls_files = _tls_files(new)
        if (old.device, old.mqtt.topic_prefix, old.state_dir) != (new.device, new.mqtt.topic_prefix, new.state_dir):
            log.info("the configuration has another device, topic_prefix or state_dir: all starts anew")
            self.successor = loaded.config
            known_models(new).prove()  # that they open
            for one in loaded.models:  # it opens its own, once ours are gone
                one.model.close()
            return None
        same_models = [one.origin for one in self._models] == [one.origin for one in loaded.models]
        if old == new and same_models and tls_files == self._tls_files:
            log.info("the configuration was read again: nothing has changed")
            return None
        if broker_of(old) != broker_of(new) or tls_files != self._tls_files:
            try:
                self._publisher.reconnect(broker_of(new))
            except ConfigError as error:  # files for TLS, which have changed since they were tried
                return str(error)
        if old.log != new.log:
            configure_logging(new.log.level, new.log.format)
        self._settings, self._models, self._tls_files = new, loaded.models, tls_files
        self._settle_in()
        log.info("the configuration was read again: %s", "; ".join(self._summary()))
        return None

    def _died(self, thread: threading.Thread) -> None:
        self._dead.append(thread)
        self._stop.nudge()

    def _crashed(self, crash: threading.ExceptHookArgs) -> None:
        """A thread that nobody supervises, such as one that waits for an accelerator, has died of a mistake of ours."""
        if issubclass(crash.exc_type, SystemExit):
            return
        thread = crash.thread or threading.current_thread()
        kind, error = crash.exc_type, crash.exc_value or crash.exc_type()
        log.error("%s died", thread.name, exc_info=(kind, error, crash.exc_traceback))
        self._died(thread)

    def _finished(self) -> bool:
        """Whether every source has ended, every frame is worked on and every message has been sent."""
        return self._works.finished and not self._publisher.depth

    def _failed(self) -> bool:
        """Whether something is beyond mending in this process."""
        if self._dead or self._publisher.failure is not None:
            return True
        # With a watchdog, the end of a model that hangs is systemd's business: it shows where each thread is.
        if self._stuck_said and self._notifier.watchdog is None:
            return True
        return any(camera.counters.given_up and camera.source.live for camera in self._works.cameras.values())

    def _send_stats(self) -> None:
        lost = self._outbox.dropped
        report = self._stats.report(
            time=self._clock.stamped(self._clock.time()),
            monotonic=time.monotonic(),
            depth=self._outbox.depth,
            dropped=lost,
            messages_dropped=self._publisher.dropped - lost,
            on_disk=self._outbox.on_disk,
            degraded=self._works.degraded,
        )
        self._publisher.publish(Message(self._topics.stats, stats_payload(report)))
        self._notifier.status(status_line(report, connected=self._publisher.connected.is_set()))

    def _wait_for_broker(self, stop: threading.Event) -> None:
        """Return when messages can be sent and not too many are on their way, or at `stop`."""
        while not stop.is_set():
            if self._publisher.connected.wait(LOOK_AROUND) and self._publisher.depth < MOST_UNSENT:
                return
            if self._publisher.connected.is_set():
                stop.wait(LOOK_AROUND / 10)

    def _shut_down(self, deadline: float) -> None:
        self._notifier.stopping() if self.successor is None else self._notifier.reloading()
        # A second is left for the broker, whatever hangs before.
        self._works.stop(deadline - 1.5)
        self._announcer.leave()
        if self.successor is not None:
            self._announcer.withdraw()
        self._memory.store(now=True)
        if self.hung:
            log.error("did not stop in time: %s", ", ".join(self.hung))
        elif not (self._failed() or self.reading):
            known_models(self._settings).prove()  # one that has not run has had nothing to do
        if not self._publisher.stop(max(deadline - 0.3 - time.monotonic(), 0.5)):
            log.warning("ended before the broker had taken everything")

    def _summary(self) -> list[str]:
        return [
            f"{name}: {camera.source.type}, model {model_name(self._settings.model_for(name))}"
            for name, camera in self._settings.cameras.items()
        ]


def _tls_files(settings: Settings) -> list[Stamp]:
    """The states of the files for TLS: a certificate is renewed under its old name."""
    tls = settings.mqtt.tls
    return [stamp(path) for path in (tls.ca, tls.cert, tls.key) if path is not None] if tls is not None else []
