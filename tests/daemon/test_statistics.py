"""The figures of `P/stats`."""

from pathlib import Path

import pytest

from edgevision.daemon.health import cpu_temperature, resident_memory, throttled
from edgevision.daemon.statistics import StatsReporter
from edgevision.percentile import percentile
from tests.daemon.cameras import a_camera


def test_rates_are_those_since_the_last_report() -> None:
    camera = a_camera()
    reporter = StatsReporter({"front": camera}, started=100.0)
    camera.counters.captured, camera.counters.inferred, camera.counters.dropped = 50, 40, 10
    camera.counters.inference_ms.extend([1.0, 2.0, 3.0, 4.0])
    first = reporter.report(time=0, monotonic=105.0, depth=3, dropped=7, degraded=False)
    assert (first.uptime, first.outbox.depth, first.outbox.dropped) == (5.0, 3, 7)
    figures = first.cameras["front"]
    assert (figures.capture_fps, figures.inference_fps, figures.dropped_frames) == (10.0, 8.0, 10)
    assert (figures.inference_ms.p50, figures.inference_ms.p95) == (2.0, 4.0)

    camera.counters.captured += 4
    second = reporter.report(time=0, monotonic=107.0, depth=0, dropped=7, degraded=False).cameras["front"]
    assert (second.capture_fps, second.inference_fps) == (2.0, 0.0)
    assert second.inference_ms.p50 is None


@pytest.mark.parametrize(("fraction", "value"), [(0.5, 50), (0.95, 95), (0.0, 1), (1.0, 100)])
def test_percentiles_are_by_nearest_rank(fraction: float, value: int) -> None:
    assert percentile(range(100, 0, -1), fraction) == value


def test_the_machine_is_asked_in_its_own_terms(tmp_path: Path) -> None:
    zone, register = tmp_path / "temp", tmp_path / "get_throttled"
    assert cpu_temperature(zone) is None
    assert throttled(register) is None
    zone.write_text("48312\n")
    assert cpu_temperature(zone) == pytest.approx(48.312)
    for text, slowed in (("0\n", False), ("50005\n", True), ("50000\n", False), ("junk", None)):
        register.write_text(text)
        assert throttled(register) is slowed
    assert resident_memory() > 10_000_000
