"""Opening each model that the configuration uses once."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edgevision.config.loader import Config
from edgevision.config.schema import ModelSettings
from edgevision.errors import ConfigError, LabelsError, ModelError
from edgevision.inference.bundled import bundled_model
from edgevision.inference.model import Model
from edgevision.inference.preprocess import Normalization


@dataclass(frozen=True, slots=True)
class ModelInUse:
    """A model and the cameras that it serves."""

    name: str
    model: Model
    cameras: tuple[str, ...]


def model_path(settings: ModelSettings) -> Path:
    """The file of the model that `settings` choose, by path or by name."""
    return settings.path if settings.path is not None else bundled_model(settings.name or "person")


def model_name(settings: ModelSettings) -> str:
    """What `settings` call their model in payloads: its name, else its file's name without the suffix."""
    return settings.name if settings.path is None and settings.name else model_path(settings).stem


def open_models(config: Config, *, measure_threads: bool, open_model: Callable[..., Model] = Model) -> list[ModelInUse]:
    """The models of all cameras; cameras that differ in threshold and number of detections only share one.

    `measure_threads`: find the fastest number of threads where the configuration leaves it open, else take one.
    Raises ConfigError with every model that can't be used and the place in the file that asks for it.
    """
    cameras_of: dict[tuple[object, ...], list[str]] = {}
    for name in config.settings.cameras:
        settings = config.settings.model_for(name)
        key = (model_path(settings), settings.labels, settings.task, settings.threads, settings.normalize)
        cameras_of.setdefault(key, []).append(name)
    in_use, problems = [], []
    for names in cameras_of.values():
        settings = config.settings.model_for(names[0])
        threads = settings.threads if settings.threads or measure_threads else 1
        try:
            model = open_model(
                model_path(settings),
                labels=settings.labels,
                task=settings.task,
                threads=threads,
                normalization=_normalization(settings),
            )
        except ModelError as error:
            problems.append(f"{_place(config, names[0], settings, error)}: {error}")
            continue
        in_use.append(ModelInUse(model_name(settings), model, tuple(names)))
    if problems:
        raise ConfigError("\n".join(problems))
    return in_use


def _normalization(settings: ModelSettings) -> Normalization | None:
    return Normalization(settings.normalize.mean, settings.normalize.std) if settings.normalize is not None else None


def _place(config: Config, camera: str, settings: ModelSettings, error: ModelError) -> str:
    chooses = "path" if settings.path is not None else "name"
    key = "labels" if isinstance(error, LabelsError) and settings.labels is not None else chooses
    overridden = key in config.settings.cameras[camera].model.model_fields_set
    return config.locate("cameras", camera, "model", key) if overridden else config.locate("model", key)
