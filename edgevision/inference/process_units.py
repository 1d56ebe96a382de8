"""What the TFLite metadata in a model file says of its input's normalization.

The file is a flatbuffer (tensorflow/lite/schema/schema.fbs) whose buffer `TFLITE_METADATA` holds another one
(metadata_schema.fbs of TensorFlow Lite Support). Only the few fields on the way are read.
"""

import math
import struct
from typing import Literal

from edgevision.errors import ModelError
from edgevision.inference.normalization import Normalization, alike

METADATA_NAME = b"TFLITE_METADATA"
METADATA_IDENTIFIER = b"M001"
NORMALIZATION_OPTIONS = 1
"""Of the union `ProcessUnitOptions`."""

MOST_ENTRIES = 64
"""No file has as many metadata blocks or process units; guards against a length that would never end."""


def described_normalization(content: bytes) -> Normalization | None:
    """The normalization of the only input of the model that `content` is; None where the file doesn't say it.

    Raises ModelError (to be read after the file's name) when what it says is damaged.
    """
    try:
        metadata = _metadata(content)
        return None if metadata is None else _normalization(metadata)
    except (struct.error, ValueError) as error:
        raise ModelError(
            f"has damaged metadata about its input ({error}): get the file anew, or set model.normalize"
        ) from error


class _Table:
    """A flatbuffer's table. Fields are counted from 0; what isn't there is 0, None or empty."""

    def __init__(self, content: bytes, position: int) -> None:
        if not 0 <= position <= len(content) - 4:
            raise ValueError("an offset leads out of it")
        self._content = content
        self._position = position
        self._fields = position - self._unpack("<i", position)

    @classmethod
    def root(cls, content: bytes) -> "_Table":
        return cls(content, struct.unpack_from("<I", content)[0])

    def number(self, field: int, form: Literal["<B", "<I"]) -> int:
        place = self._place(field)
        return self._unpack(form, place) if place else 0

    def table(self, field: int) -> "_Table | None":
        place = self._place(field)
        return self._follow(place) if place else None

    def tables(self, field: int) -> "list[_Table]":
        start, length = self._vector(field)
        if length > MOST_ENTRIES:
            raise ValueError(f"a list in it has {length} entries")
        return [self._follow(start + 4 * place) for place in range(length)]

    def entry(self, field: int, number: int) -> "_Table | None":
        start, length = self._vector(field)
        return self._follow(start + 4 * number) if number < length else None

    def content(self, field: int) -> bytes:
        return self._part(*self._vector(field))

    def floats(self, field: int) -> tuple[float, ...]:
        start, length = self._vector(field)
        return struct.unpack(f"<{length}f", self._part(start, 4 * length))

    def _place(self, field: int) -> int:
        """Where a field's value lies; 0 where it isn't set."""
        entry = 4 + 2 * field
        if entry >= self._unpack("<H", self._fields):
            return 0
        offset = self._unpack("<H", self._fields + entry)
        return self._position + offset if offset else 0

    def _vector(self, field: int) -> tuple[int, int]:
        place = self._place(field)
        if not place:
            return 0, 0
        start = place + self._unpack("<I", place)
        return start + 4, self._unpack("<I", start)

    def _follow(self, place: int) -> "_Table":
        return _Table(self._content, place + self._unpack("<I", place))

    def _unpack(self, form: str, place: int) -> int:
        return int(struct.unpack(form, self._part(place, struct.calcsize(form)))[0])

    def _part(self, start: int, length: int) -> bytes:
        if not 0 <= start <= start + length <= len(self._content):
            raise ValueError("an offset leads out of it")
        return self._content[start : start + length]


def _metadata(content: bytes) -> _Table | None:
    model = _Table.root(content)
    for entry in model.tables(6):
        if entry.content(0) == METADATA_NAME:
            buffer = model.entry(4, entry.number(1, "<I"))
            packed = b"" if buffer is None else buffer.content(0)
            if packed[4:8] != METADATA_IDENTIFIER:
                raise ValueError(f"it begins with {packed[:8]!r}")
            return _Table.root(packed)
    return None


def _normalization(metadata: _Table) -> Normalization | None:
    for subgraph in metadata.tables(3)[:1]:
        for tensor in subgraph.tables(2)[:1]:
            for unit in tensor.tables(4):
                options = unit.table(1)
                if unit.number(0, "<B") == NORMALIZATION_OPTIONS and options is not None:
                    return _checked(options.floats(0), options.floats(1))
    return None


def _checked(mean: tuple[float, ...], std: tuple[float, ...]) -> Normalization | None:
    if not mean and not std:
        return None
    if len(mean) not in (1, 3) or len(std) not in (1, 3):
        raise ValueError(f"it has {len(mean)} means and {len(std)} deviations")
    if not all(map(math.isfinite, (*mean, *std))) or min(std) <= 0:
        raise ValueError(f"it has the means {mean} and the deviations {std}")
    red, green, blue = mean * 3 if len(mean) == 1 else mean
    normalization = alike(red, std[0])
    return Normalization((red, green, blue), normalization.std if len(std) == 1 else (std[0], std[1], std[2]))
