"""What the machine says of itself, read from /proc and /sys."""

import os
from pathlib import Path

THERMAL_ZONE = Path("/sys/class/thermal/thermal_zone0/temp")
THROTTLED = Path("/sys/devices/platform/soc/soc:firmware/get_throttled")
"""Raspberry Pi: a hexadecimal number; bits 0 to 3 say what is happening now (as vcgencmd get_throttled)."""

THROTTLED_NOW = 0b1111


def cpu_temperature(zone: Path = THERMAL_ZONE) -> float | None:
    """Degrees Celsius; None where the machine doesn't tell."""
    text = _read(zone)
    return int(text) / 1000 if text is not None and text.lstrip("-").isdigit() else None


def throttled(register: Path = THROTTLED) -> bool | None:
    """Whether under-voltage or heat slows the processor right now; None where the machine doesn't tell."""
    text = _read(register)
    try:
        return bool(int(text, 16) & THROTTLED_NOW) if text is not None else None
    except ValueError:
        return None


def resident_memory(statm: Path = Path("/proc/self/statm")) -> int:
    """Bytes of this process that are in memory (resident set); 0 where the machine doesn't tell."""
    text = _read(statm)
    return int(text.split()[1]) * os.sysconf("SC_PAGE_SIZE") if text else 0


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
