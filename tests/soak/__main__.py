"""The trials as a program: `make soak`, or `python -m tests.soak --rounds 200 --seconds 3600`. Takes root.

Ends with 1 when a promise was broken.
"""

import argparse
import os
import random
import signal
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from types import FrameType

from tests.soak.endurance import EnduranceFigures, endure
from tests.soak.kill_rounds import KillFigures, kill_rounds
from tests.soak.stage import Stage
from tests.soak.verdict import Verdict


def main() -> int:
    """Run what the options say; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--rounds", type=int, default=200, help="how often the daemon is killed (0: not)")
    parser.add_argument("--seconds", type=float, default=3600, help="how long one must last (0: not)")
    parser.add_argument("--seed", type=int, default=None, help="of the chances taken; as printed by a run before")
    parser.add_argument("--folder", type=Path, default=None, help="where to leave logs and databases")
    options = parser.parse_args()
    if os.geteuid():
        sys.exit("the trials make a network of their own, which takes root: sudo make soak")
    signal.signal(signal.SIGTERM, _interrupt)  # so that everything is cleared away
    seed = options.seed if options.seed is not None else random.randrange(1_000_000)
    say(f"seed {seed}")
    broken: list[str] = []
    with tempfile.TemporaryDirectory(prefix="edgevision-soak-") as name:
        folder = options.folder or Path(name)
        if options.rounds:
            with Stage(folder / "kills") as stage:
                kills = kill_rounds(stage, options.rounds, random.Random(seed), say)
            broken += kills.broken
            print_kills(kills)
        if options.seconds:
            with Stage(folder / "endurance") as stage:
                endurance = endure(stage, options.seconds, random.Random(seed), say)
            broken += endurance.broken
            print_endurance(endurance)
    for sentence in broken:
        say(f"BROKEN: {sentence}")
    return 1 if broken else 0


def say(line: str) -> None:
    """Print with the time."""
    print(f"{datetime.now():%H:%M:%S} {line}", flush=True)


def print_kills(figures: KillFigures) -> None:
    """As a table."""
    _table(
        f"{figures.rounds} rounds, each ended by SIGKILL, in {figures.seconds:.0f} s",
        {
            **dict(sorted(figures.faults.items())),
            **_events(figures.verdict),
            "events sent to the broker, repetitions included": figures.events_passed,
            "sessions the broker has forgotten": figures.sessions_lost,
            "processes left behind": figures.left_behind,
        },
    )


def print_endurance(figures: EnduranceFigures) -> None:
    """As a table."""
    rows = {
        f"{one.name}, by quarters": f"{'  '.join(f'{value:.5g}' for value in one.medians)}  ({one.growth:+.1%})"
        for one in figures.quarters
    }
    _table(
        f"{figures.seconds:.0f} s at full speed",
        {
            **dict(sorted(figures.faults.items())),
            **_events(figures.verdict),
            "sessions the broker has forgotten": figures.sessions_lost,
            "camera had back": figures.recoveries,
            "frames a second through the models": f"{figures.fps:.1f}",
            "CPU seconds a second": f"{figures.cpu:.2f}",
            **rows,
        },
    )


def _events(verdict: Verdict) -> dict[str, object]:
    return {
        "events written": verdict.written,
        "tracks": verdict.tracks,
        "tracks without an end": len(verdict.unended),
        "events arrived": verdict.arrived,
        "of these repeated": verdict.repeated,
        "lost by the broker after acknowledging": len(verdict.lost_by_broker),
        "lost": len(verdict.lost),
        "out of order": len(verdict.overtaken),
        "altered": len(verdict.altered),
        "never on disk": len(verdict.unwritten),
    }


def _table(title: str, rows: dict[str, object]) -> None:
    print(f"\n{title}")
    for name, value in rows.items():
        print(f"  {name:50} {value}")
    print(flush=True)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
