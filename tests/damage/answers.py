"""What became of the files of a corpus."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

GISTS = (
    "crashes",
    "no sign of life",
    "of memory",
    "can't be opened",
    "can't be read",
    "isn't UTF-8",
    "needs an operator",
    "is not a .tflite",
    "larger than",
    "several label files",
    "labels numbered",
    "no labels",
    "has the input",
    "has the output",
)
"""What tells the messages apart."""

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer to one damaged file, and the seconds it took."""

    number: int
    kind: str
    answer: str
    text: str
    seconds: float


def answers(count: int, models: Mapping[Path, Path | None]) -> list[Answered]:
    """The answers to files 0 to `count` made of `models`, worked on by as many processes as there are cores.

    The labels of each model lie beside the damaged file; None: the model has them inside.

    Raises AssertionError when a process dies, or says anything on its standard error that isn't the runtime's.
    """
    workers = len(os.sched_getaffinity(0))
    named = [f"{model}={labels}" if labels else str(model) for model, labels in models.items()]
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.damage.worker", str(start), str(count), str(workers), *named],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for start in range(workers)
    ]
    answered = []
    for process in processes:
        said, complaint = process.communicate()
        lines = [Answered(**json.loads(line)) for line in said.splitlines()]
        last = lines[-1].number if lines else None
        assert process.returncode == 0, f"after file {last}: exit status {process.returncode}\n{complaint[-2000:]}"
        assert "Traceback" not in complaint, complaint[-2000:]
        answered += lines
    return sorted(answered, key=lambda one: one.number)


def table(answered: Sequence[Answered]) -> str:
    """How many files of each kind got which answer."""
    counts = Counter((one.kind, one.answer, _gist(one.text)) for one in answered)
    return "\n".join(
        f"{count:5} {kind:22} {answer:12} {gist}" for (kind, answer, gist), count in sorted(counts.items())
    )


def _gist(text: str) -> str:
    """The kind of a message: without what differs from file to file."""
    for words in GISTS:
        if words in text:
            return words
    return text[-60:]
