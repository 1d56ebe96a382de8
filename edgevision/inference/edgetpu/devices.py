"""Which Edge TPUs this machine has, told by the kernel's files without touching one."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal

from edgevision.record import record

Bus = Literal["usb", "pci"]

USB_UNSTARTED, USB_RUNNING = ("1a6e", "089a"), ("18d1", "9302")
"""What an Edge TPU on USB calls itself before libedgetpu has given it its firmware, and after."""

PCI_ID = ("0x1ac1", "0x089a")

USB_3 = 5000
"""Megabits a second."""


@record
class Roots:
    """Where the kernel's file systems are."""

    sys: Path = Path("/sys")
    dev: Path = Path("/dev")
    proc: Path = Path("/proc")


THIS_MACHINE = Roots()


@record
class EdgeTpu:
    """One Edge TPU: the `number`-th on its bus, from 0.

    `place` is the kernel's name of where it is (`2-1.4`, `0000:01:00.0`). `node` is the file to open it by; None: its
    driver isn't there. `speed` is that of a USB port in megabits a second, None where it says nothing.
    """

    bus: Bus
    number: int
    place: str
    node: Path | None
    speed: int | None = None

    def __str__(self) -> str:
        return f"{self.bus}:{self.number}"


@record
class Process:
    """A running program."""

    pid: int
    name: str

    def __str__(self) -> str:
        return f"{self.name} (process {self.pid})"


def device_name(device: str) -> str:
    """How edgevision calls what libedgetpu's `device` option means: `usb:0` is edgetpu:usb:0."""
    return "edgetpu" + (":" if device else "") + device.removeprefix(":")


def find_devices(roots: Roots = THIS_MACHINE) -> list[EdgeTpu]:
    """All Edge TPUs that are plugged in, those on USB first."""
    usb = sorted(_usb(roots), key=lambda found: found[0])
    pci = sorted(_pci(roots))
    return [
        *(EdgeTpu("usb", number, place, node, speed) for number, (node, place, speed) in enumerate(usb)),
        *(EdgeTpu("pci", number, place, node) for number, (place, node) in enumerate(pci)),
    ]


def slow_port(device: EdgeTpu) -> str | None:
    """A warning where the Edge TPU is in a USB 2 port."""
    if device.speed is None or device.speed >= USB_3:
        return None
    return (
        f"the Edge TPU {device} is in a USB 2 port ({device.speed} Mbit/s): it works, but answers later;"
        " a blue USB 3 port and a USB 3 cable are faster"
    )


def users_of(node: Path, roots: Roots = THIS_MACHINE) -> list[Process]:
    """The other processes that have `node` open, as far as this user may see."""
    users = []
    for folder in roots.proc.glob("[0-9]*"):
        if int(folder.name) != os.getpid() and any(target == str(node) for target in _open_files(folder)):
            users.append(Process(int(folder.name), _read(folder / "comm") or "a program"))
    return sorted(users, key=lambda user: user.pid)


def _usb(roots: Roots) -> Iterator[tuple[Path, str, int | None]]:
    for folder in roots.sys.glob("bus/usb/devices/*"):
        identity = (_read(folder / "idVendor"), _read(folder / "idProduct"))
        bus, device = _read(folder / "busnum"), _read(folder / "devnum")
        if identity in (USB_UNSTARTED, USB_RUNNING) and bus.isdecimal() and device.isdecimal():
            # Before it has its firmware, the port's speed says nothing of the one it will have.
            speed = _read(folder / "speed") if identity == USB_RUNNING else ""
            node = roots.dev / f"bus/usb/{int(bus):03}/{int(device):03}"
            yield node, folder.name, int(speed) if speed.isdecimal() else None


def _pci(roots: Roots) -> Iterator[tuple[str, Path | None]]:
    # /sys/class/apex/apex_0/device is a link to the PCI device's folder.
    nodes = {(entry / "device").resolve().name: entry.name for entry in roots.sys.glob("class/apex/apex_*")}
    for folder in roots.sys.glob("bus/pci/devices/*"):
        if (_read(folder / "vendor"), _read(folder / "device")) == PCI_ID:
            node = nodes.get(folder.name)
            yield folder.name, roots.dev / node if node is not None else None


def _open_files(process: Path) -> Iterator[str]:
    with suppress(OSError):  # another user's, or it has just ended
        for descriptor in (process / "fd").iterdir():
            with suppress(OSError):  # just closed
                yield str(descriptor.readlink())


def _read(path: Path) -> str:
    """A line of the kernel's; empty where there is none, for a device may be unplugged at any moment."""
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""
