"""The machine is asked in its own terms, and what it doesn't tell is None."""

from pathlib import Path

import pytest

from edgevision.daemon.health import (
    FIRMWARE_ANSWERS_WITHIN,
    cpu_temperature,
    firmware_flags,
    resident_memory,
    throttled,
    under_voltage,
)


def zone(folder: Path, number: int, kind: str, temp: str) -> None:
    written(folder / f"thermal_zone{number}" / "type", f"{kind}\n")
    written(folder / f"thermal_zone{number}" / "temp", temp)


def written(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def vcgencmd(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts a program of that name first on the path."""
    written(folder / "vcgencmd", f"#!/bin/sh\n{script}\n")
    (folder / "vcgencmd").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")


@pytest.mark.parametrize(
    ("zones", "degrees"),
    [
        ([], None),
        ([("cpu-thermal", "48312\n")], 48.312),
        ([("iwlwifi_1", "60000\n"), ("acpitz", "27800\n"), ("x86_pkg_temp", "71000\n")], 71.0),
        ([("acpitz", "27800\n"), ("BAT0", "31000\n")], 27.8),
        ([("gpu-thermal", "90000\n"), ("soc-thermal", "50000\n")], 50.0),
        ([("cpu0-thermal", "50000\n"), ("cpu1-thermal", "53000\n"), ("soc-thermal", "70000\n")], 53.0),
        ([("iwlwifi_1", "60000\n")], None),
        ([("cpu-thermal", "-3500\n")], -3.5),
        ([("cpu-thermal", "")], None),
        ([("cpu-thermal", "warm\n")], None),
        ([("cpu-thermal", "--5\n"), ("soc-thermal", "50000\n")], 50.0),
        ([("cpu-thermal", "²\n")], None),
    ],
)
def test_the_temperature_is_the_processors(zones: list[tuple[str, str]], degrees: float | None, tmp_path: Path) -> None:
    for number, (kind, temp) in enumerate(zones):
        zone(tmp_path, number, kind, temp)
    assert cpu_temperature(tmp_path) == degrees


@pytest.mark.parametrize("place", ["soc/soc:firmware", "soc@107c000000/soc@107c000000:firmware"])
@pytest.mark.parametrize(
    ("text", "slowed", "weak"),
    [
        ("0\n", False, False),
        ("50005\n", True, True),
        ("50000\n", False, False),
        ("8\n", True, False),
        ("junk", None, None),
    ],
)
def test_a_pi_tells_what_slows_it(
    place: str, text: str, slowed: bool | None, weak: bool | None, tmp_path: Path
) -> None:
    written(tmp_path / place / "get_throttled", text)
    flags = firmware_flags(tmp_path)
    assert throttled(flags) is slowed
    assert under_voltage(flags, tmp_path) is weak


@pytest.mark.parametrize(
    ("script", "flags"),
    [
        ("echo throttled=0x50005", 0x50005),
        ("echo throttled=0x0", 0),
        ("echo throttled=", None),
        ("echo VCHI initialization failed; exit 1", None),
        ("echo throttled=0x1; kill -9 $$", None),
        ("printf '\\377\\376'", None),
    ],
)
def test_where_the_kernel_does_not_tell_the_firmware_is_asked(
    script: str, flags: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vcgencmd(tmp_path / "bin", script, monkeypatch)
    assert firmware_flags(tmp_path) == flags


def test_a_program_that_does_not_answer_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert FIRMWARE_ANSWERS_WITHIN < 5  # the main thread waits
    monkeypatch.setattr("edgevision.daemon.health.FIRMWARE_ANSWERS_WITHIN", 0.1)
    vcgencmd(tmp_path / "bin", "exec sleep 60", monkeypatch)
    assert firmware_flags(tmp_path) is None


def test_a_program_that_can_not_be_started_is_no_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vcgencmd(tmp_path / "bin", "", monkeypatch)
    (tmp_path / "bin" / "vcgencmd").write_text("#!/no/such/interpreter\n")
    assert firmware_flags(tmp_path) is None


@pytest.mark.parametrize(
    ("name", "alarm", "weak"), [("rpi_volt", "1\n", True), ("rpi_volt", "0\n", False), ("nvme", "1\n", None)]
)
def test_the_voltage_is_known_from_its_driver_too(name: str, alarm: str, weak: bool | None, tmp_path: Path) -> None:
    written(tmp_path / "hwmon0" / "name", "cpu_thermal\n")
    written(tmp_path / "hwmon1" / "name", f"{name}\n")
    written(tmp_path / "hwmon1" / "in0_lcrit_alarm", alarm)
    assert under_voltage(None, tmp_path) is weak


def test_a_machine_that_tells_nothing_is_no_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    flags = firmware_flags(tmp_path)
    assert (cpu_temperature(tmp_path), throttled(flags), under_voltage(flags, tmp_path)) == (None, None, None)


def test_the_memory_is_that_of_this_process(tmp_path: Path) -> None:
    assert resident_memory() > 10_000_000
    assert resident_memory(tmp_path / "statm") == 0
