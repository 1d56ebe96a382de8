"""`edgevision models pull`."""

import sys
from contextlib import ExitStack
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.progress import Progress as Bar

from edgevision.cli.models_list import state_dir_of
from edgevision.config.nearest import did_you_mean
from edgevision.errors import DownloadError
from edgevision.modeltools.catalogue import CatalogueModel, catalogue
from edgevision.modeltools.download import Progress
from edgevision.modeltools.mirror import Mirror, mirror_at
from edgevision.modeltools.pull import pull_model
from edgevision.modeltools.pulled import models_folder


def pull_named(name: str, config: Path | None, source: str | None) -> None:
    """Get the model of that name, telling how it goes.

    Raises typer.BadParameter for a name or source that makes no sense, ConfigError when the configuration can't be
    read, and DownloadError.
    """
    model, mirror = _model(name), _mirror(source)
    if model.bundled:
        print(f"{name} comes with edgevision: nothing to pull")
        return
    state_dir = state_dir_of(config)
    folder = models_folder(state_dir)
    try:
        with ExitStack() as stack:
            progress: Progress = _Lines()
            if sys.stdout.isatty():
                progress = _Bars(stack.enter_context(_bar()))
            pulled = pull_model(model, state_dir, progress, mirror=mirror)
    except KeyboardInterrupt:
        raise DownloadError("stopped; what came is kept: run the command again to go on") from None
    if not pulled:
        print(f"{name} is here already, and verified: {folder / name}.tflite")
        return
    print(f"{name} is here: {folder / name}.tflite")
    print(f"To use it, write in the configuration: model: {{name: {name}}}")


def _model(name: str) -> CatalogueModel:
    model = catalogue().get(name) or catalogue().get(name.removesuffix(".tflite").lower())
    if model is None:
        hint = did_you_mean(name, catalogue()) or "; `edgevision models list` shows the names"
        raise typer.BadParameter(f"{name!r} is no model of the catalogue{hint}")
    return model


def _mirror(source: str | None) -> Mirror | None:
    try:
        return mirror_at(source) if source is not None else None
    except ValueError as error:
        raise typer.BadParameter(f"--from: {error}") from error


def _bar() -> Bar:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    return Bar(*columns, TimeRemainingColumn(), console=Console(), transient=True)


class _Bars(Progress):
    """A progress bar for what is being fetched."""

    def __init__(self, bar: Bar) -> None:
        self._bar = bar

    def begin(self, place: str, have: int, total: int | None) -> None:
        for task in self._bar.task_ids:
            self._bar.remove_task(task)
        self._task = self._bar.add_task(place.rpartition("/")[2], completed=have, total=total)
        self.say(place)

    def advance(self, count: int) -> None:
        self._bar.advance(self._task, count)

    def say(self, text: str) -> None:
        self._bar.console.print(text, highlight=False, markup=False, soft_wrap=True)


class _Lines(Progress):
    """A line now and then, for logs and pipes."""

    def begin(self, place: str, have: int, total: int | None) -> None:
        self._have, self._total, self._told = have, total, have
        size = "of unknown size" if total is None else f"{total} bytes"
        self.say(f"{place}: {size}" + (f", going on after {have}" if have else ""))

    def advance(self, count: int) -> None:
        self._have += count
        step = self._total / 4 if self._total else 10_000_000
        if self._have - self._told >= step and self._have != self._total:
            self._told = self._have
            self.say(f"  {self._have} bytes" + (f" ({100 * self._have // self._total} %)" if self._total else ""))

    def say(self, text: str) -> None:
        try:
            print(text, flush=True)
        except OSError as error:
            raise DownloadError(f"standard output can't be written ({error.strerror}): what came is kept") from error
