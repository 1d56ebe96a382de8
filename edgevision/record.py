"""Data between rooms of which dozens are made a frame."""

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

_Class = TypeVar("_Class")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(cls: type[_Class]) -> type[_Class]:
    """A frozen dataclass with slots that is made in less than half the time, for it is mypy that keeps it frozen.

    `dataclass(frozen=True)` sets each field through a call of `object.__setattr__`.
    """
    return dataclass(slots=True, unsafe_hash=True)(cls)
