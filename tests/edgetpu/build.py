"""Compiling the fake Edge TPU, and telling it what to do.

`fake_edgetpu.c` beside this file says what it can be told. Fixtures that use it are in `tests/edgetpu/fixtures.py`.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

SOURCE = Path(__file__).with_name("fake_edgetpu.c")
NAME = "libedgetpu.so.1"


def compile_library(folder: Path) -> Path:
    """`libedgetpu.so.1` in `folder`. Without a C compiler the test is skipped, or fails where CI is set."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        reason = "the fake Edge TPU needs a C compiler: apt-get install gcc libc6-dev"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    library = folder / NAME
    options = ["-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror", "-fvisibility=hidden"]
    done = subprocess.run(
        [compiler, *options, "-o", str(library), str(SOURCE)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        pytest.fail(f"the fake Edge TPU can't be compiled:\n{done.stderr}")
    return library


@dataclass(slots=True)
class FakeEdgeTpu:
    """One fake Edge TPU: its library, and the folder through which all its processes know of each other."""

    library: Path
    state: Path
    monkeypatch: pytest.MonkeyPatch

    def behave(self, **options: str | int) -> None:
        """Do as these options of fake_edgetpu.c say, and nothing else, from the next opening on.

        Processes started from now on will, too.
        """
        for name, value in self.environment(**options).items():
            self.monkeypatch.setenv(name, value)

    def environment(self, **options: str | int) -> Mapping[str, str]:
        """For a process that shall have this Edge TPU."""
        told = {"state": self.state, **options}
        return {
            "EDGEVISION_EDGETPU_LIBRARY": str(self.library),
            "FAKE_EDGETPU": " ".join(f"{name}={value}" for name, value in told.items()),
        }

    def unplug(self) -> None:
        """From now on everything fails, in every process."""
        (self.state / "unplugged").touch()

    def plug_in(self) -> None:
        """Undo that, or what `fail_after` did. New delegates work again."""
        (self.state / "unplugged").unlink(missing_ok=True)

    @property
    def unplugged(self) -> bool:
        """Whether it is."""
        return (self.state / "unplugged").exists()

    def log(self, process: int | None = None) -> list[str]:
        """What happened, in order, in all processes or in that one: `open usb:0`, `prepare usb:0`, `invoke usb:0` …

        Others: `refuse DEVICE`, `unprepared`, `fail`, `release` (the interpreter is gone), `close` (the delegate is).
        """
        path = self.state / "log"
        lines = path.read_text().splitlines() if path.exists() else []
        parted = (line.partition(" ") for line in lines)
        return [event for pid, _, event in parted if process is None or int(pid) == process]

    def count(self, event: str, process: int | None = None) -> int:
        """How often `event` (`invoke`, `open` …) happened, on any device."""
        return sum(line.split()[0] == event for line in self.log(process))
