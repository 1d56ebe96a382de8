"""The child process of `edgevision.config.reading`: checks a configuration file and answers with plain data."""

import pickle
from pathlib import Path

from pydantic import BaseModel, SecretStr

from edgevision import __version__
from edgevision.child_process import end_with
from edgevision.config.loader import load_config
from edgevision.config.schema import CameraSettings, Settings
from edgevision.config.settled import Secret, Settled, SettledCamera, SettledWhole
from edgevision.errors import ConfigError

_KINDS: dict[type[BaseModel], type[Settled]] = {CameraSettings: SettledCamera, Settings: SettledWhole}


def settled(value: object) -> object:
    """`value` with a plain section in place of each of the schema's."""
    match value:
        case BaseModel():
            keys = {key: settled(inner) for key, inner in value}
            return _KINDS.get(type(value), Settled)(keys, value.model_fields_set)
        case SecretStr():
            return Secret(value.get_secret_value())
        case dict():
            return {key: settled(inner) for key, inner in value.items()}
        case tuple():
            return tuple(map(settled, value))
    return value


def answer(parent: int, version: str, path: Path) -> bytes:
    """What the process `parent` of that version is told of a configuration: pickled settings and places, or a text."""
    end_with(parent)
    try:
        config = load_config(path)
        found: object = (settled(config.settings), config._places)
        if version != __version__:
            found = f"{path}: edgevision {version} runs, but {__version__} is installed by now: restart it"
    except ConfigError as error:
        found = str(error)
    return pickle.dumps(found)
