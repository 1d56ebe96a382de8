"""Damaged model files. The same number always makes the same file."""

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

GIBIBYTE = 1024**3
STRUCTURE = 40_000
"""Bytes at either end of a file in which most of what isn't weights lies."""


@dataclass(frozen=True, slots=True)
class Damaged:
    """One damaged file: which model it was, how it was damaged, and its content."""

    model: int
    kind: str
    content: bytes


def damaged(number: int, models: Sequence[bytes]) -> Damaged:
    """The damaged file of that number, made of one of `models`."""
    choice = random.Random(number)
    kind = choice.choices(list(KINDS), weights=[weight for weight, _ in KINDS.values()])[0]
    model = choice.randrange(len(models))
    content = KINDS[kind][1](models[model], choice)
    # The identifier stays: without it the file isn't even opened, which would be too easy.
    return Damaged(model, kind, content[:4] + b"TFL3" + content[8:])


def _truncated(content: bytes, choice: random.Random) -> bytes:
    return content[: choice.randrange(8, len(content))]


def _bits_flipped(content: bytes, choice: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(choice.choice((1, 1, 2, 4, 16, 256))):
        changed[_place(changed, choice)] ^= 1 << choice.randrange(8)
    return bytes(changed)


def _overwritten(content: bytes, choice: random.Random) -> bytes:
    changed = bytearray(content)
    start, length = _place(changed, choice), choice.choice((4, 16, 512, 4096))
    filling = choice.choice(
        (b"\0" * length, b"\xff" * length, b"\x7f\xff\xff\xff" * (length // 4), choice.randbytes(length))
    )
    changed[start : start + length] = filling
    return bytes(changed[: len(content)])


def _archive_broken(content: bytes, choice: random.Random) -> bytes:
    archive = bytearray(_archive({"labels.txt": b"no person\nperson\n", "more.json": b"{}"}))
    for _ in range(choice.choice((1, 2, 8, 64))):
        archive[choice.randrange(len(archive))] ^= 1 << choice.randrange(8)
    end = choice.choice((len(archive), len(archive), choice.randrange(len(archive))))
    return content + bytes(archive[:end])


def _labels_of_a_gigabyte(content: bytes, choice: random.Random) -> bytes:
    return content + _gigabyte_archive(choice.choice((b"\0", b"\n", b"a\n", b"\xff")), choice.choice((True, False)))


def _bomb(content: bytes, choice: random.Random) -> bytes:
    return content + choice.choice(_BOMBS)()


def _place(content: bytes | bytearray, choice: random.Random) -> int:
    """Anywhere, but mostly where the structure is."""
    near = choice.randrange(min(STRUCTURE, len(content)))
    return choice.choice((choice.randrange(len(content)), near, len(content) - 1 - near))


def _archive(files: dict[str, bytes]) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return whole.getvalue()


@cache
def _gigabyte_archive(filling: bytes, honest: bool) -> bytes:
    """A ZIP with one label file that unpacks to a gigabyte; unless `honest` it claims to have two bytes."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    # After a full flush nothing depends on what came before: one packed mebibyte can be had again and again.
    mebibyte = packer.compress(filling * (1024**2 // len(filling))) + packer.flush(zlib.Z_FULL_FLUSH)
    packed = mebibyte * 1024 + packer.flush()
    checksum, size = 0, GIBIBYTE if honest else 2
    local = struct.pack("<4sHHHHHIIIHH", b"PK\3\4", 20, 0, 8, 0, 33, checksum, len(packed), size, 10, 0) + b"labels.txt"
    fields = struct.pack("<HHHHHHIIIHHHHHII", 20, 20, 0, 8, 0, 33, checksum, len(packed), size, 10, 0, 0, 0, 0, 0, 0)
    directory = b"PK\1\2" + fields + b"labels.txt"
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 1, 1, len(directory), len(local) + len(packed), 0)
    return local + packed + directory + end


@cache
def _bomb_of_many_entries() -> bytes:
    return _archive({f"labels{number}.txt": b"a\n" for number in range(20_000)})


@cache
def _bomb_in_a_bomb() -> bytes:
    return _archive({"labels.zip": _gigabyte_archive(b"\0", True), "labels.txt": _gigabyte_archive(b"\n", True)})


@cache
def _bomb_that_claims_everything() -> bytes:
    """As many entries, and as large a directory, as the format can claim."""
    return struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFE, 0, 0xFFFF) + b"x" * 0xFFFF


@cache
def _bomb_with_a_password() -> bytes:
    archive = bytearray(_archive({"labels.txt": b"a\nb\n"}))
    archive[6] |= 1
    archive[archive.index(b"PK\1\2") + 8] |= 1
    return bytes(archive)


@cache
def _bomb_of_an_unknown_method() -> bytes:
    archive = bytearray(_archive({"labels.txt": b"a\nb\n"}))
    archive[8] = 99
    archive[archive.index(b"PK\1\2") + 10] = 99
    return bytes(archive)


_BOMBS = (
    _bomb_of_many_entries,
    _bomb_in_a_bomb,
    _bomb_that_claims_everything,
    _bomb_with_a_password,
    _bomb_of_an_unknown_method,
)

KINDS: dict[str, tuple[int, Callable[[bytes, random.Random], bytes]]] = {
    "truncated": (6, _truncated),
    "bits flipped": (7, _bits_flipped),
    "overwritten": (3, _overwritten),
    "archive broken": (3, _archive_broken),
    "labels of a gigabyte": (1, _labels_of_a_gigabyte),
    "zip bomb": (1, _bomb),
}
"""How files are damaged: how often in twenty, and the function that does it."""
