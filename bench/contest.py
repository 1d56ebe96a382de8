"""Contenders take turns, one at a time, in another order each round: what the machine does besides meets all alike."""

import json
import os
import random
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from bench.turns import Turn

ROOT = Path(__file__).parents[1]

PATIENCE = 90.0
"""Seconds beyond a turn within which a contender answers."""


class ContenderError(Exception):
    """A contender that ended or fell silent, with what it said."""


WITH_OPENCV = "with OpenCV and NumPy"
"""Kind of the bare interpreter's process that imports what a script needs to prepare pictures."""

STILL = "one picture, 10 fps"
"""Kind of the daemon whose camera's pictures take no memory."""


FIRST = "first start"
"""Kind of the daemon that has never seen its model, and tries it in a process of its own before."""

STOCK = "mosquitto by default"
"""Kind of the daemon whose broker doesn't send at once."""


@dataclass(frozen=True, slots=True)
class Key:
    """What a row of the table is of: `model` by its short name; `kind` tells contenders of one name apart."""

    model: str
    threads: int
    name: str
    kind: str = ""
    cameras: int = 1

    @property
    def group(self) -> str:
        """Model and threads, for people."""
        return f"{self.model}, {self.threads} thread{'s' if self.threads > 1 else ''}"

    @property
    def title(self) -> str:
        """The contender, for people."""
        several = f", {self.cameras} cameras" if self.cameras > 1 else ""
        return f"{self.name}{f' ({self.kind})' if self.kind else ''}{several}"

    def __str__(self) -> str:
        return f"{self.group}: {self.title}"


@dataclass(frozen=True, slots=True)
class Entry:
    """What takes part: a command that takes settings as its last argument, and these."""

    key: Key
    command: tuple[str, ...]
    settings: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Record:
    """One turn; `phase` says what it was for."""

    phase: str
    key: Key
    round: int
    turn: Turn


@dataclass(frozen=True, slots=True)
class Start:
    """One start of a process: seconds to the first result, and the resident set in bytes then."""

    phase: str
    key: Key
    round: int
    seconds: float
    resident: int


@dataclass(slots=True)
class Results:
    """All that was measured; `failures` are entries that could not take part, and why."""

    records: list[Record] = field(default_factory=list)
    starts: list[Start] = field(default_factory=list)
    idle: list[float] = field(default_factory=list)
    failures: dict[Key, str] = field(default_factory=dict)


def ours(name: str) -> tuple[str, ...]:
    """The command of a contender of this package."""
    return sys.executable, "-m", "bench.contender", name


class Contender:
    """The running process of an entry, from its first result on; it ends with the `with` block."""

    def __init__(self, entry: Entry) -> None:
        self._entry = entry
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115  closed with the process

    def __enter__(self) -> Self:
        settings = {**self._entry.settings, "threads": self._entry.key.threads, "spawned": time.monotonic()}
        self._process = subprocess.Popen(
            [*self._entry.command, json.dumps(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            bufsize=0,  # nothing is left to be written at the end, to a process that is gone
            cwd=ROOT,
            env=_environment(),
        )
        try:
            self.ready = self._answer(PATIENCE)
        except ContenderError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        process = self._process
        assert process.stdin is not None and process.stdout is not None
        process.stdin.close()
        for end in (process.terminate, process.kill):
            with suppress(subprocess.TimeoutExpired):
                process.wait(15)
                break
            end()
        process.wait(15)
        process.stdout.close()
        self._stderr.close()

    def turn(self, seconds: float) -> Turn:
        """One turn. Raises ContenderError."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"seconds": seconds}).encode() + b"\n")
        except BrokenPipeError:
            raise self._failed("ended") from None
        answer = self._answer(seconds + PATIENCE)
        return Turn(**{key: value for key, value in answer.items() if key in Turn._fields})

    def _answer(self, within: float) -> dict[str, Any]:
        assert self._process.stdout is not None
        # Each answer is one line, written at once: what is readable is whole.
        if not select.select([self._process.stdout], [], [], within)[0]:
            raise self._failed(f"gave no answer for {within:g} s")
        line = self._process.stdout.readline()
        if not line:
            raise self._failed("ended")
        try:
            answer = json.loads(line)
        except ValueError:
            raise self._failed(f"said {line!r}") from None
        if "unable" in answer:
            raise ContenderError(f"can't take part: {answer['unable']}")
        return dict(answer)

    def _failed(self, what: str) -> ContenderError:
        self._stderr.seek(0)
        said = self._stderr.read().decode(errors="replace").strip().splitlines()[-6:]
        return ContenderError(" | ".join([what, *said]))


def _environment() -> dict[str, str]:
    """Modules are compiled once, as where they are installed."""
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": str(ROOT)}


Progress = Callable[[str], None]
"""Told what has been done, once for each step."""


def contest(
    entries: Sequence[Entry],
    results: Results,
    *,
    phase: str,
    rounds: int,
    seconds: float,
    chance: random.Random,
    progress: Progress,
) -> None:
    """Let the entries, all of one model and number of threads, take turns for some rounds."""
    turns: dict[Key, list[Record]] = {entry.key: [] for entry in entries}
    with ExitStack() as stack:
        running = {}
        for entry in entries:
            progress(str(entry.key))
            with _noted(entry, results):
                running[entry.key] = stack.enter_context(Contender(entry))
                results.starts.append(_start(phase, entry, 0, running[entry.key]))
        for number in range(rounds):
            for entry in chance.sample(list(entries), len(entries)):
                progress(str(entry.key))
                if entry.key in results.failures:
                    continue
                with _noted(entry, results):
                    turns[entry.key].append(Record(phase, entry.key, number, running[entry.key].turn(seconds)))
    for records in turns.values():
        results.records += records


def cold_starts(
    entries: Sequence[Entry], results: Results, *, rounds: int, chance: random.Random, progress: Progress
) -> None:
    """Start each entry anew in every round."""
    for number in range(rounds):
        for entry in chance.sample(list(entries), len(entries)):
            progress(f"start of {entry.key.title}")
            with _noted(entry, results), Contender(entry) as contender:
                results.starts.append(_start("starts", entry, number, contender))


def _start(phase: str, entry: Entry, number: int, contender: Contender) -> Start:
    ready = contender.ready
    return Start(phase, entry.key, number, ready["started"], ready.get("resident", 0))


@contextmanager
def _noted(entry: Entry, results: Results) -> Iterator[None]:
    try:
        yield
    except ContenderError as error:
        results.failures[entry.key] = str(error)
