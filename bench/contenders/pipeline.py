"""edgevision's own threads in one process, from the source to the message, with nobody to send it to.

Its sources give frames from memory, every one of which counts: the pipeline is as fast as it can be. With `lores` they
are what a Pi camera gives, where the hardware makes the small picture; else what a USB camera or a video does.
"""

import json
import threading
import time
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import cv2
import numpy as np

from bench.frames import HEIGHT, WIDTH, load
from bench.turns import Stamp, Turn, resident, serve, steady
from edgevision.capture.frame import BgrImage, Picture, Yuv420
from edgevision.capture.lores import View, lores_size
from edgevision.capture.source import Wanted
from edgevision.capture.yuv import bgr_to_i420, i420
from edgevision.config.loader import load_config
from edgevision.config.sources import SourceSettings
from edgevision.daemon import works
from edgevision.daemon.camera import Camera
from edgevision.daemon.clock import Clock
from edgevision.daemon.models import ModelInUse, open_models
from edgevision.daemon.reporter import Reporter
from edgevision.daemon.scene_rules import scene_rules
from edgevision.publish.entry import Entry
from edgevision.publish.message import Message
from edgevision.publish.topics import Topics
from edgevision.scene.scene import Scene

STRIDE = 64
"""Bytes of which a row of lores is a multiple, on a Raspberry Pi 5."""

LATENCY = 5.0
"""Seconds within which the first message of every camera has to come."""


class MemorySource:
    """A ring of pictures, given while `running` is set."""

    live = False
    finite = False
    skipped = 0

    def __init__(self, pictures: Sequence[Picture], running: threading.Event) -> None:
        self._pictures = pictures
        self._running = running
        self._number = 0

    def open(self) -> None:
        """Nothing is to be opened."""

    def read(self, wanted: Wanted | None = None) -> Picture:
        """The next picture, at once."""
        self._running.wait()
        self._number += 1
        return self._pictures[self._number % len(self._pictures)]

    def close(self) -> None:
        """Nothing is to be closed."""


class CountingPublisher:
    """Takes messages and notes when each camera's detections came."""

    def __init__(self) -> None:
        self.connected = threading.Event()
        self.stamps: dict[str, list[Stamp]] = {}

    def publish(self, message: Message) -> bool:
        """Detections."""
        self.stamps.setdefault(message.topic, []).append(Stamp(time.perf_counter(), time.process_time()))
        return True

    def announce(self, message: Message) -> None:
        """States and pictures, which don't count."""

    def deliver(self, entry: Entry) -> None:
        """Events, which don't count."""


class Pipeline:
    """The threads of a daemon for the cameras of `settings`; they rest between turns."""

    def __init__(self, settings: dict[str, Any], folder: Path) -> None:
        self._running = threading.Event()
        self._publisher = CountingPublisher()
        cv2.setNumThreads(1)  # as the daemon does
        config = load_config(_configured(settings, folder))
        clock, topics = Clock(), Topics("edgevision", "bench")
        numbers = iter(range(1_000_000_000))

        def reporter(camera: Camera, in_use: ModelInUse) -> Reporter:
            scene = Scene(scene_rules(camera.settings), lambda: f"{camera.name}-{next(numbers):012x}")
            return Reporter(camera, scene, topics, self._publisher, 1, (), clock)  # type: ignore[arg-type]  # a part of it

        around = works.Surroundings(reporter, lambda stop: None, _died, lambda: None, clock.time)
        self._works = works.Works(around)
        folders = iter(settings["frames"])

        def source(_: SourceSettings, view: View) -> MemorySource:
            return MemorySource(_pictures(next(folders), view if settings["lores"] else None), self._running)

        with patch.object(works, "make_source", source):
            self._works.change(config.settings, open_models(config, measure_threads=False))
        self._go_on_until(lambda: len(self._publisher.stamps) == len(settings["frames"]))

    def turn(self, seconds: float) -> Turn:
        """Let it run that long, as fast as it can."""
        for stamps in self._publisher.stamps.values():
            stamps.clear()
        begun = time.perf_counter()
        self._running.set()
        time.sleep(seconds)
        ended = time.perf_counter()
        self._running.clear()
        each = [list(stamps) for stamps in self._publisher.stamps.values()]
        frames, span, cpu = steady(sorted(chain(*each)), begun, ended)
        return Turn(frames, span, cpu, resident("self"), each=[len(stamps) for stamps in each])

    def close(self) -> None:
        """End the threads."""
        self._running.set()
        self._works.stop(time.monotonic() + LATENCY)

    def _go_on_until(self, done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + LATENCY
        self._running.set()
        while not done():
            if time.monotonic() > deadline:
                raise SystemExit(f"the pipeline gave no detections within {LATENCY:g} s")
            time.sleep(0.001)
        self._running.clear()


def run(settings: dict[str, Any]) -> None:
    """The pipeline, from memory."""
    with TemporaryDirectory() as folder:
        pipeline = Pipeline(settings, Path(folder))
        try:
            serve(settings, pipeline.turn)
        finally:
            pipeline.close()


def _configured(settings: dict[str, Any], folder: Path) -> Path:
    path = folder / "edgevision.json"  # which is YAML, too
    source = {"type": "images", "path": settings["frames"][0]}
    content = {
        "device": "bench",
        "model": {"path": settings["model"], "labels": settings["labels"], "threads": settings["threads"]},
        "cameras": {f"camera{n}": {"source": source, "publish": "all"} for n in range(len(settings["frames"]))},
    }
    path.write_text(json.dumps(content))
    return path


def _pictures(folder: str, view: View | None) -> list[Picture]:
    """The frames, with a small picture that serves `view` if there is one."""
    return [Picture(image) if view is None else Picture(image, _lores(image, view)) for image in load(folder)]


def _lores(image: BgrImage, view: View) -> Yuv420 | None:
    size = lores_size((WIDTH, HEIGHT), view)
    if size is None:
        return None
    width, height = size
    small = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    planes = bgr_to_i420(small, -(-width // STRIDE) * STRIDE, full_range=True)
    return i420(planes, width, height, full_range=True)


def _died(thread: threading.Thread) -> None:
    raise SystemExit(f"the thread {thread.name!r} of the pipeline died")
