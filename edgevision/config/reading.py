"""Checking a configuration in a process of its own: while it is at it, this one goes on, and needs no pydantic."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from edgevision import __version__
from edgevision.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgevision.config.config import Config

_SETTLE = "import sys; from edgevision.config.reading import settle; settle(int(sys.argv[1]), *sys.argv[2:])"

_NOT_FOR_THE_CHILD = {signal.SIGHUP, signal.SIGINT, signal.SIGTERM}
"""A terminal or systemd sends them to both. This process heeds them, and ends the other one."""


class Reading:
    """One reading of a configuration file, which begins at once. `process` is the child's number, None without one."""

    def __init__(self, path: Path, *, at_start: bool = False) -> None:
        """`at_start`: this process has no other threads yet, and little that is imported.

        The other is a copy then, which begins sooner, with all that is open here: the file may be /dev/stdin, or a
        shell's <(…).
        """
        self._path = path
        self.process: int | None = None
        self._answer: Callable[[], bytes] = bytes
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _NOT_FOR_THE_CHILD)  # which the child inherits
        try:
            self.process, self._answer = _copy(path) if at_start else _anew(path)
        except (OSError, ValueError):  # a path with a NUL in it, too
            pass  # it is read here
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def result(self) -> Config:
        """The configuration. Raises ConfigError with all mistakes, one a line."""
        # Not before the child has begun: it is what is waited for at the start.
        import pickle

        from edgevision.config.config import Config

        try:
            found = pickle.loads(self._answer())
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


def settle(parent: int, version: str, path: str, output: int = 1) -> None:
    """The whole life of the child: the answer goes to the file descriptor `output`."""
    # There is nothing to collect while modules are imported, and afterwards the process ends.
    import gc

    gc.disable()
    from edgevision.config.slim_pydantic import slim_pydantic

    slim_pydantic()
    from edgevision.config.settling import answer

    with os.fdopen(output, "wb") as file:
        file.write(answer(parent, version, Path(path)))
    os._exit(0)


def _copy(path: Path) -> tuple[int, Callable[[], bytes]]:
    # No pipe: a file that is named /dev/fd/3, or /dev/stdin and that is closed, would be that very pipe, and read for
    # ever.
    memory = os.memfd_create("answer")
    parent = os.getpid()
    try:
        process = os.fork()
    except OSError:
        os.close(memory)
        raise
    if process == 0:
        try:
            settle(parent, __version__, str(path), memory)
        finally:
            os._exit(1)

    def answer() -> bytes:
        with contextlib.suppress(ChildProcessError):  # it has ended, where whoever started us ignores SIGCHLD
            os.waitpid(process, 0)
        with os.fdopen(memory, "rb") as file:
            file.seek(0)  # where it is, it shares with the child
            return file.read()

    return process, answer


def _anew(path: Path) -> tuple[int, Callable[[], bytes]]:
    import subprocess

    # -P: the folder that edgevision was started in has no say in what is imported.
    command = [sys.executable, "-P", "-c", _SETTLE, str(os.getpid()), __version__, str(path)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE)
    return child.pid, lambda: child.communicate()[0]
