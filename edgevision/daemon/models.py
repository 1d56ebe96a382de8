"""Opening each model that the configuration uses once."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from edgevision.config.config import Config
from edgevision.config.defaults import DEFAULT_STATE_DIR
from edgevision.daemon.scene_rules import label_names, scene_rules, unknown_labels
from edgevision.errors import ConfigError, LabelsError, ModelError
from edgevision.inference.accelerated import AcceleratedModel
from edgevision.inference.bundled import BUNDLED_MODELS, bundled_model
from edgevision.inference.edgetpu.delegate import Accelerator, named_twice
from edgevision.inference.known_models import KnownModels
from edgevision.inference.model_file import beside
from edgevision.inference.normalization import Normalization
from edgevision.inference.opening import Choice, devices_for, open_accelerated
from edgevision.inference.twins import Pair, find_pair
from edgevision.record import record
from edgevision.scene.filters import least_score

if TYPE_CHECKING:
    from edgevision.config.model import ModelSettings
    from edgevision.config.schema import Settings

ASSUMED = "nothing says what numbers its pixels are to become; -1 to 1 is assumed, set model.normalize if that is wrong"
"""Of a float model. Wrong numbers make wrong detections, not an error."""


_OF_NO_MATTER = ("threshold", "max_detections", "model_fields_set")
"""To how a model is opened."""


@record
class ModelInUse:
    """A model and the cameras that it serves; `origin` is the same for what was opened from the same files alike."""

    name: str
    model: AcceleratedModel
    cameras: tuple[str, ...]
    origin: str = ""


def model_path(settings: ModelSettings, config: Config) -> Path:
    """The file of the model that `settings` of `config` choose, by path or by name.

    Raises ModelError when the one that is named isn't here, or isn't what was pulled.
    """
    if settings.path is not None:
        return settings.path
    name, state_dir = model_name(settings), config.settings.state_dir
    if name in BUNDLED_MODELS:
        return bundled_model(name)
    # Only here, for the catalogue's schema takes its time.
    from edgevision.modeltools.pulled import find_model

    pull = f"edgevision models pull {name}"
    if state_dir != DEFAULT_STATE_DIR:
        pull += f" -c {shlex.quote(str(config.path))}"
    return find_model(name, state_dir, pull)


def model_name(settings: ModelSettings) -> str:
    """What `settings` call their model in payloads: its name, else its file's name without the suffix."""
    return settings.path.stem if settings.path is not None else settings.name or BUNDLED_MODELS[0]


def known_models(settings: Settings) -> KnownModels:
    """What earlier starts of the daemon found out. Each device has its own, as several may share a `state_dir`."""
    return KnownModels(settings.state_dir / f"known-models-{settings.device}.json")


def open_models(config: Config, *, measure_threads: bool, at_hand: Sequence[ModelInUse] = ()) -> list[ModelInUse]:
    """The models of all cameras; cameras that differ in threshold and number of detections only share one.

    `measure_threads`: find the fastest number of threads where the configuration leaves it open, else take one; what
    an earlier start of the daemon has found out about a model is believed then, and again once it is `prove`d.
    Those of `at_hand` that would come out the same are taken instead of opened again.
    Raises ConfigError with every model that can't be used and the place in the file that asks for it.
    """
    problems = _Problems(config)
    known = {in_use.origin: in_use.model for in_use in at_hand}
    tried = known_models(config.settings) if measure_threads else None
    asked: list[tuple[_Group, Choice, Pair]] = []
    for group in _groups(config):
        with problems.of(group):
            choice = _choice(group, config, measure_threads)
            asked.append((group, choice, find_pair(choice.path, choice.cpu_path, choice.accelerator)))
    in_use = []
    devices = devices_for([choice for _, choice, _ in asked], [pair for _, _, pair in asked])
    twice = named_twice([choice.accelerator for _, choice, pair in asked if pair.compiled])
    for (group, choice, pair), device in zip(asked, devices, strict=True):
        if choice.accelerator in twice:
            problems.note(group, "accelerator", f"{choice.accelerator} is another model's, too: it runs one model")
            continue
        with problems.of(group):
            origin = _origin(group.settings, choice)
            model = known.get(origin) or open_accelerated(choice, pair, device, known=tried)
            in_use.append(ModelInUse(model_name(group.settings), model, group.cameras, origin))
            for camera in group.cameras:
                for place, what in unknown_labels(config.settings.cameras[camera], label_names(model.info.labels)):
                    problems.note_at(what, "cameras", camera, *place)
    try:
        problems.raise_any()
    except ConfigError:
        if tried is not None:
            tried.prove()  # none of them is to run
        for one in in_use:
            if one.origin not in known:  # or it would go on seeking its accelerator, and take it from who is at work
                one.model.close()
        raise
    return in_use


