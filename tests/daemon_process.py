"""`edgevision run` as a process of its own, as users have it."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

ROOT = Path(__file__).parents[1]


def edgevision(*arguments: str | Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command of edgevision to its end."""
    command = [sys.executable, "-m", "edgevision", *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=100, check=False, env=environment(env or {}), cwd=ROOT
    )


def environment(extra: dict[str, str]) -> dict[str, str]:
    """This process's environment with `extra`."""
    return {"EDGEVISION_TRUST_CLOCK": "1", **os.environ, **extra}


class DaemonProcess:
    """Runs while the `with` block lasts; `log` is what it wrote to stderr so far.

    `within` is written before its command, as `nice` or `ip netns exec NAME` are.
    """

    def __init__(
        self, folder: Path, config: dict[str, Any], env: dict[str, str] | None = None, within: Sequence[str] = ()
    ) -> None:
        self.config = folder / "edgevision.yaml"
        self._state_dir = folder / "state"
        self.configure(config)
        self._log = folder / "daemon.log"
        self._env = environment(env or {})
        self._within = within

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [*self._within, sys.executable, "-m", "edgevision", "run", "-c", str(self.config)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._env,
                cwd=ROOT,
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)
        if kind is not None:
            print(self.log)

    def configure(self, config: dict[str, Any]) -> None:
        """Write the configuration, at once as editors do; a running daemon notices."""
        new = self.config.with_suffix(".new")
        new.write_text(yaml.safe_dump({"state_dir": str(self._state_dir), **config}))
        new.replace(self.config)

    @property
    def log(self) -> str:
        """What the daemon has logged."""
        return self._log.read_text(errors="replace")

    def wait(self, seconds: float = 60) -> int:
        """Wait for the daemon to end by itself; its exit status."""
        return self.process.wait(seconds)

    def stop(self, by: signal.Signals = signal.SIGTERM, seconds: float = 10) -> int:
        """Send a signal and wait for the end; the exit status."""
        self.process.send_signal(by)
        return self.process.wait(seconds)
