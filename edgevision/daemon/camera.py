"""One camera of the daemon: its settings and what has happened to it so far."""

import threading
from collections import deque
from dataclasses import dataclass, field

from edgevision.capture.source import Source
from edgevision.config.model import ModelSettings
from edgevision.config.schema import CameraSettings

KEPT_DURATIONS = 1000
"""Inference times kept for the percentiles: enough for p95, whatever the rate and the interval."""


@dataclass(slots=True)
class CameraCounters:
    """What the capture and inference threads count for one camera; guarded by `lock`."""

    captured: int = 0
    inferred: int = 0
    dropped: int = 0
    stalled: bool = True  # until the first frame
    given_up: bool = False
    inference_ms: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT_DURATIONS))
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera's name, source, settings (the model's with the camera's overrides applied) and counters."""

    name: str
    source: Source
    settings: CameraSettings
    model: ModelSettings
    counters: CameraCounters = field(default_factory=CameraCounters)