@record
class _Group:
    """Cameras that share a model, and its settings."""

    cameras: tuple[str, ...]
    settings: ModelSettings


class _Problems:
    """What is wrong with the models of a configuration, each with its place there."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._lines: list[str] = []

    @contextmanager
    def of(self, group: _Group) -> Iterator[None]:
        """Note a ModelError that is raised within."""
        try:
            yield
        except ModelError as error:
            self.note(group, _blamed(group.settings, error), str(error))

    def note(self, group: _Group, key: str, what: str) -> None:
        """Note what is wrong with a key of the group's model."""
        camera = group.cameras[0]
        overridden = key in self._config.settings.cameras[camera].model.model_fields_set
        place = self._config.locate(*(("cameras", camera) if overridden else ()), "model", key)
        self._lines.append(f"{place}: {what}")

    def note_at(self, what: str, *keys: str | int) -> None:
        """Note what is wrong at a place of the configuration."""
        self._lines.append(f"{self._config.locate(*keys)}: {what}")

    def raise_any(self) -> None:
        """Raises ConfigError when there were problems."""
        if self._lines:
            raise ConfigError("\n".join(self._lines))


def _groups(config: Config) -> list[_Group]:
    cameras_of: dict[str, list[str]] = {}
    for name in config.settings.cameras:
        cameras_of.setdefault(_wish(config.settings.model_for(name)), []).append(name)
    return [_Group(tuple(names), config.settings.model_for(names[0])) for names in cameras_of.values()]


def _wish(settings: ModelSettings) -> str:
    """What decides which model is opened, and how."""
    keys = {key: value for key, value in vars(settings).items() if key not in _OF_NO_MATTER}
    # Not as JSON: a path may hold bytes that are no UTF-8.
    return repr({**keys, "normalize": _normalization(settings)})


def _origin(settings: ModelSettings, choice: Choice) -> str:
    """The wish, and the files that it came true with: a model file may have been replaced by another one."""
    found = (path for suffix in (".txt", ".yaml") for path in beside(choice.path, suffix))
    files = (choice.path, choice.cpu_path, settings.labels, *found)
    states = [path.stat() for path in files if isinstance(path, Path) and path.exists()]
    return f"{_wish(settings)} {[(state.st_ino, state.st_size, state.st_mtime_ns) for state in states]}"


def _choice(group: _Group, config: Config, measure_threads: bool) -> Choice:
    settings = group.settings
    return Choice(
        path=model_path(settings, config),
        cpu_path=settings.cpu_path,
        accelerator=Accelerator.parse(settings.accelerator),
        options={
            "labels": settings.labels,
            "task": settings.task,
            "resize": settings.resize,
            "normalization": _normalization(settings),
            "threads": settings.threads if settings.threads or measure_threads else 1,
            "least": min(_least(camera, config) for camera in group.cameras),
        },
    )


def _least(camera: str, config: Config) -> float:
    """The least score that matters to a camera, unless its threshold is set anew."""
    return least_score(scene_rules(config.settings.cameras[camera]), config.settings.model_for(camera).threshold)


def _normalization(settings: ModelSettings) -> Normalization | None:
    return Normalization(settings.normalize.mean, settings.normalize.std) if settings.normalize is not None else None


def _blamed(settings: ModelSettings, error: ModelError) -> str:
    """The key that has to be changed."""
    if isinstance(error, LabelsError) and settings.labels is not None:
        return "labels"
    if settings.cpu_path is not None and str(error).startswith(str(settings.cpu_path)):
        return "cpu_path"
    return "path" if settings.path is not None else "name"
