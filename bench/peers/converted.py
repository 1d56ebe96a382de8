"""Files that a peer needs in place of the .tflite file, made once and kept."""

import hashlib
import subprocess
import sys
from pathlib import Path

from bench.peers import CACHE
from bench.peers.entrant import UnableError


def converted(model: Path, converter: Path, suffix: str, *arguments: str, cache: Path = CACHE) -> Path:
    """The model as `converter` has made it, a Python file run as `converter MODEL TARGET ARGUMENTS`.

    It runs in a process of its own, so that its libraries don't count as the peer's memory. Raises UnableError with
    what it said last.
    """
    known = b"\0".join([model.read_bytes(), converter.read_bytes(), *(one.encode() for one in arguments)])
    target = cache / "models" / f"{hashlib.sha256(known).hexdigest()[:16]}{suffix}"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_suffix(f".partial{suffix}")
        done = subprocess.run(
            [sys.executable, converter, model, partial, *arguments], stderr=subprocess.PIPE, text=True, check=False
        )
        if done.returncode:
            raise UnableError((done.stderr.strip().splitlines() or [f"{converter.name} failed"])[-1])
        partial.replace(target)
    return target
