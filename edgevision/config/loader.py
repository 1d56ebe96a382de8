"""Reading the configuration file: text, tree, values, schema; then all mistakes at once, or a Config."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from edgevision.config.document import Document, read_document
from edgevision.config.mistakes import Mistake, config_error, dotted, place
from edgevision.config.schema import Settings
from edgevision.config.sentences import mistakes_in
from edgevision.config.tags import Tags
from edgevision.config.yamltree import MAX_BYTES, MappingNode, Node, Position, YamlError, compose, decode
from edgevision.errors import ConfigError

_LEAST_THAT_WORKS = "write at least `cameras: {front: {source: {type: picamera2}}}` and the broker, `mqtt: {host: …}`"


@dataclass(frozen=True, slots=True)
class Config:
    """A configuration that holds, and where in the file everything stands."""

    settings: Settings
    _path: Path
    _document: Document

    def locate(self, *keys: str | int) -> str:
        """`FILE:LINE:COLUMN: cameras.front.model.path`, to begin a message with.

        For a key that isn't written, the place is that of the nearest one above it that is.
        """
        where = place(self._path, self._document.nearest(keys).at)
        return f"{where}: {dotted(keys)}" if keys else where


def load_config(path: Path, environ: Mapping[str, str] = os.environ) -> Config:
    """Read and check the configuration file. Raises ConfigError with all mistakes, one a line."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{path}: the configuration can't be read: {error.strerror}") from None
    except ValueError:
        raise ConfigError(f"{str(path)!r} can't be the path of a configuration") from None
    return parse_config(data, path, environ)


def parse_config(text: bytes, path: Path, environ: Mapping[str, str] = os.environ) -> Config:
    """Check the bytes of a configuration file. `path` names it in messages and says where relative paths begin."""
    folder = path.absolute().parent
    try:
        document = read_document(_root(text), Tags(folder, environ))
    except YamlError as error:
        raise config_error(path, [Mistake(error.at, (), error.sentence)]) from None
    mistakes = list(document.mistakes)
    try:
        settings = Settings.model_validate(document.value, context={"folder": folder})
    except ValidationError as error:
        mistakes += mistakes_in(error, Settings, document)
    if mistakes:
        raise config_error(path, mistakes)  # outside the handler: pydantic's error holds the values, secrets too
    return Config(settings, path, document)


def _root(text: bytes) -> Node:
    root = compose(decode(text))
    if root is None or getattr(root, "is_null", False):
        raise YamlError(Position(1, 1), f"nothing is configured here; {_LEAST_THAT_WORKS}")
    if not isinstance(root, MappingNode):
        raise YamlError(root.at, f"a configuration is a mapping of keys; {_LEAST_THAT_WORKS}")
    return root
