"""The other side of a contender's answers."""

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).parents[2]


class Answers:
    """A contender's process; `status` is its exit status after the `with` block, `said` what came on its stderr."""

    def __init__(self, python: Path, file: Path, settings: dict[str, Any]) -> None:
        self._command = [str(python), str(file), json.dumps(settings)]
        self.status: int | None = None
        self.said = ""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.said = str(self._process.communicate(timeout=60)[1])
        self.status = self._process.returncode

    def answer(self) -> dict[str, Any]:
        """The next line; what isn't JSON fails."""
        assert self._process.stdout is not None
        return dict(json.loads(self._process.stdout.readline()))

    def turn(self, seconds: float) -> dict[str, Any]:
        """What it says of a turn."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"seconds": seconds}) + "\n")
        self._process.stdin.flush()
        return self.answer()


def told(model: Path, frames: Path, threads: int = 1) -> dict[str, Any]:
    """What the framework tells a contender."""
    return {
        "model": str(model),
        "labels": None,
        "frames": [str(frames)],
        "threads": threads,
        "spawned": time.monotonic(),
    }
