"""A mistake in the configuration, and how a key and a value are shown in its message."""

import re
from collections.abc import Iterable
from pathlib import Path

from edgevision.config.keys import Keys, dotted, shortened
from edgevision.config.yamltree import Position
from edgevision.errors import ConfigError
from edgevision.record import record

_MAX_MISTAKES = 100
_NUMBER = re.compile(r"[-+]?[0-9][0-9.]{0,30}")


@record
class Mistake:
    """One thing that is wrong: where, at which key, and what, in a sentence."""

    at: Position
    keys: Keys
    sentence: str

    def line(self, path: Path) -> str:
        """`FILE:LINE:COLUMN: some.key: the sentence`."""
        return ": ".join(filter(None, [place(path, self.at), dotted(self.keys), self.sentence]))


def config_error(path: Path, mistakes: Iterable[Mistake]) -> ConfigError:
    """One error that tells all mistakes, a line each, in the order of the file."""
    ordered = sorted(mistakes, key=lambda mistake: mistake.at)
    lines = [mistake.line(path) for mistake in ordered[:_MAX_MISTAKES]]
    if len(ordered) > _MAX_MISTAKES:
        lines.append(f"{path}: and {len(ordered) - _MAX_MISTAKES} more mistakes")
    return ConfigError("\n".join(lines))


def place(path: Path, at: Position) -> str:
    """`FILE:LINE:COLUMN`, which editors and terminals make a link of."""
    return f"{path}:{at.line}:{at.column}"


def shown(value: object) -> str:
    """A value as a message may repeat it: short, on one line, and not at all where it may hold a password (`user@`)."""
    match value:
        case None:
            return "nothing"
        case dict():
            return "a mapping"
        case list() | tuple():
            return f"a list of length {len(value)}"
    text = str(value)
    if "@" in text:
        return "this value"
    return text if _NUMBER.fullmatch(text) else shortened(text)
