"""The figures of `P/stats`."""

from collections.abc import Mapping

import pytest

from edgevision.daemon.camera import Camera
from edgevision.daemon.statistics import StatsReporter
from edgevision.percentile import percentile
from edgevision.publish.device_payloads import CameraStats, OutboxStats, Stats
from tests.daemon.cameras import a_camera


def report(reporter: StatsReporter, monotonic: float) -> Stats:
    return reporter.report(
        time=0, monotonic=monotonic, depth=3, dropped=7, messages_dropped=9, on_disk=True, degraded=False
    )


def reported(reporter: StatsReporter, monotonic: float) -> Mapping[str, CameraStats]:
    return report(reporter, monotonic).cameras


def test_rates_are_those_since_the_last_report() -> None:
    camera = a_camera()
    reporter = StatsReporter({"front": camera}, started=100.0)
    camera.counters.captured, camera.counters.inferred, camera.counters.dropped = 50, 40, 10
    camera.counters.inference_ms.extend([1.0, 2.0, 3.0, 4.0])
    first = report(reporter, 105.0)
    assert (first.uptime, first.outbox, first.dropped_messages) == (5.0, OutboxStats(3, 7, True), 9)
    figures = first.cameras["front"]
    assert (figures.capture_fps, figures.inference_fps, figures.dropped_frames) == (10.0, 8.0, 10)
    assert (figures.inference_ms.p50, figures.inference_ms.p95) == (2.0, 4.0)

    camera.counters.captured += 4
    second = reported(reporter, 107.0)["front"]
    assert (second.capture_fps, second.inference_fps) == (2.0, 0.0)
    assert second.inference_ms.p50 is None


def test_a_camera_that_comes_later_or_comes_again_has_its_rate_since_the_last_report() -> None:
    cameras: dict[str, Camera] = {}
    reporter = StatsReporter(cameras, started=0.0)
    reported(reporter, 1000.0)
    for now in (1010.0, 1030.0):
        cameras["front"] = a_camera()
        cameras["front"].counters.captured = 50
        assert reported(reporter, now)["front"].capture_fps == 5.0
        cameras.clear()
        reported(reporter, now + 10.0)


def test_the_limit_that_heat_has_set_is_told() -> None:
    camera = a_camera()
    reporter = StatsReporter({"front": camera}, started=0.0)
    assert reported(reporter, 10.0)["front"].fps_limit is None
    camera.controls.fps_limit = 4.0
    assert reported(reporter, 20.0)["front"].fps_limit == 4.0


@pytest.mark.parametrize(("fraction", "value"), [(0.5, 50), (0.95, 95), (0.0, 1), (1.0, 100)])
def test_percentiles_are_by_nearest_rank(fraction: float, value: int) -> None:
    assert percentile(range(100, 0, -1), fraction) == value
