"""The tables on the terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.table import Table

from bench.figures import Figure, Row


def result_table(rows: Sequence[Row]) -> Table:
    """A row for each contender."""
    table = Table(title="Medians over the rounds", box=box.SIMPLE_HEAD)
    table.add_column("model", no_wrap=True)
    table.add_column("contender", no_wrap=True)
    for header in ("frames/s", "/ bare", "CPU ms", "MB", "start s", "latency ms", "beyond ms"):
        table.add_column(header, justify="right")
    before = None
    for row in rows:
        group = row.key.group
        if before not in (None, group):
            table.add_section()
        table.add_row(
            group if group != before else "",
            row.key.title,
            f"{row.fps:.1f}",
            _number(row.relative, 3),
            _number(row.cpu and row.cpu * 1000, 3),
            f"{row.resident / 1e6:.0f}",
            _number(row.started, 2),
            _percentiles(row.latency),
            _percentiles(row.beyond),
        )
        before = group
    table.caption = (
        "CPU a frame; MB: resident set; start: to the first result;"
        " latency: from capture to subscriber, p50 / p95 / p99; beyond: less the model's"
    )
    return table


def figure_table(figures: Sequence[Figure]) -> Table:
    """A row for each figure that was measured."""
    table = Table(title="Figures", box=box.SIMPLE_HEAD)
    table.add_column("", justify="right")
    table.add_column("figure")
    table.add_column("target", justify="right", no_wrap=True)
    table.add_column("measured", justify="right", no_wrap=True)
    table.add_column("")
    for one in figures:
        unit = f" {one.unit}" if one.unit else ""
        table.add_row(
            str(one.number),
            one.what,
            f"{'≤' if one.at_most else '≥'} {one.target:g}{unit}",
            f"{one.measured:.3f}{unit}",
            "[green]yes[/]" if one.met else "[red]no[/]",
        )
    return table


def machine_text(machine: Mapping[str, Any]) -> str:
    """The machine on two lines."""
    load = ", ".join(f"{one:.2f}" for one in machine["load"])
    return (
        f"{machine['processor'] or machine['architecture']}, {machine['cores']} cores, Linux {machine['kernel']};"
        f" load at the start {load}\n"
        f"Python {machine['python']}, {machine['runtime']}, OpenCV {machine['opencv']}, NumPy {machine['numpy']},"
        f" edgevision {machine['edgevision']}"
    )


def _number(value: float | None, decimals: int) -> str:
    return "" if value is None else f"{value:.{decimals}f}"


def _percentiles(values: Mapping[str, float] | None) -> str:
    return "" if values is None else " / ".join(f"{values[name]:.1f}" for name in ("p50", "p95", "p99"))
