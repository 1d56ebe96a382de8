"""What can be wrong with the stand-in's cameras.

Tests in the same process set the fields of `faults`. For a daemon that is a process of its own, the environment
variable EDGEVISION_FAKE_CAMERA_FAULTS names a file that holds the faults in force, the names of the fields with spaces
between, for example `stalled hangs_on_close`. With numbers besides, as in `blocked 1`, only those cameras have them. No
file, or an empty one: all is well. What is written there acts within 20 ms; better put a new file in its place
(`mv`) than write into it.
"""

import logging
import os
from dataclasses import dataclass, field, fields
from pathlib import Path

log = logging.getLogger(__name__)

FAULTS_VARIABLE = "EDGEVISION_FAKE_CAMERA_FAULTS"

LOOK_AGAIN = 0.02
"""Seconds after which somebody who waits looks whether a fault has come or gone."""


@dataclass(slots=True)
class Faults:
    """What is wrong with the cameras of this process. Set a field at any time; it acts at once."""

    no_camera: bool = False
    """None is found."""
    busy: bool = False
    """Another program has them."""
    no_lores: bool = False
    """A lores stream can't be configured."""
    stalled: bool = False
    """No frame comes."""
    broken: bool = False
    """Frames come, but their buffers can't be read."""
    failing: bool = False
    """capture_request raises RuntimeError."""
    blocked: bool = False
    """capture_request doesn't return while this lasts, whatever its time limit is and whoever cancels it."""
    blocks_on_open: bool = False
    """Picamera2() doesn't return while this lasts."""
    hangs_on_close: bool = False
    """close() doesn't return while this lasts."""
    for_good: bool = False
    """Who hangs in one of the last three hangs for ever, also when the fault is over."""
    only: frozenset[int] = frozenset()
    """The cameras that have these faults; empty: all."""
    file: str | None = field(default_factory=lambda: os.environ.get(FAULTS_VARIABLE))
    """The file that holds them."""
    _read: tuple[int, int, int] | None = field(default=None, repr=False)

    def clear(self) -> None:
        """Mend everything."""
        self._set(frozenset())

    def at(self, camera: int, fault: str) -> bool:
        """Whether the camera of this number has it."""
        self._look()
        return bool(getattr(self, fault)) and (not self.only or camera in self.only)

    def _look(self) -> None:
        path = self.file
        if path is None:
            return
        try:
            state = os.stat(path)  # noqa: PTH116  Path.stat takes five times as long, and this is for every frame
            version = state.st_ino, state.st_mtime_ns, state.st_size
            if version == self._read:
                return
            words = frozenset(Path(path).read_text().split())
        except FileNotFoundError:
            version, words = (0, 0, 0), frozenset()
            if version == self._read:
                return
        self._read = version
        self._set(words)
        log.info("faults of the stand-in: %s", " ".join(sorted(words)) or "none")

    def _set(self, words: frozenset[str]) -> None:
        for one in fields(self):
            if one.type is bool:
                setattr(self, one.name, one.name in words)
        self.only = frozenset(int(word) for word in words if word.isdecimal())


faults = Faults()
