"""How a contender answers: one line of JSON when its first result is there, then one for each turn.

    < {"ready": true, "started": 0.31, "resident": 70000000}
    > {"seconds": 3}
    < {"frames": 440, "seconds": 3.0, "cpu": 2.9, "resident": 71000000}

It needs nothing but Python's standard library, so contenders of other virtual environments can use it.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TextIO

WARM_UP = 0.3
"""Seconds at most that a contender runs before each turn."""


class Turn(NamedTuple):
    """What came of one turn: `cpu` in seconds, of all threads; `resident` in bytes.

    `each` counts the frames of each camera, where there are several. `started` is a daemon's own start: seconds to the
    first detection. `latency` and `beyond` are milliseconds from capture to subscriber, with and without the model's,
    by "p50", "p95" and "p99".
    """

    frames: int
    seconds: float
    cpu: float
    resident: int
    each: Sequence[int] = ()
    started: float | None = None
    latency: dict[str, float] | None = None
    beyond: dict[str, float] | None = None


def serve(
    settings: dict[str, Any], run: Callable[[float], Turn], *, warm_up: bool = True, out: TextIO | None = None
) -> None:
    """Say that the first result is there, then `run` for as many seconds as each line asks, to the end of the lines.

    Answers go to `out`, by default to stdout.
    """
    out = out or sys.stdout
    started = time.monotonic() - settings["spawned"]
    print(json.dumps({"ready": True, "started": started, "resident": resident("self")}), file=out, flush=True)
    for line in sys.stdin:
        seconds = float(json.loads(line)["seconds"])
        if warm_up:
            run(min(WARM_UP, seconds / 2))
        print(json.dumps(run(seconds)._asdict()), file=out, flush=True)


def loop(once: Callable[[], object], seconds: float) -> Turn:
    """Call `once` for a frame, again and again."""
    frames, cpu, begun = 0, time.process_time(), time.perf_counter()
    while (elapsed := time.perf_counter() - begun) < seconds:
        once()
        frames += 1
    return Turn(frames, elapsed, time.process_time() - cpu, resident("self"))


def resident(pid: int | str) -> int:
    """The resident set of a process, in bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(pid: int) -> float:
    """What a process has had of the processor so far, threads that have ended included.

    Every process has a clock for that, whose number is made of its own (clock_getcpuclockid(3)).
    """
    return time.clock_gettime(~pid << 3 | 2)


class Stamp(NamedTuple):
    """When a frame was done, and how much CPU time had been taken until then: seconds of clocks that never go back."""

    time: float
    cpu: float


def steady(stamps: Sequence[Stamp], begun: float, ended: float) -> tuple[int, float, float]:
    """Frames, seconds and CPU seconds from the last frame before `begun`, else the first one after, to the last one.

    `stamps` are in order. So frames are counted whole, and a pause counts, too, wherever it is.
    """
    until = [stamp for stamp in stamps if stamp.time <= ended]
    before = sum(stamp.time < begun for stamp in until)
    inside = until[max(before - 1, 0) :]
    if len(inside) < 2:
        return 0, ended - begun, 0.0
    return len(inside) - 1, inside[-1].time - inside[0].time, inside[-1].cpu - inside[0].cpu
