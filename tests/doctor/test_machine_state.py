"""Clock, heat, disk, NumPy: what the machine is like."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from edgevision.daemon.clock import Clock
from edgevision.doctor.clock import look_at_clock
from edgevision.doctor.disk import look_at_disk
from edgevision.doctor.heat import Heat, heat_findings
from edgevision.doctor.machine import Machine
from edgevision.doctor.versions import look_at_versions, numpy_finding
from tests.doctor.cases import NOBODY, case, unconfigured

YEAR_2026 = 1_780_000_000.0


@pytest.mark.parametrize(
    ("wall", "up", "synchronized", "status"),
    [
        (YEAR_2026, 10.0, True, "ok"),
        (YEAR_2026, 1000.0, False, "warning"),
        (YEAR_2026, 10.0, False, "warning"),
        (0.0, 1000.0, False, "problem"),
    ],
)
def test_the_clock(tmp_path: Path, wall: float, up: float, synchronized: bool, status: str) -> None:
    clock = Clock(lambda: wall, lambda: up, lambda: synchronized, floor=YEAR_2026 - 1)
    (finding,) = look_at_clock(case(tmp_path), lambda: clock)
    assert finding.status == status
    assert ("timedatectl" in (finding.remedy or "")) == (status != "ok")


@pytest.mark.parametrize(
    ("heat", "statuses"),
    [
        (Heat(None, None, None), ["ok", "ok", "ok"]),
        (Heat(45.0, 0, False), ["ok", "ok", "ok"]),
        (Heat(77.0, 0x50000, False), ["warning", "warning", "warning"]),
        (Heat(84.0, 0x4, False), ["problem", "problem", "ok"]),
        (Heat(45.0, 0x50005, True), ["ok", "problem", "problem"]),
        (Heat(45.0, None, True), ["ok", "ok", "problem"]),
    ],
)
def test_heat_and_power_now_and_since_the_start(heat: Heat, statuses: list[str]) -> None:
    findings = heat_findings(heat)
    assert [finding.check for finding in findings] == ["temperature", "throttling", "power"]
    assert [finding.status for finding in findings] == statuses
    assert all(finding.remedy for finding in findings if finding.status != "ok")


def file_system(free: int, flags: int = 0, files: int = 100) -> Callable[[Path], os.statvfs_result]:
    return lambda _path: os.statvfs_result(
        (4096, 4096, 10**6, free // 4096, free // 4096, 1000, files, files, flags, 255)
    )


@pytest.mark.parametrize(
    ("free", "flags", "files", "status", "words"),
    [
        (10 * 1024**3, 0, 100, "ok", "10.0 GiB free"),
        (100 * 1024**2, 0, 100, "warning", "free"),
        (1024**2, 0, 100, "problem", "full"),
        (10 * 1024**3, 0, 0, "problem", "full"),
        (10 * 1024**3, os.ST_RDONLY, 100, "problem", "only be read"),
    ],
)
def test_the_disk(tmp_path: Path, free: int, flags: int, files: int, status: str, words: str) -> None:
    (finding,) = look_at_disk(case(tmp_path), file_system(free, flags, files))
    assert finding.status == status
    assert words in finding.text
    assert bool(finding.remedy) == (status != "ok")


def test_a_folder_that_the_user_may_not_write_to(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir(mode=0o700)
    (finding,) = look_at_disk(case(tmp_path, user=NOBODY))
    assert finding.status == "problem"
    assert f"install -d -o nobody -m 0750 {tmp_path}/state" in (finding.remedy or "")


def test_a_damaged_outbox_that_was_set_aside(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "outbox-test.sqlite3").write_bytes(b"x" * 2048)
    (tmp_path / "state" / "outbox-test.sqlite3.damaged-1").touch()
    room, damaged = look_at_disk(case(tmp_path))
    assert "outbox of 2 KiB" in room.text
    assert damaged.status == "warning"
    assert "outbox-test.sqlite3.damaged-1" in damaged.text


def put(folder: Path, *names: str) -> str:
    for name in names:
        (folder / name).mkdir(parents=True)
    return str(folder)


def test_a_numpy_of_pips_that_breaks_apts_modules(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    apt = put(machine.apt_packages, "numpy-1.24.2.egg-info", "simplejpeg-1.6.4.egg-info", "picamera2-0.3.31.egg-info")
    pip = put(tmp_path / "venv", "numpy-2.3.1.dist-info")
    broken = numpy_finding(machine, [pip, apt], pi_camera=True)
    assert broken.status == "problem"
    assert "NumPy 2.3.1" in broken.text
    assert "1.24.2" in broken.text
    assert broken.remedy == f"{sys.executable} -m pip uninstall numpy"
    assert numpy_finding(machine, [pip, apt], pi_camera=False).status == "warning"
    assert numpy_finding(machine, [apt], pi_camera=True).status == "ok"
    assert numpy_finding(machine, [pip], pi_camera=True).status == "ok"
    alike = put(tmp_path / "alike", "numpy-1.26.4.dist-info")
    assert numpy_finding(machine, [alike, apt], pi_camera=True).status == "ok"


def test_versions_of_what_runs_here(tmp_path: Path) -> None:
    (finding,) = look_at_versions(unconfigured(tmp_path))
    assert all(word in finding.text for word in ("edgevision", "OpenCV", "NumPy", "Python"))
