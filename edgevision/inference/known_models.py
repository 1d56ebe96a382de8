"""What earlier starts found out about model files, so that this one needn't: kept in the state folder."""

import contextlib
import json
import os
import time
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from edgevision import __version__
from edgevision.inference.model_file import sha256_of
from edgevision.inference.runtime import load_runtime
from edgevision.regular_file import read_regular_file

MOST_BYTES = 64 * 1024

MOST_MODELS = 100
"""Of more, the newest are remembered."""

UNTOUCHED = 2.0
"""Seconds: what was changed less than that ago may be changed again within one tick of the file system's clock."""

_PROCESSOR = ("model name", "CPU implementer", "CPU part", "Features", "flags", "Model")
"""The lines of /proc/cpuinfo that differ where a memory card was put into another machine."""


_Value = TypeVar("_Value")


class KnownModels:
    """The models that were vetted and opened here, by SHA-256, with the number of threads that ran each fastest.

    Of another machine, runtime or version of edgevision nothing is believed, nor is a damaged file. From the first look
    on the file is put aside, until `prove`: a start that a model brings down leaves none, and the next one vets again.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._unproved = path.with_name(f".{path.name}.unproved")
        self._read: dict[str, str] = {}

    def __contains__(self, sha256: str) -> bool:
        return sha256 in self._threads

    def threads(self, sha256: str) -> int | None:
        """How many threads were the fastest; None: that was not measured."""
        return self._threads.get(sha256)

    def sha256(self, content: bytes, status: os.stat_result) -> str:
        """The SHA-256 of a file with that content and status. It isn't computed where the file is as it was before."""
        state = ":".join(str(getattr(status, f"st_{name}")) for name in ("dev", "ino", "size", "mtime_ns", "ctime_ns"))
        sha256 = self._files.get(state) or sha256_of(content)
        if time.time() - status.st_ctime > UNTOUCHED:
            self._read[sha256] = state
        return sha256

    def note(self, sha256: str, threads: int | None) -> None:
        """A model was opened without harm; `threads`: as measured, None where they weren't.

        Where that can't be written, the next start has to find it out again.
        """
        threads = threads or self.threads(sha256)
        state = self._read.get(sha256)
        if sha256 in self and self.threads(sha256) == threads and (state is None or state in self._files):
            return
        self._threads = _newest(self._threads, sha256, threads)
        if state is not None:
            self._files = _newest(self._files, state, sha256)
        content = {"here": self._here, "threads": self._threads, "files": self._files}
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._unproved.write_text(json.dumps(content, indent=1))

    def prove(self) -> None:
        """What was opened since the first look has run too, or won't: the next start may believe it."""
        with contextlib.suppress(OSError):
            self._unproved.replace(self._path)

    @cached_property
    def _threads(self) -> dict[str, int | None]:
        cores = len(os.sched_getaffinity(0))
        counts = self._mapping("threads")
        return {sha256: n for sha256, n in counts.items() if n is None or (type(n) is int and 1 <= n <= cores)}

    @cached_property
    def _files(self) -> dict[str, str]:
        """By what tells one state of a file from another, the SHA-256 of what was in it."""
        return {state: known for state, known in self._mapping("files").items() if type(known) is str and known in self}

    def _mapping(self, key: str) -> dict[str, Any]:
        found = self._content.get(key)
        return found if isinstance(found, dict) else {}

    @cached_property
    def _content(self) -> dict[str, Any]:
        try:
            self._path.replace(self._unproved)
            known = json.loads(read_regular_file(self._unproved, MOST_BYTES))
        except (OSError, ValueError, RecursionError):
            # It may be anything, a pipe too, or left by a start that didn't come far.
            with contextlib.suppress(OSError):
                self._unproved.unlink()
            return {}
        return known if isinstance(known, dict) and known.get("here") == self._here else {}

    @cached_property
    def _here(self) -> list[str]:
        """What must be the same, or a model may behave otherwise."""
        try:
            lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
        except OSError:
            lines = []
        processor = sorted({line for line in lines if line.startswith(_PROCESSOR)})
        return [__version__, str(load_runtime()), os.uname().machine, str(len(os.sched_getaffinity(0))), *processor]


def _newest(known: dict[str, _Value], key: str, value: _Value) -> dict[str, _Value]:
    others = [(other, old) for other, old in known.items() if other != key]
    return dict([*others, (key, value)][-MOST_MODELS:])
