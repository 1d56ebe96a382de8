"""Damaged model files: looked into, or refused in one line; never a crash, a hang or a full memory."""

import json
import random
import resource
import struct
from pathlib import Path

import flatbuffers
import numpy as np
import pytest

from edgevision.errors import ModelError
from edgevision.modeltools.inspection.report import inspect_file, to_json

HEADER = 8
"""Offset of the root and the file identifier: a file without the latter is refused unread."""


@pytest.fixture(scope="module")
def whole(models: Path) -> bytes:
    return (models / "vww_96_int8.tflite").read_bytes()


def answer(path: Path, content: bytes) -> str:
    """`looked into`, or the error's text."""
    path.write_bytes(content)
    try:
        json.dumps(to_json(inspect_file(path)), allow_nan=False)
    except ModelError as error:
        assert str(path) in str(error)
        assert "\n" not in str(error)
        return str(error)
    return "looked into"


def damaged(whole: bytes, seed: int) -> bytes:
    """Bits flipped and bytes overwritten, half of the time where the structure is and not the weights."""
    chance = random.Random(seed)
    content = bytearray(whole)
    for _ in range(chance.randint(1, 8)):
        anywhere = chance.randrange(HEADER, len(content))
        place = chance.choice([anywhere, chance.randrange(HEADER, 4096), len(content) - chance.randrange(1, 40_000)])
        content[place] = chance.choice([content[place] ^ (1 << chance.randrange(8)), 0, 0x7F, 0xFF])
    return bytes(content)


def test_300_damaged_files_are_all_answered(whole: bytes, tmp_path: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answers = [answer(tmp_path / "damaged.tflite", damaged(whole, seed)) for seed in range(300)]
    assert any("is damaged" in text for text in answers)
    assert "looked into" in answers, "a flipped weight changes nothing that is shown"
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 100 * 1024, "kilobytes"


def test_truncated_files_are_refused(whole: bytes, tmp_path: Path) -> None:
    chance = random.Random(3)
    for length in (HEADER, 9, 40, len(whole) // 2, *(chance.randrange(HEADER, len(whole)) for _ in range(60))):
        text = answer(tmp_path / "cut.tflite", whole[:length])
        # The last bytes hold names of operators only in part of the files: there nothing shown is missing.
        assert "is damaged" in text or length > len(whole) - 2000


def file_of(operators: int, inputs: int) -> bytes:
    """A model file whose `operators` are one and the same, of `inputs` tensors that are one and the same."""
    writer = flatbuffers.Builder(1024)
    wires = writer.CreateNumpyVector(np.zeros(inputs, np.int32))
    writer.StartObject(9)
    writer.PrependUOffsetTRelativeSlot(1, wires, 0)
    operator = writer.EndObject()
    parts = []
    for count, size in ((operators, 0), (1, 8), (1, 4)):
        if size:
            writer.StartObject(size)
            entry = writer.EndObject()
        else:
            entry = operator
        writer.StartVector(4, count, 4)
        for _ in range(count):
            writer.PrependUOffsetTRelative(entry)
        parts.append(writer.EndVector())
    writer.StartObject(5)
    writer.PrependUOffsetTRelativeSlot(3, parts[0], 0)
    writer.PrependUOffsetTRelativeSlot(0, parts[1], 0)
    graph = writer.EndObject()
    writer.StartVector(4, 1, 4)
    writer.PrependUOffsetTRelative(graph)
    graphs = writer.EndVector()
    writer.StartObject(8)
    writer.PrependUOffsetTRelativeSlot(1, parts[2], 0)
    writer.PrependUOffsetTRelativeSlot(2, graphs, 0)
    writer.Finish(writer.EndObject(), b"TFL3")
    return bytes(writer.Output())


def test_a_small_file_written_by_hand_is_looked_into(tmp_path: Path) -> None:
    assert answer(tmp_path / "small.tflite", file_of(operators=3, inputs=4)) == "looked into"


def test_lists_that_lie_upon_each_other_are_not_read_without_end(tmp_path: Path) -> None:
    """20,000 operators that share a list of 20,000 inputs: 160 kB that would become 400 million numbers."""
    text = answer(tmp_path / "upon.tflite", file_of(operators=20_000, inputs=20_000))
    assert "its lists are longer than the file" in text


def test_a_network_of_absurd_length_is_refused(tmp_path: Path) -> None:
    text = answer(tmp_path / "absurd.tflite", file_of(operators=200_000, inputs=1))
    assert "it claims a list of 200000 entries" in text


@pytest.mark.timeout(100)
def test_lists_that_claim_thousands_of_millions_of_entries_are_refused_at_once(whole: bytes, tmp_path: Path) -> None:
    """Every 32-bit number of the structure in turn becomes absurd: lengths of lists are among them."""
    for place in range(HEADER, 4096, 28):
        content = bytearray(whole)
        content[place : place + 4] = struct.pack("<I", 0x3FFFFFFF)
        answer(tmp_path / "long.tflite", bytes(content))


@pytest.mark.parametrize(
    "content", [b"", b"TFL3", b"\0\0\0\0TFL3", b"\xff\xff\xff\xffTFL3", b"\x08\0\0\0TFL3" + b"\0" * 64]
)
def test_what_only_begins_like_a_model_is_refused(content: bytes, tmp_path: Path) -> None:
    assert answer(tmp_path / "begins.tflite", content) != "looked into"


def test_broken_labels_inside_are_shown_and_hide_nothing_else(models: Path, tmp_path: Path) -> None:
    whole = (models / "mobilenet_v1_0.25_128_quant.tflite").read_bytes()
    place = whole.rindex(b"PK\x03\x04")
    path = tmp_path / "labels.tflite"
    path.write_bytes(whole[:place] + b"PK\x03\x05" + whole[place + 4 :])
    report = inspect_file(path)
    assert report.labels is not None
    assert report.labels.problem is not None
    assert report.parameters > 400_000
