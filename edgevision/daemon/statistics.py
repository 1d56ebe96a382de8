"""Turning the cameras' counters into the figures of `P/stats`."""

from collections.abc import Mapping

from edgevision.daemon.camera import Camera
from edgevision.daemon.health import cpu_temperature, firmware_flags, resident_memory, throttled, under_voltage
from edgevision.percentile import percentile
from edgevision.publish.device_payloads import CameraStats, LatencyStats, OutboxStats, Stats
from edgevision.record import record


@record
class Snapshot:
    """A camera's counters at one moment."""

    monotonic: float
    captured: int
    inferred: int


class StatsReporter:
    """Rates between one report and the next."""

    def __init__(self, cameras: Mapping[str, Camera], started: float) -> None:
        """`cameras`: those that there are now, by name; `started` is the monotonic time at which the daemon began."""
        self._cameras = cameras
        self._started = started
        self._last: dict[str, Snapshot] = {}
        self._reported = started

    def report(
        self,
        *,
        time: float,
        monotonic: float,
        depth: int,
        dropped: int,
        messages_dropped: int,
        on_disk: bool,
        degraded: bool,
    ) -> Stats:
        """The figures since the last report; `depth` events wait to be acknowledged, `dropped` were lost, and
        `messages_dropped` others since the start.

        `on_disk`: events that wait are there. `degraded`: some model runs on the CPU although it should not.
        """
        flags = firmware_flags()
        cameras = {name: self._camera(camera, monotonic) for name, camera in self._cameras.items()}
        self._last = {name: last for name, last in self._last.items() if name in cameras}
        self._reported = monotonic
        return Stats(
            time=time,
            degraded=degraded,
            cameras=cameras,
            outbox=OutboxStats(depth, dropped, on_disk),
            dropped_messages=messages_dropped,
            cpu_temperature=cpu_temperature(),
            throttled=throttled(flags),
            under_voltage=under_voltage(flags),
            memory=resident_memory(),
            uptime=monotonic - self._started,
        )

    def _camera(self, camera: Camera, monotonic: float) -> CameraStats:
        counters = camera.counters
        last = self._last.get(camera.name, Snapshot(self._reported, 0, 0))  # a camera may come later
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
            fps_limit=camera.controls.fps_limit,
        )
