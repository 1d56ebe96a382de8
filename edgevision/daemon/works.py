"""The works: all that turns frames into reports, and how it is changed while it runs."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from edgevision.capture.lores import View
from edgevision.capture.picamera2 import CLOSING
from edgevision.capture.registry import make_source
from edgevision.capture.source import DriverSource, Source
from edgevision.capture.transform import WHOLE
from edgevision.daemon.camera import Camera
from edgevision.daemon.capture_thread import CaptureThread
from edgevision.daemon.frame_queue import FrameQueue
from edgevision.daemon.inference_thread import InferenceThread
from edgevision.daemon.models import ModelInUse
from edgevision.daemon.prepared_frame import prepare
from edgevision.daemon.reporter import Reporter
from edgevision.daemon.threads import SupervisedThread
from edgevision.inference.preprocess import CENTRAL_FRACTION
from edgevision.record import record

if TYPE_CHECKING:
    from edgevision.config.model import ModelSettings
    from edgevision.config.schema import CameraSettings, Settings

log = logging.getLogger(__name__)

ERRANDS_WITHIN = 3.0
"""Seconds that the main thread waits for inference threads to take note of a change: each is at one frame."""


@record
class _Bench:
    """A model at work."""

    in_use: ModelInUse
    queue: FrameQueue
    thread: InferenceThread


@dataclass(slots=True)
class _Post:
    """A camera at work."""

    camera: Camera
    reporter: Reporter
    bench: _Bench
    capture: CaptureThread
    stop: threading.Event


@record
class Surroundings:
    """What the threads need of the daemon; `new_reporter` makes one for a camera that a model serves."""

    new_reporter: Callable[[Camera, ModelInUse], Reporter]
    wait_for_broker: Callable[[threading.Event], None]
    on_death: Callable[[SupervisedThread], None]
    nudge: Callable[[], None]
    wall: Callable[[], float]


class Works:
    """An inference thread a model, a capture thread and a reporter a camera. Belongs to the main thread.

    `cameras`, `reporters` and `queues`, by camera's name in the configuration's order, always show what is there now.
    """

    def __init__(self, surroundings: Surroundings) -> None:
        self.cameras: dict[str, Camera] = {}
        self.reporters: dict[str, Reporter] = {}
        self.queues: dict[str, FrameQueue] = {}
        self._around = surroundings
        self._benches: list[_Bench] = []
        self._posts: dict[str, _Post] = {}
        self._errands_until = 0.0
        self._left: list[tuple[SupervisedThread, DriverSource | None]] = []
        """Threads that nobody needs any more, while they live, and what they may hang in."""
        self._retired: list[ModelInUse] = []
        """Models that nobody needs any more, while an accelerator hangs in them."""

    def change(self, settings: Settings, models: Sequence[ModelInUse]) -> None:
        """Make it what `settings` say, with their `models`; what needn't change goes on undisturbed.

        A camera whose source or model has changed starts anew; one with other labels, zones or events goes on, but what
        is open before it ends; all else just holds from the next frame on.
        """
        self._errands_until = time.monotonic() + ERRANDS_WITHIN
        before, self._benches = self._benches, [self._bench(in_use) for in_use in models]
        bench_of = {name: bench for bench in self._benches for name in bench.in_use.cameras}
        dismissed = {
            name: post
            for name, post in self._posts.items()
            if name not in settings.cameras or not _fits(post, settings.cameras[name], bench_of[name])
        }
        for name, post in dismissed.items():
            self._dismiss(post)
            del self._posts[name]
        for name, camera in settings.cameras.items():
            model, bench = settings.model_for(name), bench_of[name]
            if name in self._posts:
                self._alter(self._posts[name], camera, model, bench)
            else:
                self._posts[name] = self._post(name, camera, model, bench, dismissed)
        kept = {id(bench.thread) for bench in self._benches}
        for bench in before:
            if id(bench.thread) not in kept:
                self._close(bench)
        self._show([self._posts[name] for name in settings.cameras])

    def attend(self) -> None:
        """Leave capture threads behind that hang, and let others do their work."""
        for post in self._posts.values():
            doing = post.capture.heartbeat.overdue() if post.capture.is_alive() else None
            if doing is not None and post.capture.abandon(doing):
                self._replace(post)
        for thread, source in self._left:
            if source is not None and thread.is_alive() and thread.heartbeat.overdue():
                source.abandon()  # or nobody else could have the camera
        self._left = [left for left in self._left if left[0].is_alive()]
        self._retired = [in_use for in_use in self._retired if in_use.model.hung]

    @property
    def stuck(self) -> list[str]:
        """Models that don't come back from a frame, or what tells of it, and for how long."""
        doings = [(bench.in_use.name, bench.thread.hangs()) for bench in self._benches]
        return [f"{name} ({doing})" for name, doing in doings if doing is not None]

    @property
    def finished(self) -> bool:
        """Whether every source has ended and every frame of them is worked on."""
        if any(post.capture.is_alive() for post in self._posts.values()):
            return False
        # In this order: what is taken from a queue is at work there until it is being reported.
        return all(bench.queue.idle() and not bench.thread.reporting for bench in self._benches)

    @property
    def tried(self) -> bool:
        """Whether each camera has given a frame, or failed to."""
        return all(camera.counters.tried for camera in self.cameras.values())

    @property
    def degraded(self) -> bool:
        """Whether some model runs on the CPU although it should not."""
        return any(bench.in_use.model.state.degraded for bench in self._benches)

    @property
    def hung(self) -> list[str]:
        """Names of the threads that run still: after stop(), they are stuck in a driver, beyond our reach."""
        closing = [thread for thread in threading.enumerate() if thread.name.startswith(CLOSING)]
        models = [*(bench.in_use for bench in self._benches), *self._retired]
        stuck = [f"accelerator of {in_use.name}" for in_use in models if in_use.model.hung]
        alive = [thread.held_up_by for thread in self._threads() if thread.is_alive()]
        return [*(thread.name for thread in (*alive, *closing)), *stuck]

    def stop(self, deadline: float) -> None:
        """End all threads; those that don't end before `deadline` (monotonic) are left behind.

        What is open ends, but where an inference thread hangs or has died, or the one that reports for it: their scenes
        are still in their hands, or half changed. That is left to the next start.
        """
        for post in self._posts.values():
            post.stop.set()
        for bench in self._benches:
            bench.in_use.model.close()
            bench.queue.close()
        for thread in self._threads():
            thread.join(max(deadline - time.monotonic(), 0))
        for post in self._posts.values():
            if post.bench.thread.done:
                post.reporter.leave(self._around.wall())

    def _threads(self) -> list[SupervisedThread]:
        captures = [post.capture for post in self._posts.values()]
        return [*captures, *(bench.thread for bench in self._benches), *(thread for thread, _ in self._left)]

    def _show(self, posts: Iterable[_Post]) -> None:
        # In place: others hold on to them.
        for shown in (self.cameras, self.reporters, self.queues):
            shown.clear()
        for post in posts:
            name = post.camera.name
            self.cameras[name], self.reporters[name], self.queues[name] = post.camera, post.reporter, post.bench.queue

    def _bench(self, in_use: ModelInUse) -> _Bench:
        for bench in self._benches:
            if bench.in_use.model is in_use.model:
                return _Bench(in_use, bench.queue, bench.thread)
        queue = FrameQueue()
        thread = InferenceThread(in_use.model, queue, self._around.on_death)
        thread.start()
        return _Bench(in_use, queue, thread)

    def _alter(self, post: _Post, settings: CameraSettings, model: ModelSettings, bench: _Bench) -> None:
        """Let new settings hold that its capture thread has nothing to do with."""
        camera, old = post.camera, post.reporter
        anew = _told_by(settings) != _told_by(camera.settings)
        post.bench, camera.settings, camera.model = bench, settings, model
        if anew:
            new = post.reporter = self._around.new_reporter(camera, bench.in_use)

            def change_over() -> None:
                old.leave(self._around.wall())
                bench.thread.reporters[camera.name] = new
                new.start()

            self._send(bench, change_over)

    def _post(
        self,
        name: str,
        settings: CameraSettings,
        model: ModelSettings,
        bench: _Bench,
        dismissed: Mapping[str, _Post],
    ) -> _Post:
        """A new post, for a camera that is new or has been `dismissed`."""
        before = dismissed[name].camera if name in dismissed else None
        camera = Camera(name, _source(settings, bench), settings, model, bench.in_use.model.info.task, before)
        camera.counters.stalled, camera.counters.given_up, camera.counters.ended = True, False, False
        reporter = self._around.new_reporter(camera, bench.in_use)

        stop = threading.Event()
        post = _Post(camera, reporter, bench, self._capture(camera, bench, stop), stop)

        def begin() -> None:
            if not stop.is_set():
                bench.thread.reporters[name] = post.reporter
                post.reporter.start()

        def make_way() -> None:
            # What those before have handed on is not to be reported as ours. (Here, for ours come right after this.)
            bench.queue.forget(name)
            bench.queue.send(begin)

        # What is to be opened may be what one of them has.
        post.capture.after = [
            thread for old in dismissed.values() for thread in (old.capture, *old.capture.after) if thread.is_alive()
        ]
        post.capture.begin = make_way
        post.capture.start()
        return post

    def _capture(self, camera: Camera, bench: _Bench, stop: threading.Event) -> CaptureThread:
        around = self._around
        return CaptureThread(
            camera,
            bench.queue,
            stop,
            lambda: around.wait_for_broker(stop),
            around.on_death,
            around.nudge,
            prepare=partial(prepare, bench.in_use.model.preparer()),
            wall=around.wall,
        )

    def _replace(self, post: _Post) -> None:
        """Let a new thread with a new source do what the old one has got stuck in."""
        self._left.append((post.capture, None))
        camera = post.camera
        camera.source = _source(camera.settings, post.bench)
        post.stop = threading.Event()
        post.capture = self._capture(camera, post.bench, post.stop)
        post.capture.start()

    def _dismiss(self, post: _Post) -> None:
        """End a camera's work: what is open before it ends, too."""
        post.stop.set()
        source = post.camera.source
        self._left.append((post.capture, source if isinstance(source, DriverSource) else None))
        name, reporters = post.camera.name, post.bench.thread.reporters

        def leave() -> None:
            post.reporter.leave(self._around.wall())
            reporters.pop(name, None)

        self._send(post.bench, leave)

    def _close(self, bench: _Bench) -> None:
        bench.queue.close()
        bench.in_use.model.close()
        self._left.append((bench.thread, None))
        self._retired.append(bench.in_use)

    def _send(self, bench: _Bench, errand: Callable[[], None]) -> None:
        """Let the inference thread do it, and wait until it is done; one that hangs is supervised elsewhere."""
        done = threading.Event()

        def do() -> None:
            errand()
            done.set()

        bench.queue.send(do)
        done.wait(self._errands_until - time.monotonic())


def _source(settings: CameraSettings, bench: _Bench) -> Source:
    """A new source for a camera, which is to give what the model takes."""
    info = bench.in_use.model.info
    share = CENTRAL_FRACTION if info.resize == "crop" else 1.0
    crop, letterbox = settings.crop or WHOLE, info.resize == "letterbox"
    view = View(info.input.width, info.input.height, share, crop, settings.rotate, letterbox)
    return make_source(settings.source, view)


def _fits(post: _Post, settings: CameraSettings, bench: _Bench) -> bool:
    """Whether its capture thread may go on."""
    return post.bench.thread is bench.thread and _seen_by(settings) == _seen_by(post.camera.settings)


def _seen_by(settings: CameraSettings) -> object:
    """What of a camera's settings its source, and what it hands on of it, depend on."""
    return settings.source, settings.rotate, settings.crop, settings.masks, settings.motion


def _told_by(settings: CameraSettings) -> object:
    """What of them the scene depends on besides."""
    return settings.labels, settings.zones, settings.events
