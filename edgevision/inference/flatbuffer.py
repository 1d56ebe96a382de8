"""Reading flatbuffers without their schema's classes: .tflite files, and what is packed into them.

Nothing is believed: an offset or a length that leads out of the buffer raises ValueError. Source: "FlatBuffer
Internals" in flatbuffers' documentation.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Literal

MOST_ENTRIES = 4096
"""No model has as many operators; a damaged file may claim thousands of millions."""


class Table:
    """A flatbuffer's table. Fields are counted from 0, as in its schema; what isn't there is 0, None or empty."""

    def __init__(self, content: bytes, position: int) -> None:
        self._content = content
        self._position = position
        self._fields = position - self._unpack("<i", position)

    @classmethod
    def root(cls, content: bytes) -> Table:
        """The table that the flatbuffer `content` begins with."""
        return cls(content, int.from_bytes(_part(content, 0, 4), "little"))

    def number(self, field: int, form: Literal["<B", "<I"]) -> int:
        """A number, of the `form` that struct calls so."""
        place = self._place(field)
        return self._unpack(form, place) if place else 0

    def table(self, field: int) -> Table | None:
        """The table in that field."""
        place = self._place(field)
        return self._follow(place) if place else None

    def tables(self, field: int) -> Iterator[Table]:
        """The tables of a list, one after the other."""
        start, length = self.extent(field)
        if length > MOST_ENTRIES:
            raise ValueError(f"a list in it has {length} entries")
        return (self._follow(start + 4 * place) for place in range(length))

    def entry(self, field: int, number: int) -> Table | None:
        """One table of a list."""
        start, length = self.extent(field)
        return self._follow(start + 4 * number) if number < length else None

    def content(self, field: int) -> bytes:
        """A text's or a list's bytes."""
        return _part(self._content, *self.extent(field))

    def holds(self, field: int, content: bytes) -> bool:
        """Whether that is what a text's or a list's bytes are; a damaged length makes no large copy."""
        return self.extent(field)[1] == len(content) and self.content(field) == content

    def floats(self, field: int) -> tuple[float, ...]:
        """A list of 32-bit floats."""
        start, length = self.extent(field)
        return struct.unpack(f"<{length}f", _part(self._content, start, 4 * length))

    def extent(self, field: int) -> tuple[int, int]:
        """Where in the buffer a list's entries begin, and how many there are."""
        place = self._place(field)
        if not place:
            return 0, 0
        start = place + self._unpack("<I", place)
        return start + 4, self._unpack("<I", start)

    def _place(self, field: int) -> int:
        """Where a field's value lies; 0 where it isn't set."""
        entry = 4 + 2 * field
        if entry >= self._unpack("<H", self._fields):
            return 0
        offset = self._unpack("<H", self._fields + entry)
        return self._position + offset if offset else 0

    def _follow(self, place: int) -> Table:
        return Table(self._content, place + self._unpack("<I", place))

    def _unpack(self, form: str, place: int) -> int:
        return int(struct.unpack(form, _part(self._content, place, struct.calcsize(form)))[0])


def _part(content: bytes, start: int, length: int) -> bytes:
    if not 0 <= start <= start + length <= len(content):
        raise ValueError("an offset leads out of it")
    return content[start : start + length]
