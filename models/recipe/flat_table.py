"""Write flatbuffer tables by field number, for a schema there is no generated code for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import flatbuffers


@dataclass(frozen=True, slots=True)
class Byte:
    """An enum or a union's tag."""

    value: int


@dataclass(frozen=True, slots=True)
class UInt:
    """A 32-bit number without sign."""

    value: int


@dataclass(frozen=True, slots=True)
class Float:
    """A 32-bit floating point number."""

    value: float


@dataclass(frozen=True, slots=True)
class Table:
    """A table's fields by their number in the schema; those left out have their default."""

    fields: Mapping[int, Value]


Item = str | UInt | Float | Table
Value = Item | Byte | tuple[Item, ...]


def finish(root: Table, identifier: bytes) -> bytes:
    """Serialize a root table with its four-letter file identifier."""
    builder = flatbuffers.Builder(1024)
    builder.Finish(_table(builder, root), identifier)
    return bytes(builder.Output())


def _table(builder: flatbuffers.Builder, table: Table) -> int:
    # Flatbuffers grow backwards and can't be nested: children are written before their table.
    offsets = {number: _offset(builder, value) for number, value in table.fields.items()}
    builder.StartObject(max(table.fields, default=-1) + 1)
    for number, value in table.fields.items():
        match value:
            case Byte(value=byte):
                builder.PrependUint8Slot(number, byte, 0)
            case UInt(value=unsigned):
                builder.PrependUint32Slot(number, unsigned, 0)
            case Float(value=real):
                builder.PrependFloat32Slot(number, real, 0.0)
            case _:
                builder.PrependUOffsetTRelativeSlot(number, offsets[number], 0)
    return int(builder.EndObject())


def _offset(builder: flatbuffers.Builder, value: Value) -> int:
    """Write what a table points to and give its place; 0 for numbers, which lie in the table itself."""
    match value:
        case str():
            return int(builder.CreateString(value))
        case Table():
            return _table(builder, value)
        case tuple():
            return _vector(builder, value)
        case _:
            return 0


def _vector(builder: flatbuffers.Builder, items: tuple[Item, ...]) -> int:
    offsets = [_offset(builder, item) for item in items]
    builder.StartVector(4, len(items), 4)
    for item, offset in reversed(list(zip(items, offsets, strict=True))):
        match item:
            case UInt(value=unsigned):
                builder.PrependUint32(unsigned)
            case Float(value=real):
                builder.PrependFloat32(real)
            case _:
                builder.PrependUOffsetTRelative(offset)
    return int(builder.EndVector())
