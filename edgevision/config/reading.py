"""Checking a configuration in a process of its own: while it is at it, this one goes on, and needs no pydantic."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from edgevision import __version__
from edgevision.errors import ConfigError

if TYPE_CHECKING:
    from edgevision.config.config import Config

_SETTLE = (
    "import gc; gc.disable(); from edgevision.config.section import Section;"
    "Section.model_config['use_attribute_docstrings'] = False; from edgevision.config.settling import main; main()"
)
"""There is nothing to collect while modules are imported, and afterwards the process ends. The texts under the keys, of
which `edgevision schema` makes descriptions, take a quarter of its time to find."""

_NOT_FOR_THE_CHILD = {signal.SIGHUP, signal.SIGINT, signal.SIGTERM}
"""A terminal or systemd sends them to both. This process heeds them, and ends the other one."""


class Reading:
    """One reading of a configuration file, which begins at once."""

    def __init__(self, path: Path, *, at_start: bool = False) -> None:
        """`at_start`: with all that is open here, for the file may be /dev/stdin, or a shell's <(…)."""
        self._path = path
        # -P: the folder that edgevision was started in has no say in what is imported.
        command = [sys.executable, "-P", "-c", _SETTLE, str(os.getpid()), __version__, str(path)]
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _NOT_FOR_THE_CHILD)  # which the child inherits
        try:
            self._child: subprocess.Popen[bytes] | None = subprocess.Popen(
                command, stdout=subprocess.PIPE, close_fds=not at_start
            )
        except (OSError, ValueError):  # a path with a NUL in it, too
            self._child = None
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

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
    try:
        return Reading(path).result()
    except ImportError as error:  # an upgrade is at it, or was left half done
        raise ConfigError(f"{path}: edgevision was changed while it runs ({error}): restart it") from error
