"""A mistake in the configuration, and how a key and a value are shown in its message."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from edgevision.config.yamltree import Position
from edgevision.errors import ConfigError

Keys = tuple[str | int, ...]

_MAX_MISTAKES = 100
_SHOWN_CHARACTERS = 80
_PLAIN_WORD = re.compile(r"[A-Za-z0-9_./~-]+")
_NUMBER = re.compile(r"[-+]?[0-9][0-9.]{0,30}")


@dataclass(frozen=True, slots=True)
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


def dotted(keys: Keys) -> str:
    """`cameras.front.crop[2]`."""
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{quoted_if_odd(key)}" for key in keys)
    return text.removeprefix(".")


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


def quoted_if_odd(word: str) -> str:
    """A key or a name: as it is when that is clear, else in quotes, without control characters, and short."""
    return word if _PLAIN_WORD.fullmatch(word) and len(word) <= _SHOWN_CHARACTERS else shortened(word)


def shortened(text: str) -> str:
    """A text in quotes, without control characters, and cut where it grows long."""
    return repr(text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…")
