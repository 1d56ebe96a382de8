"""A root is built once and kept until its recipe changes.

The cache is `.cache/roots` in the repository, or EDGEVISION_ROOTS. For each root it has NAME/ itself, NAME.log with
what its build said, and NAME.stamp, written last: a root without it was left half built.
"""

import fcntl
import hashlib
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]


class RootError(RuntimeError):
    """A root can't be built; the message says which step failed and where to read more."""


class Site:
    """Where one root is being built: runs its steps one by one, says which, and keeps what they print in the log."""

    def __init__(self, root: Path, log: Path) -> None:
        self.root = root
        self._log = log

    def run(self, step: str, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        """Run one command. Raises RootError when it fails."""
        print(f"{self.root.name}: {step}", flush=True)
        with self._log.open("a") as log:
            log.write(f"--- {step}: {' '.join(command)}\n")
            log.flush()
            try:
                process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
            except FileNotFoundError as error:
                raise RootError(f"the root {self.root.name!r} can't be built without {command[0]}") from error
            try:
                process.wait()
            except BaseException:
                process.terminate()  # killed, mmdebstrap would leave what it started writing on
                process.wait()
                raise
        if process.returncode != 0:
            said = "\n".join(self._log.read_text(errors="replace").splitlines()[-5:])
            raise RootError(
                f"the root {self.root.name!r} could not be built: {step} failed with exit status {process.returncode}; "
                f"all of it is in {self._log}, which ends:\n{said}"
            )


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to build one root, and all that its content depends on: `inputs` (files) and `requirements` (pip's)."""

    name: str
    build: Callable[[Site], None]
    inputs: tuple[Path, ...]
    requirements: tuple[str, ...]

    def fingerprint(self) -> str:
        """Another one means that a root of before is out of date."""
        digest = hashlib.sha256("\n".join(self.requirements).encode())
        for path in self.inputs:
            digest.update(path.read_bytes())
        return digest.hexdigest()


def cache_folder() -> Path:
    """Where roots and downloaded packages are kept."""
    folder = Path(os.environ.get("EDGEVISION_ROOTS") or REPOSITORY / ".cache/roots").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def ready(recipe: Recipe) -> Path:
    """The root of `recipe`, built now if there is none or it is out of date. Raises RootError."""
    folder = cache_folder()
    root, stamp, log = (folder / f"{recipe.name}{suffix}" for suffix in ("", ".stamp", ".log"))
    with locked(recipe.name):
        if stamp.exists() and stamp.read_text() == recipe.fingerprint():
            return root
        stamp.unlink(missing_ok=True)
        log.unlink(missing_ok=True)
        _remove(root)
        begun = time.monotonic()
        try:
            recipe.build(Site(root, log))
        except BaseException:
            _remove(root)
            raise
        stamp.write_text(recipe.fingerprint())
        print(f"{recipe.name}: ready after {time.monotonic() - begun:.0f} s", flush=True)
    return root


def _remove(root: Path) -> None:
    # enter-root.sh mounts in a namespace of its own; --one-file-system is for what someone mounted by hand.
    subprocess.run(["rm", "-rf", "--one-file-system", str(root)], check=True)


@contextmanager
def locked(name: str) -> Iterator[None]:
    """One at a time: two test runs, or two of pytest's workers, build a root only once."""
    with (cache_folder() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
