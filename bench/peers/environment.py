"""The environments the peers run in, made by pip on first use and kept.

    python -m bench.peers.environment

Makes all of them and says which can't be had here; 13 s and 600 MB the largest.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from bench.peers import CACHE, PEERS, Peer

STAMP = "made-for"
"""File in a finished environment: for which Python, and with what."""


class EnvironmentMissingError(Exception):
    """A peer's environment can't be made here; the message says why."""


def python(peer: Peer, cache: Path = CACHE) -> Path:
    """The Python of a peer's environment, which is made if need be.

    Raises EnvironmentMissingError: no network, no wheel for this Python or machine, no room on the disk.
    """
    if (found := existing(peer, cache)) is None:
        make(peer, cache)
        found = folder(peer, cache) / "bin" / "python"
    return found


def existing(peer: Peer, cache: Path = CACHE) -> Path | None:
    """The Python of a peer's environment, if that was made before for this Python and these packages."""
    place = folder(peer, cache)
    try:
        made_for = (place / STAMP).read_text()
    except FileNotFoundError:
        return None
    return place / "bin" / "python" if made_for == stamp(peer) else None


def make(peer: Peer, cache: Path = CACHE) -> None:
    """Make a peer's environment anew. Raises EnvironmentMissingError."""
    place = folder(peer, cache)
    shutil.rmtree(place, ignore_errors=True)
    venv = [sys.executable, "-m", "venv", str(place)]
    pip = [str(place / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--retries=1", "install"]
    # Only wheels: building one from source takes compilers and, on a Pi, hours.
    for command in (venv, [*pip, "--quiet", "--only-binary=:all:", *peer.packages]):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode:
            shutil.rmtree(place, ignore_errors=True)
            raise EnvironmentMissingError(
                f"{peer.name} can't be installed here: {reason(done.stdout)} (it takes a network, 600 MB, and wheels "
                f"for Python {sys.version_info.major}.{sys.version_info.minor} on {os.uname().machine})"
            )
    (place / STAMP).write_text(stamp(peer))


def reason(output: str) -> str:
    """What a failed command said last, pip's own errors before anything else."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR:")]
    return (errors or lines or ["it gave no reason"])[-1].removeprefix("ERROR:").strip()


def folder(peer: Peer, cache: Path = CACHE) -> Path:
    """Where a peer's environment is."""
    return cache / peer.file.stem


def stamp(peer: Peer) -> str:
    """What an environment has to have been made for."""
    return f"{sys.version.split()[0]} {os.uname().machine} {' '.join(peer.packages)}\n"


def main() -> None:
    """Make all that can be made."""
    for peer in PEERS:
        try:
            print(f"{peer.name}: {python(peer)}", flush=True)
        except EnvironmentMissingError as error:
            print(f"{peer.name}: skipped: {error}", flush=True)


if __name__ == "__main__":
    main()
