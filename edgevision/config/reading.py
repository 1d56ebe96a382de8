"""Checking a configuration in a process of its own: while it is at it, this one goes on, and needs no pydantic."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from edgevision import __version__
from edgevision.errors import ConfigError

if TYPE_CHECKING:
    from edgevision.config.config import Config

_SETTLE = "import gc; gc.disable(); from edgevision.config.settling import main; main()"
"""There is nothing to collect while modules are imported, and afterwards the process ends."""


class Reading:
    """One reading of a configuration file, which begins at once."""

    def __init__(self, path: Path, *, at_start: bool = False) -> None:
        """`at_start`: with all that is open here, for the file may be /dev/stdin, or a shell's <(…)."""
        self._path = path
        # -P: the folder that edgevision was started in has no say in what is imported.
        command = [sys.executable, "-P", "-c", _SETTLE, str(os.getpid()), __version__, str(path)]
        try:
            self._child: subprocess.Popen[bytes] | None = subprocess.Popen(
                command, stdout=subprocess.PIPE, close_fds=not at_start
            )
        except (OSError, ValueError):  # a path with a NUL in it, too
            self._child = None

    def result(self) -> Config:
        """The configuration. Raises ConfigError with all mistakes, one a line."""
        # Not before the child has begun: it is what is waited for at the start.
        import pickle

        from edgevision.config.config import Config

        answer = self._child.communicate()[0] if self._child is not None else b""
        try:
            found = pickle.loads(answer)
        except (EOFError, pickle.UnpicklingError):
            # No process could be had for it, or somebody has ended it.
            from edgevision.config.loader import load_config

            return load_config(self._path)
        if isinstance(found, str):
            raise ConfigError(found)
        settings, places = found
        return Config(settings, self._path, places)


def load_settled(path: Path) -> Config:
    """Check the configuration file and wait for it. Raises ConfigError with all mistakes, one a line."""
    return Reading(path).result()
