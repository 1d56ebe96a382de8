"""`edgevision models list`."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from edgevision.config.defaults import DEFAULT_CONFIG, DEFAULT_STATE_DIR
from edgevision.config.loader import load_state_dir
from edgevision.errors import EdgeVisionError
from edgevision.modeltools.catalogue import CatalogueModel, catalogue
from edgevision.modeltools.pulled import State, state_of

_TABLE = ("name", "here", "task", "input", "classes", "MB", "accuracy", "licence")
_GAP = 2
_STYLES: Mapping[str, str] = {"bundled": "green", "pulled": "green", "damaged": "red", "not here": "dim"}


def list_models(config: Path | None, *, as_json: bool) -> None:
    """Print the models that have a name: a table on a terminal, tab-separated lines elsewhere, or JSON.

    Raises ConfigError when the `state_dir` of the configuration can't be had, and EdgeVisionError when what is in it
    can't be read.
    """
    state_dir = state_dir_of(config)
    states = {model.name: _state(model, state_dir) for model in catalogue().values()}
    if as_json:
        entries = [{**model.model_dump(mode="json"), "state": states[model.name]} for model in catalogue().values()]
        print(json.dumps(entries, indent=2, ensure_ascii=False))
    elif sys.stdout.isatty():
        _print_table(states)
    else:
        for model in catalogue().values():
            print("\t".join((*_columns(model), states[model.name], _checksum(model), model.model.url or "-")))


def state_dir_of(config: Path | None) -> Path:
    """The `state_dir` of a configuration; None: of the default one where there is one, else the default.

    Raises ConfigError.
    """
    if config is None:
        return load_state_dir(DEFAULT_CONFIG) if DEFAULT_CONFIG.exists() else DEFAULT_STATE_DIR
    return load_state_dir(config)


def _state(model: CatalogueModel, state_dir: Path) -> State:
    try:
        return state_of(model, state_dir)
    except OSError as error:
        raise EdgeVisionError(f"{error.filename or state_dir} can't be read ({error.strerror})") from error


def _print_table(states: Mapping[str, State]) -> None:
    """A row a model, or, where the terminal is too narrow for that, its name and the rest below."""
    console = Console()
    rows = [dict(zip(_TABLE, _cells(model, states[model.name]), strict=True)) for model in catalogue().values()]
    width = sum(max(len(column), *(len(row[column]) for row in rows)) + _GAP for column in _TABLE)
    if width - _GAP <= console.width:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in _TABLE:
            table.add_column(column, justify="right" if column in ("classes", "MB") else "left")
        for row in rows:
            table.add_row(*(Text(row[column], style=_STYLES.get(row[column], "")) for column in _TABLE))
        console.print(table)
    else:
        for row in rows:
            console.print(
                Text.assemble((row["name"], "bold"), "  ", (row["here"], _STYLES[row["here"]])), overflow="fold"
            )
            classes = {"-": "no classes", "1": "1 class"}.get(row["classes"], f"{row['classes']} classes")
            known = [f"{row['MB']} MB"] * (row["MB"] != "-") + [row["accuracy"]] * (row["accuracy"] != "-")
            facts = ", ".join([row["task"], row["input"], classes, *known, row["licence"]])
            console.print(Padding(Text(facts), (0, 0, 0, 2)))
    print("\nedgevision models pull NAME gets one; model: {name: NAME} in the configuration uses it.")


def _cells(model: CatalogueModel, state: State) -> tuple[str, ...]:
    name, task, size, classes, count, accuracy, licence = _columns(model)
    megabytes = f"{int(count) / 1e6:.1f}" if count != "-" else "-"
    return name, state, task, size, classes, megabytes, accuracy, licence


def _columns(model: CatalogueModel) -> tuple[str, ...]:
    """Name, task, input, classes, bytes, accuracy, licence; `-` for what isn't known or isn't."""
    values = (model.classes, None if model.model.member else model.model.bytes, model.accuracy)
    classes, size, accuracy = ("-" if value is None else str(value) for value in values)
    return model.name, model.task, str(model.input), classes, size, accuracy, model.licence


def _checksum(model: CatalogueModel) -> str:
    return f"sha256:{model.model.sha256}" if model.model.sha256 else f"git:{model.model.git_blob}"
