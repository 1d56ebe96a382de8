"""The benchmark's peers: other ways from frame to result, by libraries that the package registry has.

Each is a contender (see `bench.peers.entrant`) with an environment of its own (see `bench.peers.environment`). Only the
standard library is used here, for the peers' own Python reads this, too.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bench.contest import Entry
    from bench.plan import ModelFile

HERE = Path(__file__).parent
CACHE = HERE.parents[1] / ".cache" / "peers"
"""Environments and converted models; not in git, and made again when it is gone."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A library's straightforward loop: its name, its contender's file, and what pip is to install for it.

    `takes_threads` tells whether its user can say how many threads infer. Which models it takes its contender says.
    """

    name: str
    file: Path
    packages: tuple[str, ...]
    takes_threads: bool


PEERS = (
    Peer("MediaPipe Tasks", HERE / "mediapipe_tasks.py", ("mediapipe",), takes_threads=False),
    Peer(
        "ONNX Runtime",
        HERE / "onnx_runtime.py",
        ("onnxruntime", "onnx", "tflite", "flatbuffers", "opencv-python-headless"),
        takes_threads=True,
    ),
)


def entries(model: ModelFile, threads: int, settings: dict[str, Any]) -> list[Entry]:
    """The peers as entries of the benchmark, without those that infer with one thread whatever is asked."""
    from bench.contest import Entry, Key

    able = (peer for peer in PEERS if threads == 1 or peer.takes_threads)
    return [Entry(Key(model.name, threads, peer.name), _command(peer), settings) for peer in able]


@cache
def _command(peer: Peer) -> tuple[str, ...]:
    """What starts it, its environment being made if need be; else what says why it can't be, when it is started."""
    from bench.peers.environment import EnvironmentMissingError, python

    try:
        return str(python(peer)), str(peer.file)
    except EnvironmentMissingError as error:
        return sys.executable, "-c", "import sys; print(sys.argv[1])", json.dumps({"unable": f"skipped: {error}"})
