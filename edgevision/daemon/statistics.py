"""Turning the cameras' counters into the figures of `P/stats`."""

from collections.abc import Mapping
from dataclasses import dataclass

from edgevision.daemon.camera import Camera
from edgevision.daemon.health import cpu_temperature, resident_memory, throttled
from edgevision.percentile import percentile
from edgevision.publish.device_payloads import CameraStats, LatencyStats, OutboxStats, Stats


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A camera's counters at one moment."""

    monotonic: float
    captured: int
    inferred: int


class StatsReporter:
    """Rates between one report and the next."""

    def __init__(self, cameras: Mapping[str, Camera], started: float) -> None:
        """`started` is the monotonic time at which the daemon began."""
        self._cameras = cameras
        self._started = started
        self._last = {name: Snapshot(started, 0, 0) for name in cameras}

    def report(self, *, time: float, monotonic: float, depth: int, dropped: int, degraded: bool) -> Stats:
        """The figures since the last report; `depth` messages wait to be sent, `dropped` never were.

        `degraded`: some model runs on the CPU although it should not.
        """
        return Stats(
            time=time,
            degraded=degraded,
            cameras={name: self._camera(camera, monotonic) for name, camera in self._cameras.items()},
            outbox=OutboxStats(depth, dropped),
            cpu_temperature=cpu_temperature(),
            throttled=throttled(),
            memory=resident_memory(),
            uptime=monotonic - self._started,
        )

    def _camera(self, camera: Camera, monotonic: float) -> CameraStats:
        counters, last = camera.counters, self._last[camera.name]
        with counters.lock:
            now = Snapshot(monotonic, counters.captured, counters.inferred)
            durations = list(counters.inference_ms)
            counters.inference_ms.clear()
            dropped, stalled = counters.dropped, counters.stalled
        self._last[camera.name] = now
        seconds = max(now.monotonic - last.monotonic, 1e-9)
        return CameraStats(
            capture_fps=(now.captured - last.captured) / seconds,
            inference_fps=(now.inferred - last.inferred) / seconds,
            inference_ms=LatencyStats(percentile(durations, 0.5), percentile(durations, 0.95)),
            dropped_frames=dropped,
            skipped_pictures=camera.source.skipped,
            stalled=stalled,
        )
