"""How the keys of a configuration are written in a message."""

import re

Keys = tuple[str | int, ...]

_SHOWN_CHARACTERS = 80
_PLAIN_WORD = re.compile(r"[A-Za-z0-9_./~-]+")


def dotted(keys: Keys) -> str:
    """`cameras.front.crop[2]`."""
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{quoted_if_odd(key)}" for key in keys)
    return text.removeprefix(".")


def quoted_if_odd(word: str) -> str:
    """A key or a name: as it is when that is clear, else in quotes, without control characters, and short."""
    return word if _PLAIN_WORD.fullmatch(word) and len(word) <= _SHOWN_CHARACTERS else shortened(word)


def shortened(text: str) -> str:
    """A text in quotes, without control characters, and cut where it grows long."""
    return repr(text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…")
