"""What the machine says of itself, read from /proc and /sys."""

import os
import re
import subprocess
from pathlib import Path

ZONES = Path("/sys/class/thermal")

PROCESSORS = ("cpu", "x86_pkg_temp", "soc", "acpitz")
"""Parts of the names of thermal zones that the processor is in; the better one first. Others are radios, batteries."""

DEVICES = Path("/sys/devices/platform")

REGISTER = "soc*/soc*:firmware/get_throttled"
"""Raspberry Pi: a hexadecimal number, of which bits 0 to 3 say what is happening now."""

SENSORS = Path("/sys/class/hwmon")

UNDER_VOLTAGE = 0b0001
THROTTLED_NOW = 0b1111

FIRMWARE_ANSWERS_WITHIN = 2.0
"""Seconds."""


def cpu_temperature(zones: Path = ZONES) -> float | None:
    """Degrees Celsius, of several parts of the processor the hottest; None where the machine doesn't tell."""
    kinds = {zone: _read(zone / "type") or "" for zone in zones.glob("thermal_zone*")}
    for processor in PROCESSORS:
        texts = [_read(zone / "temp") or "" for zone, kind in kinds.items() if processor in kind.lower()]
        degrees = [int(text) / 1000 for text in texts if re.fullmatch(r"-?\d+", text)]
        if degrees:
            return max(degrees)
    return None


def firmware_flags(devices: Path = DEVICES) -> int | None:
    """What a Raspberry Pi's firmware calls `get_throttled`; None where the machine doesn't tell."""
    texts = [_read(register) for register in devices.glob(REGISTER)]
    text = texts[0] if texts else _asked_firmware()
    try:
        return int(text, 16) if text else None
    except ValueError:
        return None


def throttled(flags: int | None) -> bool | None:
    """Whether under-voltage or heat slows the processor right now, by the firmware's flags; None: unknown."""
    return None if flags is None else bool(flags & THROTTLED_NOW)


def under_voltage(flags: int | None, sensors: Path = SENSORS) -> bool | None:
    """Whether the supply's voltage is too low right now, by the firmware's flags or its driver; None: unknown."""
    if flags is not None:
        return bool(flags & UNDER_VOLTAGE)
    for sensor in sensors.glob("hwmon*"):
        alarm = _read(sensor / "in0_lcrit_alarm") if _read(sensor / "name") == "rpi_volt" else None
        if alarm is not None:
            return alarm != "0"
    return None


def resident_memory(statm: Path = Path("/proc/self/statm")) -> int:
    """Bytes of this process that are in memory (resident set); 0 where the machine doesn't tell."""
    text = _read(statm)
    return int(text.split()[1]) * os.sysconf("SC_PAGE_SIZE") if text else 0


def _asked_firmware() -> str | None:
    """The flags as Raspberry Pi's own program has them, where the kernel hasn't."""
    programs = [Path(folder, "vcgencmd") for folder in os.get_exec_path()]
    program = next((one for one in programs if os.access(one, os.X_OK)), None)  # shutil takes more memory
    if program is None:
        return None
    try:
        answer = subprocess.run(
            [program, "get_throttled"], capture_output=True, timeout=FIRMWARE_ANSWERS_WITHIN, check=True
        ).stdout.decode("ascii", "replace")
    except (OSError, subprocess.SubprocessError):  # as where /dev/vcio may not be opened
        return None
    return answer.strip().removeprefix("throttled=")


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
