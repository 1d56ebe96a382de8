"""The machine that is looked at: its file systems, and the programs that can be asked."""

import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from edgevision.inference.edgetpu.devices import Roots
from edgevision.record import record

APT_PACKAGES = "usr/lib/python3/dist-packages"
"""Where Debian's packages put Python modules, seen from the root."""


@record
class Answer:
    """What a program said; `status` is its exit status, None when it gave no answer in time."""

    status: int | None
    stdout: str = ""
    stderr: str = ""


Run = Callable[[Sequence[str], float], Answer | None]
"""Runs a program for so many seconds at most; None: there is no such program."""


def run_program(command: Sequence[str], seconds: float) -> Answer | None:
    """Runs it with nothing on its standard input, speaking English."""
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=seconds,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Answer(None)
    except OSError:
        return None
    return Answer(done.returncode, done.stdout, done.stderr)


@record
class Machine:
    """`root` is where its file systems begin."""

    root: Path = Path("/")
    run: Run = run_program

    @property
    def roots(self) -> Roots:
        """Where the kernel's own are."""
        return Roots(self.root / "sys", self.root / "dev", self.root / "proc")

    @property
    def apt_packages(self) -> Path:
        """Where apt's Python modules are."""
        return self.root / APT_PACKAGES

    def line(self, path: str) -> str:
        """The first line of a file; empty where it can't be read."""
        try:
            text = (self.root / path).read_text(errors="replace")
        except OSError:
            return ""
        return next((line.strip(" \t\0") for line in text.splitlines()), "")

    @property
    def model(self) -> str:
        """What the machine calls itself: `Raspberry Pi 5 Model B Rev 1.0`; empty where it doesn't."""
        return self.line("proc/device-tree/model")

    @property
    def is_raspberry_pi(self) -> bool:
        """Whether it can have a Pi camera at all."""
        return "Raspberry Pi" in self.model
