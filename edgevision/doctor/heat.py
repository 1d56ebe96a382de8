"""Temperature, throttling and under-voltage."""

from edgevision.daemon.health import cpu_temperature, firmware_flags, throttled, under_voltage
from edgevision.doctor.case import Case
from edgevision.doctor.finding import Finding, ok, problem, warning
from edgevision.record import record

_HOT, _TOO_HOT = 75.0, 80.0
"""Degrees Celsius. At 80 a Raspberry Pi begins to slow down (raspberrypi.com, frequency management)."""

_UNDER_VOLTAGE_SINCE_START, _SLOWED_SINCE_START = 0b0001 << 16, 0b1110 << 16
"""Of the firmware's flags: what has happened since the machine was started."""

_COOL = "cool it: a heat sink, a fan, some air; thermal.max in the configuration lowers the frame rate before that"
_POWER = "take the power supply made for this model and a short, thick cable; a USB device may draw too much"


@record
class Heat:
    """What the machine says; None where it doesn't. `flags` are those of a Raspberry Pi's firmware."""

    temperature: float | None
    flags: int | None
    under_voltage: bool | None


def look_at_heat(_case: Case) -> list[Finding]:
    """How the machine is now, and what it has suffered since it was started."""
    flags = firmware_flags()
    return heat_findings(Heat(cpu_temperature(), flags, under_voltage(flags)))


def heat_findings(heat: Heat) -> list[Finding]:
    """A line each for temperature, throttling and voltage; of what the machine doesn't tell, that."""
    return [_temperature(heat.temperature), _throttled(heat.flags), _voltage(heat)]


def _temperature(degrees: float | None) -> Finding:
    if degrees is None:
        return ok("temperature", "this machine doesn't tell")
    text = f"the processor has {degrees:.0f} °C"
    if degrees >= _TOO_HOT:
        return problem("temperature", f"{text}: it slows down", _COOL)
    return warning("temperature", text, _COOL) if degrees >= _HOT else ok("temperature", text)


def _throttled(flags: int | None) -> Finding:
    if flags is None:
        return ok("throttling", "this machine doesn't tell")
    if throttled(flags):
        return problem("throttling", f"the processor is slowed down now ({flags:#x})", "see temperature and power")
    if flags & _SLOWED_SINCE_START:
        return warning("throttling", f"the processor has been slowed down since the start ({flags:#x})", _COOL)
    return ok("throttling", "never since the start")


def _voltage(heat: Heat) -> Finding:
    if heat.under_voltage is None:
        return ok("power", "this machine doesn't tell")
    if heat.under_voltage:
        return problem("power", "the voltage is too low: cameras and disks fail", _POWER)
    if heat.flags is not None and heat.flags & _UNDER_VOLTAGE_SINCE_START:
        return warning("power", "the voltage has been too low since the start", _POWER)
    return ok("power", "the voltage is right")
