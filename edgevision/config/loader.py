"""Reading the configuration file: text, tree, values, schema; then all mistakes at once, or a Config."""

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from edgevision.config.config import Config
from edgevision.config.defaults import DEFAULT_STATE_DIR
from edgevision.config.document import Document, read_document
from edgevision.config.mistakes import Mistake, config_error
from edgevision.config.paths import ConfigPath
from edgevision.config.schema import Settings
from edgevision.config.sentences import mistakes_in
from edgevision.config.tags import Tags
from edgevision.config.yamltree import MAX_BYTES, MappingNode, Node, Position, YamlError, compose, decode
from edgevision.errors import ConfigError

_LEAST_THAT_WORKS = "write at least `cameras: {front: {source: {type: picamera2}}}` and the broker, `mqtt: {host: …}`"


def load_config(path: Path, environ: Mapping[str, str] = os.environ) -> Config:
    """Read and check the configuration file. Raises ConfigError with all mistakes, one a line."""
    return parse_config(_read(path), path, environ)


def parse_config(text: bytes, path: Path, environ: Mapping[str, str] = os.environ) -> Config:
    """Check the bytes of a configuration file. `path` names it in messages and says where relative paths begin."""
    document = _document(text, path, environ)
    mistakes = list(document.mistakes)
    try:
        settings = Settings.model_validate(document.value, context={"folder": path.absolute().parent})
    except ValidationError as error:
        mistakes += mistakes_in(error, Settings, document)
    if mistakes:
        raise config_error(path, mistakes)  # outside the handler: pydantic's error holds the values, secrets too
    places = {keys: (entry.at.line, entry.at.column) for keys, entry in document.entries.items()}
    return Config(settings, path, places)


def load_state_dir(path: Path, environ: Mapping[str, str] = os.environ) -> Path:
    """The `state_dir` of a configuration file of which no more need be right: its secrets may be the daemon's alone.

    Raises ConfigError when the file can't be read or is no YAML, or that key is wrong.
    """
    document = _document(_read(path), path, environ)
    mistakes = [mistake for mistake in document.mistakes if mistake.keys[:1] == ("state_dir",)]
    state_dir = DEFAULT_STATE_DIR
    try:
        state_dir = _StateDir.model_validate(document.value, context={"folder": path.absolute().parent}).state_dir
    except ValidationError as error:
        mistakes += mistakes_in(error, Settings, document)
    if mistakes:
        raise config_error(path, mistakes)
    return state_dir


class _StateDir(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    state_dir: ConfigPath = DEFAULT_STATE_DIR


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{path}: the configuration can't be read: {error.strerror}") from None
    except ValueError:
        raise ConfigError(f"{str(path)!r} can't be the path of a configuration") from None


def _document(text: bytes, path: Path, environ: Mapping[str, str]) -> Document:
    try:
        return read_document(_root(text), Tags(path.absolute().parent, environ))
    except YamlError as error:
        raise config_error(path, [Mistake(error.at, (), error.sentence)]) from None


def _root(text: bytes) -> Node:
    root = compose(decode(text))
    if root is None or getattr(root, "is_null", False):
        raise YamlError(Position(1, 1), f"nothing is configured here; {_LEAST_THAT_WORKS}")
    if not isinstance(root, MappingNode):
        raise YamlError(root.at, f"a configuration is a mapping of keys; {_LEAST_THAT_WORKS}")
    return root
