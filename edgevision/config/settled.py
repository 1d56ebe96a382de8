"""A configuration as plain data: what the schema has found right, without pydantic, which the daemon needn't carry.

To who reads it, a `Settled` is the section of `edgevision.config.schema` that it was made of.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import Any

from edgevision.config import rules


@dataclass(frozen=True, slots=True, eq=False)
class Secret:
    """A text that is never shown, as pydantic's SecretStr."""

    _text: str = field(repr=False)

    def get_secret_value(self) -> str:
        """The text."""
        return self._text

    def __eq__(self, other: object) -> bool:
        return hasattr(other, "get_secret_value") and bool(self._text == other.get_secret_value())

    def __hash__(self) -> int:
        return hash(self._text)


class Settled:
    """A section: its keys are its attributes."""

    model_fields_set: Set[str]
    """Those that are written in the file."""

    def __init__(self, keys: Mapping[str, object], written: Set[str]) -> None:
        self.__dict__.update(keys, model_fields_set=frozenset(written))

    def __getstate__(self) -> dict[str, object]:
        return self.__dict__

    def __setattr__(self, key: str, value: object) -> None:
        raise AttributeError(f"{key} can't be changed: what holds is the file")

    def __eq__(self, other: object) -> bool:
        """Also with a section of the schema: what counts is what holds."""
        kind = other.__class__
        names = {*getattr(kind, "model_fields", ())} if kind is not type(self) else {*vars(other)} - {_WRITTEN}
        mine = self.model_dump()
        return names == mine.keys() and all(mine[name] == getattr(other, name) for name in names)

    def __hash__(self) -> int:
        return hash(frozenset(vars(self)))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{key}={value!r}' for key, value in self.model_dump().items())})"

    def model_copy(self, *, update: Mapping[str, object]) -> "Settled":
        """A copy with other values."""
        return type(self)({**self.model_dump(), **update}, {*self.model_fields_set, *update})

    def model_dump(self, *, exclude: Set[str] = frozenset()) -> dict[str, Any]:
        """The keys and their values, sections as they are."""
        return {key: value for key, value in vars(self).items() if key != _WRITTEN and key not in exclude}


_WRITTEN = "model_fields_set"


class SettledCamera(Settled):
    """A camera's section."""

    gated = rules.gated


class SettledWhole(Settled):
    """The whole configuration."""

    model_for = rules.model_for
