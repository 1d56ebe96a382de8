"""Cameras as the daemon makes them, of a source that does as it is told."""

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np

from edgevision.capture.frame import Picture, Unwanted
from edgevision.capture.source import Wanted
from edgevision.config.model import ModelSettings
from edgevision.config.schema import CameraSettings
from edgevision.daemon.camera import Camera
from edgevision.daemon.clock import Clock
from edgevision.inference.detection import Detection
from edgevision.inference.model import Inference, Outputs

PICTURE = Picture(np.zeros((2, 2, 3), np.uint8))


class ScriptedSource:
    """Does what `script` says, a step a call of open() or read(): an exception is raised, anything else returned."""

    live = False
    finite = True
    skipped = 0

    def __init__(self, *script: Picture | Exception | str | None) -> None:
        self._script: Iterator[Picture | Exception | str | None] = iter(script)
        self.closed = 0

    def _step(self) -> Picture | Exception | str | None:
        step = next(self._script)
        if isinstance(step, Exception):
            raise step
        return step

    def open(self) -> None:
        self._step()

    def read(self, wanted: Wanted | None = None) -> Picture | Unwanted | None:
        step = self._step()
        assert step is None or isinstance(step, Picture)
        return step

    def close(self) -> None:
        self.closed += 1


class ScriptedDriver(ScriptedSource):
    """A camera with a driver, which hangs at the step "hang" until somebody lets go of it."""

    live, finite = True, False
    opens_within = reads_within = 0.05

    def __init__(self, *script: Picture | Exception | str | None) -> None:
        super().__init__(*script)
        self.hangs, self.go_on = threading.Event(), threading.Event()
        self.abandoned = 0

    def _step(self) -> Picture | Exception | str | None:
        step = super()._step()
        if step == "hang":
            self.hangs.set()
            assert self.go_on.wait(60)
            step = super()._step()
        return step

    def abandon(self) -> None:
        self.abandoned += 1


class Found(Outputs):
    """What a model finds that is told what to find; what it is asked for is noted in `asked`."""

    def __init__(self, detections: list[Detection], asked: list[tuple[float, int]] | None = None) -> None:
        self.seconds = 0.01
        self._found = Inference(detections, self.seconds)
        self._asked = asked if asked is not None else []

    def read(self, *, threshold: float, max_detections: int) -> Inference:
        self._asked.append((threshold, max_detections))
        return self._found


def a_clock() -> Clock:
    """A clock that is right, and that nobody sets."""
    return Clock(wall=lambda: 1_800_000_000.0, up=lambda: 1000.0, is_synchronized=lambda: True)


def a_camera(source: ScriptedSource | None = None, model: dict[str, float] | None = None, **settings: Any) -> Camera:
    """A camera `front` with `settings` as one writes them; its motion gate is off unless they say otherwise."""
    written = {"source": {"type": "v4l2"}, "motion": {"enabled": False}, **settings}
    return Camera(
        "front",
        source or ScriptedSource(),
        CameraSettings.model_validate(written),
        ModelSettings.model_validate(model or {}),
    )
