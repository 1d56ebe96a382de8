"""Why an Edge TPU can't be used, in plain words and with what to do about it.

Looked for only after something has failed: an Edge TPU that works is never asked.
"""

import os
import pwd
import stat
from pathlib import Path

from edgevision.errors import AcceleratorError, AcceleratorLibraryError
from edgevision.inference.edgetpu.devices import THIS_MACHINE, EdgeTpu, Roots, device_name, find_devices, users_of

PACKAGE = "libedgetpu1-std"

_NEWER = f"a newer build of {PACKAGE} (github.com/feranick/libedgetpu)"
"""Coral's own has not been built anew since TensorFlow Lite 2.5."""

_MISUNDERSTOOD = ("unsupported data type in custom op handler",)
"""What libedgetpu says when it finds the runtime's data in other places than it knows."""

_BUS_NAMES = {"usb": "USB", "pci": "PCI"}

_RULE = {
    "usb": f"sudo apt install {PACKAGE} (it brings the udev rule), then unplug it and plug it in again",
    "pci": """echo 'SUBSYSTEM=="apex", MODE="0660", GROUP="apex"' | sudo tee /etc/udev/rules.d/65-apex.rules,"""
    " sudo groupadd apex, sudo usermod -aG apex {user}, and start the machine anew",
}
"""How the node comes to have a group of its own."""


def explain_load(library: str, error: OSError) -> AcceleratorLibraryError:
    """Why the delegate library can't be loaded; `error` is the dynamic loader's."""
    said = str(error)
    blamed, _, what = said.partition(": ")
    if "No such file" in what and Path(blamed).name != Path(library).name:
        return AcceleratorLibraryError(
            f"{library} needs {blamed}, which is not installed: install the package that has it"
            " (for libusb-1.0.so.0: sudo apt install libusb-1.0-0)"
        )
    # The dynamic loader passes over what is made for another machine as if it weren't there.
    foreign = "No such file" in what and "/" in library and Path(library).exists()
    if "No such file" in what and not foreign:
        return AcceleratorLibraryError(
            f"{library} is not installed: add Coral's apt repository and sudo apt install {PACKAGE},"
            f" or install {_NEWER}"
        )
    said = "it is made for another kind of processor" if foreign else said
    return AcceleratorLibraryError(
        f"{library} can't be loaded ({said}): install {PACKAGE} for this system, or {_NEWER}"
    )


def explain_no_delegate(library: str) -> AcceleratorLibraryError:
    """The library is there but has no delegate in it."""
    return AcceleratorLibraryError(
        f"{library} is no delegate (it has no tflite_plugin_create_delegate): name Coral's libedgetpu.so.1"
    )


def explain_refusal(library: str, device: str, said: str = "", roots: Roots = THIS_MACHINE) -> AcceleratorError:
    """Why the library gave no delegate for `device`; `said` is its own reason, which it seldom gives."""
    said = _one_line(said)
    return AcceleratorError(_diagnose(device, roots) + (f" ({library} says: {said})" if said else ""))


def explain_prepare(
    library: str, device: str, runtime: str, reason: str, roots: Roots = THIS_MACHINE
) -> AcceleratorError:
    """Why a model couldn't be put on the Edge TPU, though its delegate was given; `reason` is the runtime's."""
    reason = _one_line(reason)
    if "requires runtime version" in reason.lower():
        return AcceleratorError(
            f"the model was compiled for a newer {library} ({reason}): install {_NEWER},"
            " or compile the model anew with edgetpu_compiler --min_runtime_version"
        )
    if any(words in reason.lower() for words in _MISUNDERSTOOD):
        return _mismatch(library, runtime, f"doesn't work ({reason})")
    if not _matching(device, find_devices(roots)):
        return AcceleratorError(_diagnose(device, roots) + f" ({reason})")
    return AcceleratorError(
        f"the Edge TPU {device_name(device)} can't run the model ({reason}): compile the model anew with"
        f" edgetpu_compiler; if that doesn't help, {library} needs to be built for {runtime}: install {_NEWER}"
    )


def explain_invoke(device: str, reason: str, roots: Roots = THIS_MACHINE) -> AcceleratorError:
    """Why the Edge TPU failed while it was running a model; `reason` is the runtime's."""
    reason = _one_line(reason)
    if not _matching(device, find_devices(roots)):
        return AcceleratorError(
            f"the Edge TPU {device_name(device)} was unplugged while it was running, or lost its power ({reason}):"
            " plug it in again; a powered USB hub or a better power supply helps if nobody unplugged it"
        )
    return AcceleratorError(
        f"the Edge TPU {device_name(device)} failed while it was running ({reason}): if it happens again, try another"
        " USB cable or port, a powered hub, and keep it cool"
    )


