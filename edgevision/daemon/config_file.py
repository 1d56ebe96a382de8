"""Noticing that the configuration file has changed."""

import contextlib
import stat
from pathlib import Path

SETTLED = 1.0
"""Seconds for which a changed file must stay as it is before it is read: editors write in steps."""

Stamp = tuple[int, ...] | None
"""What tells one state of a file from another; None: there is no such file."""


class ConfigFile:
    """Watches one file by looking at it now and then."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = self._seen = stamp(path)
        self._since = 0.0

    def changed(self, now: float) -> bool:
        """Whether there is a new state to be read, told once; `now` in seconds, of any clock that doesn't jump."""
        state = stamp(self._path)
        if state != self._seen:
            self._seen, self._since = state, now
        if self._seen in (self._known, None) or now - self._since < SETTLED:
            return False
        self._known = self._seen
        return True

    def note(self) -> None:
        """It is read now, whatever state it is in."""
        self._known = self._seen = stamp(self._path)


def stamp(path: Path) -> Stamp:
    """The state that the file is in now."""
    with contextlib.suppress(OSError, ValueError):
        state = path.stat()
        if stat.S_ISREG(state.st_mode):
            # ctime: permissions, too, decide whether it can be read.
            return state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns
    return None
