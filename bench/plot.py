"""The results as a picture."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from bench.figures import Row

COLOURS = {"bare": "#888888", "straightforward": "#d1903f", "pipeline": "#3477b4", "daemon": "#2a9d62"}
PEER = "#b05a8a"


def plot(rows: Sequence[Row], path: Path, subtitle: str) -> None:
    """Write a PNG: for each model and number of threads, speed against the bare interpreter's and CPU a frame."""
    groups = list(dict.fromkeys(row.key.group for row in rows))
    each = [[row for row in rows if row.key.group == group] for group in groups]
    figure = Figure(figsize=(14, 1.2 + sum(0.9 + 0.26 * len(one) for one in each)), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(subtitle, fontsize=9)
    heights = [2 + len(one) for one in each]
    axes = figure.subplots(len(groups), 2, squeeze=False, gridspec_kw={"height_ratios": heights})
    for group, members, (speed, cpu) in zip(groups, each, axes, strict=True):
        _bars(speed, members, [row.relative or 0.0 for row in members], f"{group}: frames a second / bare", "{:.2f}")
        speed.axvline(1.0, color="#cccccc", linewidth=0.8, zorder=0)
        milliseconds = [1000 * (row.cpu or 0.0) for row in members]
        _bars(cpu, members, milliseconds, f"{group}: CPU ms a frame", "{:.2f}")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=100)


def _bars(axes: Axes, rows: Sequence[Row], values: Sequence[float], title: str, text: str) -> None:
    places = range(len(rows))
    bars = axes.barh(places, values, color=[COLOURS.get(row.key.name, PEER) for row in rows])
    axes.bar_label(bars, labels=[text.format(value) for value in values], padding=3, fontsize=8)
    axes.set_yticks(places, [row.key.title for row in rows], fontsize=8)
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.set_title(title, fontsize=9, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
