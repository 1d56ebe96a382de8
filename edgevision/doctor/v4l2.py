"""USB cameras: whether the device is there, takes pictures, and who has it."""

import fcntl
import os
import struct
from collections.abc import Callable
from pathlib import Path

from edgevision.doctor.case import Case
from edgevision.doctor.finding import Finding, ok, problem
from edgevision.doctor.holders import is_edgevision, openers, told
from edgevision.record import record

_QUERYCAP = 0x80685600
"""VIDIOC_QUERYCAP of linux/videodev2.h; it answers while another program takes pictures, and doesn't disturb it."""

_CAPABILITY = struct.Struct("16s32s32sIII12x")
"""Driver, card, bus, version, capabilities of the whole device, those of this node."""

_DEVICE_CAPS = 0x80000000
_CAPTURE = 0x1 | 0x1000
"""V4L2_CAP_VIDEO_CAPTURE and V4L2_CAP_VIDEO_CAPTURE_MPLANE."""


@record
class Capability:
    """What a node says of itself: the name of its device, and whether pictures come out of it."""

    card: str
    captures: bool


Ask = Callable[[Path], Capability]
"""Raises OSError when it can't be asked."""


def ask_node(node: Path) -> Capability:
    """Ask the driver. Raises OSError, with ENOTTY for what is no video device."""
    descriptor = os.open(node, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        content = fcntl.ioctl(descriptor, _QUERYCAP, bytes(_CAPABILITY.size))
    finally:
        os.close(descriptor)
    return parse_capability(content)


def parse_capability(content: bytes) -> Capability:
    """Read `struct v4l2_capability`."""
    _, card, _, _, whole, node = _CAPABILITY.unpack(content)
    capabilities = node if whole & _DEVICE_CAPS else whole
    return Capability(card.partition(b"\0")[0].decode(errors="replace"), bool(capabilities & _CAPTURE))


def look_at_v4l2(check: str, device: Path, case: Case, ask: Ask = ask_node) -> Finding:
    """The camera at `device`."""
    roots = case.machine.roots
    if not os.access(device, os.F_OK):
        return problem(
            check, f"{device} is not there", f"plug the camera in, or name another device; {_others(roots.dev, ask)}"
        )
    node = device.resolve()
    proc = roots.proc
    users = openers(proc, [node])[node]
    strangers = [user for user in users if not is_edgevision(proc, user.pid)]
    try:
        found = ask(node)
    except PermissionError:
        return problem(check, f"{device} is there, but you may not open it", "see permissions below")
    except OSError as error:
        text = f"{device} is no camera ({error.strerror or error})"
        return problem(check, text, f"name another device; {_others(roots.dev, ask)}")
    if not found.captures:
        text = f"{device} of {found.card} gives no pictures: a camera has several nodes"
        return problem(check, text, f"name another one; {_others(roots.dev, ask)}")
    text = f"{device} is {found.card}"
    if strangers:
        return problem(check, f"{text}, in use by {told(strangers)}", f"stop it: kill {strangers[0].pid}")
    return ok(check, f"{text}, in use by {told(users)}, an edgevision" if users else text)


def _others(dev: Path, ask: Ask) -> str:
    """The nodes that give pictures."""
    found = []
    for node in sorted(dev.glob("video[0-9]*")):
        try:
            capability = ask(node)
        except OSError:
            continue
        if capability.captures:
            found.append(f"{node} ({capability.card})")
    return f"there is {', '.join(found)}" if found else "v4l2-ctl --list-devices shows what there is"
