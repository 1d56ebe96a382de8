"""How a peer takes part: as any contender (see `bench.turns`), but it may be unable to, and its libraries print.

It runs as `python FILE SETTINGS`, settings as one JSON object: `model` a .tflite file, `labels` its labels or null,
`threads` a number, `frames` a folder of pictures for each camera, of which it takes the first. When it can't run, it
answers `{"unable": "why"}`, says so on stderr, too, and ends.
"""

import itertools
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from textwrap import shorten
from typing import Any, NamedTuple

from bench.turns import loop, serve

Step = Callable[[], Any]
"""All the work for one frame."""


class Settings(NamedTuple):
    """What a peer is told, but for when it was spawned."""

    model: Path
    labels: Path | None
    threads: int
    frames: Path


class UnableError(Exception):
    """A peer can't run: it doesn't take this model, or a part of it isn't there."""


def enter(load: Callable[[Settings, ExitStack], Step], once: Callable[[Settings], object]) -> None:
    """Load, take the first frame, then serve; what `load` puts on the stack is closed at the end.

    What `once` does (converting the model) is kept for later runs, so it doesn't count as time to start.
    """
    began = time.monotonic()
    # Native libraries print on stdout: that goes to stderr, and the answers have the pipe to themselves.
    sys.stdout = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    told = json.loads(sys.argv[1])
    labels = Path(told["labels"]) if told["labels"] else None
    settings = Settings(Path(told["model"]), labels, told["threads"], Path(told["frames"][0]))
    with ExitStack() as open_parts:
        try:
            before = time.monotonic()
            once(settings)
            made = time.monotonic() - before
            step = load(settings, open_parts)
            step()
        except (UnableError, ImportError) as error:
            why = shorten(str(error), 200)
            print(json.dumps({"unable": why}), flush=True)
            sys.exit(f"unable: {why}")
        serve({"spawned": told.get("spawned", began) + made}, lambda seconds: loop(step, seconds))


def pictures(folder: Path) -> Iterator[Any]:
    """The frames of a folder, (720, 1280, 3) uint8 in blue, green, red, round and round."""
    import cv2

    return itertools.cycle([cv2.imread(str(path)) for path in sorted(folder.glob("*.bmp"))])
