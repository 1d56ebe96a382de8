"""The folder that keeps what must not be lost."""

import os
from collections.abc import Callable
from pathlib import Path

from edgevision.config.defaults import DEFAULT_STATE_DIR
from edgevision.doctor.case import Case
from edgevision.doctor.finding import Finding, ok, problem, warning
from edgevision.doctor.user import ENTER, READ, WRITE, User

_LITTLE, _TOO_LITTLE = 256 * 1024**2, 16 * 1024**2
"""Bytes: the outbox may take 64 MiB, and SQLite needs as much again for a while."""

FileSystem = Callable[[Path], os.statvfs_result]


def look_at_disk(case: Case, file_system: FileSystem = os.statvfs) -> list[Finding]:
    """Whether the state folder is there, can be written, has room, and holds files that were damaged."""
    folder = DEFAULT_STATE_DIR if case.config is None else case.config.settings.state_dir
    if case.config is None and not os.access(folder, os.F_OK):
        return []
    try:
        nearest = _nearest(folder)
        return [_room(folder, nearest, case.user, file_system(nearest)), *_damaged(folder)]
    except OSError as error:
        return [problem("disk", f"{folder} can't be looked at ({error.strerror})", f"see that {case.user.name} may")]


def _room(folder: Path, nearest: Path, user: User, status: os.statvfs_result) -> Finding:
    free = status.f_bavail * status.f_frsize
    text = f"{folder}, {free / 1024**3:.1f} GiB free"
    if status.f_flag & os.ST_RDONLY:
        text = f"{folder} is on a file system that can only be read: events are kept in memory alone"
        return problem("disk", text, "dmesg shows why; check the SD card, or choose another state_dir")
    if not nearest.is_dir():
        return problem("disk", f"{nearest} is no folder", "choose another state_dir")
    if not user.may(nearest, READ | WRITE | ENTER):
        owner = f"sudo install -d -o {user.name} -m 0750 {folder}"
        return problem("disk", f"{user.name} may not write to {nearest}: events are kept in memory alone", owner)
    if free < _TOO_LITTLE or (status.f_files and not status.f_favail):
        return problem("disk", f"{text}: it is full", f"make room; du -xh {nearest} shows what takes it")
    if free < _LITTLE:
        return warning("disk", text, "make room: the outbox may take 64 MiB, and pulled models some more")
    outbox = sum(file.stat().st_size for file in folder.glob("outbox*") if file.is_file() and not _is_damaged(file))
    missing = "" if folder == nearest else ", not there yet"
    waiting = f", outbox of {outbox / 1024:,.0f} KiB" if outbox else ""
    return ok("disk", f"{text}{missing}{waiting}; {user.name} may write to it")


def _damaged(folder: Path) -> list[Finding]:
    return [
        warning("disk", f"{file} was damaged and has been set aside", f"check the SD card, then sudo rm {file}")
        for file in sorted(folder.glob("*.damaged-*"))
    ]


def _is_damaged(file: Path) -> bool:
    return ".damaged-" in file.name


def _nearest(folder: Path) -> Path:
    """The folder, or the one of those above it that is there: the daemon makes the others."""
    return next(path for path in (folder, *folder.parents) if os.access(path, os.F_OK))
