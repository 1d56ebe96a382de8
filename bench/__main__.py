"""How fast edgevision is, against the bare interpreter, a straightforward loop and its peers: `make bench`.

    python -m bench --models ssd,v2 --cameras 1,4 --threads 1,2 --seconds 3 --rounds 5
    python -m bench --quick

docs/benchmark.md tells what is measured and how to read it.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from bench.contest import ROOT
from bench.figures import figures, rows
from bench.machine import describe
from bench.plan import BUNDLED, CONTENDERS, Plan, default_models, find_model, measure
from bench.tables import figure_table, machine_text, result_table

QUICK = {"seconds": 0.5, "rounds": 3, "cameras": (1, 4), "deep": 1}
"""About two minutes, and rough."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, show, and write JSON and the plot."""
    options = _parser().parse_args(arguments)
    console = Console(width=None if sys.stdout.isatty() else 140)
    plan = _plan(options)
    if options.models is None and plan.models[0].name == BUNDLED:
        console.print("The folder of test models isn't here: the bundled model is measured, with the demo's pictures.")
    machine = describe()
    console.print(machine_text(machine), highlight=False)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as bar:
        task = bar.add_task("the peers' environments" if "peers" in plan.contenders else "", total=None)
        bar.update(task, total=plan.steps)
        results = measure(plan, lambda what: bar.update(task, description=f"{what:44.44}", advance=1))
    table, reached = rows(results), figures(results)
    console.print(result_table(table))
    console.print(figure_table(reached))
    for what, why in results.failures.items():
        console.print(f"[red]{what} failed:[/] {why}", highlight=False)
    said = {
        "machine": machine,
        "plan": json.loads(json.dumps(asdict(plan), default=str)),
        "rows": [asdict(row) for row in table],
        "figures": [{**asdict(one), "met": one.met} for one in reached],
        "turns": [{**asdict(one), "turn": one.turn._asdict()} for one in results.records],
        "starts": [asdict(one) for one in results.starts],
        "idle": results.idle,
        "failures": {str(key): why for key, why in results.failures.items()},
    }
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(said, indent=1) + "\n")
    # Only here: nothing of it is to be in memory while others are measured.
    from bench.plot import plot

    plot(table, options.plot, machine_text(machine))
    console.print(f"{options.json}\n{options.plot}", highlight=False)


def _plan(options: argparse.Namespace) -> Plan:
    wanted = {
        "models": tuple(find_model(name) for name in options.models or default_models()),
        "contenders": tuple(name for name in CONTENDERS if name not in (options.without or ())),
        "seed": options.seed,
        **(QUICK if options.quick else {}),
    }
    given = {name: getattr(options, name) for name in ("cameras", "threads", "seconds", "rounds")}
    return Plan(**wanted | {name: value for name, value in given.items() if value is not None})


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=(__doc__ or "").splitlines()[0])
    folder = ROOT / "build"
    parser.add_argument("--models", type=_words, help="ssd, v2, v1-small, person, or files: a,b,c (default: all here)")
    parser.add_argument("--cameras", type=_counts, help="numbers of cameras (default: 1,2,4)")
    parser.add_argument("--threads", type=_counts, help="numbers of inference threads (default: 1,2)")
    parser.add_argument("--seconds", type=_positive, help="of each turn (default: 3)")
    parser.add_argument("--rounds", type=_count, help="turns of each contender (default: 5)")
    parser.add_argument("--seed", type=int, default=1, help="of the frames and the order of turns (default: 1)")
    parser.add_argument("--quick", action="store_true", help="short turns, daemon and peers with the first model only")
    parser.add_argument("--without", type=_parts, help=f"leave out some of: {','.join(CONTENDERS)}")
    parser.add_argument("--json", type=Path, default=folder / "bench.json", help="where results go (%(default)s)")
    parser.add_argument("--plot", type=Path, default=folder / "bench.png", help="where the plot goes (%(default)s)")
    return parser


def _words(text: str) -> tuple[str, ...]:
    words = tuple(word.strip() for word in text.split(",") if word.strip())
    if not words:
        raise argparse.ArgumentTypeError("nothing is named")
    return words


def _parts(text: str) -> tuple[str, ...]:
    for word in (words := _words(text)):
        if word not in CONTENDERS:
            raise argparse.ArgumentTypeError(f"{word!r} is none of {', '.join(CONTENDERS)}")
    return words


def _counts(text: str) -> tuple[int, ...]:
    return tuple(dict.fromkeys(_count(word) for word in _words(text)))


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not at least 1")
    return number


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < 3600:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 3600")
    return number


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