def explain_crash(library: str, runtime: str, how: str) -> AcceleratorError:
    """The process that opened the delegate, or a model on it, was ended by the signal `how` (SIGSEGV)."""
    return _mismatch(library, runtime, f"crashes ({how})")


def explain_hang(library: str, device: str, seconds: float) -> AcceleratorError:
    """Opening the delegate, or a model on it, took longer than `seconds`."""
    return AcceleratorError(
        f"{library} gave no answer within {seconds:g} s: the Edge TPU {device_name(device)} hangs;"
        " unplug it and plug it in again, or start the machine anew"
    )


def _mismatch(library: str, runtime: str, what: str) -> AcceleratorError:
    return AcceleratorError(
        f"{library} {what} with {runtime}: it was most likely built for another one; install {_NEWER} made for this one"
    )


def _diagnose(device: str, roots: Roots) -> str:
    found = find_devices(roots)
    candidates = _matching(device, found)
    if not candidates:
        return _missing(device, found)
    faults = [_fault(candidate, roots) for candidate in candidates]
    return next(
        (fault for fault in faults if fault is not None),
        f"the Edge TPU {device_name(device)} is there but can't be opened: unplug it and plug it in again;"
        " the first try after a start often fails",
    )


def _matching(device: str, found: list[EdgeTpu]) -> list[EdgeTpu]:
    """The Edge TPUs that libedgetpu's `device` option may mean."""
    bus, _, number = device.partition(":")
    on_bus = [tpu for tpu in found if bus in ("", tpu.bus)]
    if not number:
        return on_bus
    if bus:
        return [tpu for tpu in on_bus if tpu.number == int(number)]
    # A number alone counts those of both buses, in an order that only libedgetpu knows: it may be any.
    return on_bus if int(number) < len(on_bus) else []


def _missing(device: str, found: list[EdgeTpu]) -> str:
    bus, _, number = device.partition(":")
    on_bus = [tpu for tpu in found if bus in ("", tpu.bus)]
    where = f" on {_BUS_NAMES[bus]}" if bus else ""
    if on_bus:
        return (
            f"there is no Edge TPU number {number}{where}: {len(on_bus)} in this machine, counted from 0;"
            " plug in another, or give this model another accelerator"
        )
    look = {
        "usb": "lsusb shows one as 1a6e:089a or 18d1:9302; check its cable and its power",
        "pci": "lspci -nn shows one as 1ac1:089a; check how it sits in its slot",
        "": "lsusb shows one as 1a6e:089a or 18d1:9302, lspci -nn as 1ac1:089a; check its cable and its power",
    }[bus]
    elsewhere = f", only {found[0]} (accelerator: edgetpu takes any)" if found else ""
    return f"no Edge TPU is plugged in{where or ' on USB or PCI'}{elsewhere}: {look}"


def _fault(device: EdgeTpu, roots: Roots) -> str | None:
    """What can be seen to be wrong with a device that is plugged in."""
    if device.node is None:
        return (
            f"the Edge TPU {device} ({device.place}) has no driver (the kernel modules gasket and apex are not loaded):"
            " sudo apt install gasket-dkms from Coral's apt repository, then sudo modprobe apex"
        )
    if not device.node.exists():
        return f"{device.node} of the Edge TPU {device} is not here: a container has to be given it (--device)"
    if not os.access(device.node, os.R_OK | os.W_OK):
        return _forbidden(device, device.node)
    users = users_of(device.node, roots)
    if users:
        names = ", ".join(map(str, users))
        return f"the Edge TPU {device} is in use by {names}: it serves one program at a time; stop that one first"
    return None


def _forbidden(device: EdgeTpu, node: Path) -> str:
    user = _user_name()
    mode, group = _mode_and_group(node)
    what = f"the user {user} may not open the Edge TPU {device} ({node}, of the group {group})"
    both = stat.S_IRGRP | stat.S_IWGRP
    if group == "root" or mode & both != both:
        return f"{what}: {_RULE[device.bus].format(user=user)}"
    return f"{what}: sudo usermod -aG {group} {user}, then log in again (a service: start it again)"


def _mode_and_group(node: Path) -> tuple[int, str]:
    status = node.stat()
    try:
        return status.st_mode, node.group()
    except KeyError:
        return status.st_mode, str(status.st_gid)


def _user_name() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def _one_line(text: str) -> str:
    return " ".join(text.split())
