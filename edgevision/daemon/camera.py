"""One camera of the daemon: its settings, what has happened to it so far, and what was asked of it."""

from __future__ import annotations

import math
import threading
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from edgevision.capture.source import Source
from edgevision.daemon.recovery import Recovery, recovery_of

if TYPE_CHECKING:
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
    tried: bool = False
    """Whether a first frame has come, or a first try failed."""
    given_up: bool = False
    ended: bool = False
    inference_ms: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT_DURATIONS))
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(slots=True)
class CameraControls:
    """What subscribers may change while the daemon runs, and what the threads tell each other.

    Each is set by one thread and read by others, whole at a time: `detect`, `threshold` and `snapshot_wanted` by the
    main thread (the last is taken back by who reports), `patience` (the scene's) by who reports: the report thread
    while it is at a frame, else the inference thread. `leave_wanted` is set by the main thread when
    detection is switched off, also where it is on again before the next frame, and taken back by the inference thread.
    `fps_limit` is set by the main thread: at most so many frames a second are for the model, None: all.
    """

    threshold: float
    detect: bool = True
    snapshot_wanted: bool = False
    leave_wanted: bool = False
    patience: float = math.inf
    fps_limit: float | None = None


class Camera:
    """A camera's name, source, settings (the model's with the camera's overrides applied), counters and controls."""

    def __init__(
        self,
        name: str,
        source: Source,
        settings: CameraSettings,
        model: ModelSettings,
        task: str = "detect",
        before: Camera | None = None,
    ) -> None:
        """`task` is what its model does; `before`, if any, is the camera in whose place this one comes."""
        self.name = name
        self.source = source
        self.settings = settings
        self.model = model
        self.counters: CameraCounters = before.counters if before is not None else CameraCounters()
        self.controls: CameraControls = before.controls if before is not None else CameraControls(model.threshold)
        same_source = before is not None and before.settings.source == settings.source
        self.recovery: Recovery = before.recovery if before is not None and same_source else recovery_of(source)
        self.gated = settings.gated(task)
        """Whether the model rests while nothing moves."""
