"""`edgevision models bench`."""

import json
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from edgevision.cli.text_table import TextTable, printable, show_facts, show_table
from edgevision.errors import ConfigError, EdgeVisionError
from edgevision.inference.edgetpu.delegate import Accelerator
from edgevision.inference.threads import thread_counts
from edgevision.modeltools.bench import BenchReport, bench_file, to_json
from edgevision.modeltools.bench import Progress as Told

MOST_THREADS = 256
MIB = 1024 * 1024


def parse_threads(text: str | None) -> list[int]:
    """`1,2,4` as numbers, each once and in the order given; None: 1, 2, 4 … up to the cores.

    Raises BadParameter with what was expected.
    """
    if text is None:
        return thread_counts()
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() and 1 <= int(part[:9]) <= MOST_THREADS for part in parts):
        raise typer.BadParameter(f"{text!r} is not a list of numbers from 1 to {MOST_THREADS}, such as 1,2,4")
    return list(dict.fromkeys(int(part) for part in parts))


def parse_accelerator(text: str) -> Accelerator:
    """What the option names. Raises BadParameter with what was expected."""
    try:
        return Accelerator.parse(text)
    except ConfigError as error:
        raise typer.BadParameter(str(error)) from error


def bench_model(path: Path, threads: Sequence[int], seconds: float, accelerator: Accelerator, *, as_json: bool) -> None:
    """Measure the model and print how fast it is. Raises ModelError when it can't be used, crashes, or hangs."""
    # The progress is no part of the result: that may go into a file.
    told = Console(stderr=True)
    bars = Progress(TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn(), console=told, transient=True)
    showing: AbstractContextManager[object] = bars if told.is_terminal else nullcontext()

    def begin(count: int) -> Told:
        what = f"{count} thread{'s' if count > 1 else ''}"
        if not told.is_terminal:
            print(f"measuring with {what}, about {seconds:g} s", file=sys.stderr, flush=True)
            return lambda done: None
        bar = bars.add_task(what, total=1.0)
        return lambda done: bars.update(bar, completed=done)

    try:
        with showing:
            report = bench_file(path, threads, seconds, begin, accelerator)
    except KeyboardInterrupt:
        raise EdgeVisionError("stopped: nothing has been measured to its end") from None
    if as_json:
        print(json.dumps(to_json(report), allow_nan=False))
        return
    console = Console(highlight=False)
    show_facts(console, [(name, printable(fact)) for name, fact in _facts(report)])
    show_table(console, _table(report))


def _facts(report: BenchReport) -> list[tuple[str, str]]:
    machine, first = report.machine, report.measurements[0]
    named = f"{machine.model}, " if machine.model else ""
    return [
        ("file", f"{report.path}, {report.bytes:,} bytes"),
        ("machine", f"{named}{machine.architecture}, {machine.cores} cores"),
        ("runtime", first.runtime),
        ("accelerator", first.accelerator),
        ("measured", "p50, p95, frames/s: invoke() alone; picture: ms (p50) to bring 1280x720 into the input besides"),
        ("", "MiB: resident memory of a process with this model only; model MiB: what the model adds there"),
    ]


def _table(report: BenchReport) -> TextTable:
    headers = ("threads", "invokes", "p50 ms", "p95 ms", "frames/s", "picture", "MiB", "model MiB")
    rows = [
        (
            str(one.threads),
            str(one.invokes),
            f"{one.p50_ms:.2f}",
            f"{one.p95_ms:.2f}",
            f"{one.frames_per_second:.1f}",
            "-" if one.preprocess_p50_ms is None else f"{one.preprocess_p50_ms:.2f}",
            f"{one.memory / MIB:.1f}",
            f"{one.model_memory / MIB:.1f}",
        )
        for one in report.measurements
    ]
    return TextTable("Speed", headers, rows, frozenset(headers))
