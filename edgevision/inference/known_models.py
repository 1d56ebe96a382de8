"""What earlier starts found out about model files, so that this one needn't: kept in the state folder."""

import contextlib
import json
import os
from functools import cached_property
from pathlib import Path

from edgevision import __version__
from edgevision.inference.runtime import load_runtime
from edgevision.regular_file import read_regular_file

MOST_BYTES = 64 * 1024

MOST_MODELS = 100
"""Of more, the newest are remembered."""

_PROCESSOR = ("model name", "CPU implementer", "CPU part", "Features", "flags", "Model")
"""The lines of /proc/cpuinfo that differ where a memory card was put into another machine."""


class KnownModels:
    """The models that were vetted and opened here, by SHA-256, with the number of threads that ran each fastest.

    Of another machine, runtime or version of edgevision nothing is believed, nor is a damaged file. From the first look
    on the file is put aside, until `prove`: a start that a model brings down leaves none, and the next one vets again.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._unproved = path.with_name(f".{path.name}.unproved")

    def __contains__(self, sha256: str) -> bool:
        return sha256 in self._threads

    def threads(self, sha256: str) -> int | None:
        """How many threads were the fastest; None: that was not measured."""
        return self._threads.get(sha256)

    def note(self, sha256: str, threads: int | None) -> None:
        """A model was opened without harm; `threads`: as measured, None where they weren't.

        Where that can't be written, the next start has to find it out again.
        """
        threads = threads or self.threads(sha256)
        if sha256 in self and self.threads(sha256) == threads:
            return
        others = [(known, count) for known, count in self._threads.items() if known != sha256]
        self._threads = dict([*others, (sha256, threads)][-MOST_MODELS:])
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._unproved.write_text(json.dumps({"here": self._here, "threads": self._threads}, indent=1))

    def prove(self) -> None:
        """What was opened since the first look has run too, or won't: the next start may believe it."""
        with contextlib.suppress(OSError):
            self._unproved.replace(self._path)

    @cached_property
    def _threads(self) -> dict[str, int | None]:
        try:
            self._path.replace(self._unproved)
            known = json.loads(read_regular_file(self._unproved, MOST_BYTES))
        except (OSError, ValueError, RecursionError):
            # It may be anything, a pipe too, or left by a start that didn't come far.
            with contextlib.suppress(OSError):
                self._unproved.unlink()
            return {}
        counts = known.get("threads") if isinstance(known, dict) and known.get("here") == self._here else None
        if not isinstance(counts, dict):
            return {}
        cores = len(os.sched_getaffinity(0))
        return {sha256: n for sha256, n in counts.items() if n is None or (type(n) is int and 1 <= n <= cores)}

    @cached_property
    def _here(self) -> list[str]:
        """What must be the same, or a model may behave otherwise."""
        try:
            lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
        except OSError:
            lines = []
        processor = sorted({line for line in lines if line.startswith(_PROCESSOR)})
        return [__version__, str(load_runtime()), os.uname().machine, str(len(os.sched_getaffinity(0))), *processor]
