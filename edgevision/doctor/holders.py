"""Which programs have a device: told by /proc, without touching the device."""

import os
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path

from edgevision.inference.edgetpu.devices import Process

UNIT = "edgevision.service"


def openers(proc: Path, nodes: Collection[Path]) -> dict[Path, list[Process]]:
    """Who has each of the `nodes` open, as far as this user may see."""
    names = {str(node): node for node in nodes}
    found: dict[Path, list[Process]] = {node: [] for node in nodes}
    for folder in sorted(proc.glob("[0-9]*"), key=lambda folder: int(folder.name)):
        opened = set()
        with suppress(OSError):  # another user's, or it has just ended
            for descriptor in (folder / "fd").iterdir():
                with suppress(OSError):
                    opened.add(str(descriptor.readlink()))
        for name in opened & names.keys():
            found[names[name]].append(process(proc, int(folder.name)))
    return found


def lockers(proc: Path, nodes: Collection[Path]) -> list[Process]:
    """Who has locked one of the `nodes`; every user may see that.

    libcamera locks a camera's /dev/media* while the camera is in use, and only then; having it open means nothing, for
    the desktop's sound and video server has all cameras open all the time.
    """
    inodes = set()
    for node in nodes:
        with suppress(OSError):
            status = node.stat()
            inodes.add(f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}")
    found = set()
    with suppress(OSError):
        # 1: POSIX  ADVISORY  WRITE 708 00:13:348 0 EOF
        for line in (proc / "locks").read_text().splitlines():
            words = line.split()
            if len(words) >= 8 and words[1] in ("POSIX", "FLOCK", "OFDLCK"):
                pid, inode = words[4], words[5]
                if inode in inodes and pid.isdecimal():
                    found.add(int(pid))
    return [process(proc, pid) for pid in sorted(found)]


def process(proc: Path, pid: int) -> Process:
    """The process of that number, with its name."""
    with suppress(OSError):
        return Process(pid, (proc / str(pid) / "comm").read_text(errors="replace").strip() or "a program")
    return Process(pid, "a program")


def is_edgevision(proc: Path, pid: int) -> bool:
    """Whether that process is an `edgevision run`: the service, or started by hand."""
    folder = proc / str(pid)
    with suppress(OSError):
        if UNIT in (folder / "cgroup").read_text(errors="replace"):
            return True
    with suppress(OSError):
        words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
        return "run" in words and any(Path(word).name == "edgevision" for word in words[:3])
    return False


def told(processes: Sequence[Process]) -> str:
    """`chromium (process 812), ffmpeg (process 900)`."""
    return ", ".join(map(str, processes))
