"""Models compiled for the Edge TPU are told by what is in them, their twins by their names."""

import random
import struct
from pathlib import Path

import pytest

from edgevision.inference.edgetpu.compiled import COMPILED_OPERATOR, compiled_twin, cpu_twin, is_compiled

WITH_NAME = struct.pack("<4H", 8, 8, 0, 4)
"""A flatbuffer's vtable: its size, the table's, where the fields are; number 1, the name, comes after 4 bytes."""

COMPILED = "mobilenet_v1_0.25_128_quant_edgetpu.tflite"


def test_only_compiled_models_are_told_to_be_compiled(models: Path) -> None:
    files = sorted(models.glob("*.tflite"))
    assert [path.name for path in files if is_compiled(path.read_bytes())] == [COMPILED]


def test_the_operators_name_elsewhere_in_a_file_means_nothing(models: Path) -> None:
    content = (models / "mobilenet_v1_0.25_128_quant.tflite").read_bytes()
    assert not is_compiled(content + COMPILED_OPERATOR)
    assert not is_compiled(COMPILED_OPERATOR * 20)


def test_another_custom_operator_is_not_the_compiled_one(models: Path) -> None:
    content = (models / COMPILED).read_bytes()
    assert not is_compiled(content.replace(COMPILED_OPERATOR, b"edgetpu-custom-oq"))
    assert not is_compiled((models / "unresolved_custom_op.tflite").read_bytes())


@pytest.mark.parametrize("content", [b"", b"\0", b"TFL3", b"\xff" * 64, b"\0" * 64, b"\1\0\0\0" * 64])
def test_what_is_no_model_is_not_compiled(content: bytes) -> None:
    assert not is_compiled(content)


def test_damaged_files_are_answered(models: Path) -> None:
    whole = (models / COMPILED).read_bytes()
    name = whole.index(COMPILED_OPERATOR)
    randomness = random.Random(1)
    answers = set()
    for _ in range(3000):
        damaged = bytearray(whole)
        for _ in range(randomness.randint(1, 4)):  # where what is read lies
            place = randomness.choice([randomness.randrange(64), name - randomness.randrange(64)])
            damaged[place] ^= 1 << randomness.randrange(8)
        answers.add(is_compiled(bytes(damaged)))
        is_compiled(whole[: randomness.randrange(len(whole))])
    assert answers == {True, False}


def model(codes: int = 1, vtable: bytes = WITH_NAME) -> bytes:
    """The beginning of a .tflite whose operator codes are all empty but the last, the compiled one.

    `vtable` is that one's. The tables stand in the order root, codes, last code.
    """
    vtables = struct.pack("<I4s", 24, b"TFL3") + WITH_NAME + vtable
    root = struct.pack("<iI", 24 - 8, 4)
    empty = 32 + 4 + 4 * codes
    last = empty + 8
    offsets = [*([empty] * (codes - 1)), last]
    vector = struct.pack("<I", codes) + b"".join(
        struct.pack("<I", target - (36 + 4 * index)) for index, target in enumerate(offsets)
    )
    code = struct.pack("<iII", last - 16, 4, len(COMPILED_OPERATOR)) + COMPILED_OPERATOR
    return vtables + root + vector + struct.pack("<iHH", -4, 4, 4) + code


def test_the_smallest_file_with_the_operator_is_compiled() -> None:
    assert is_compiled(model())
    assert is_compiled(model(codes=300))


def test_an_operator_code_without_a_name_is_not_the_compiled_one() -> None:
    assert not is_compiled(model(vtable=struct.pack("<4H", 6, 8, 0, 4)))


def test_an_offset_to_before_the_file_does_not_count_from_its_end() -> None:
    content = bytearray(model())
    assert is_compiled(bytes(content))
    struct.pack_into("<i", content, 24, 24 + 8)  # the root's vtable, 8 bytes before the beginning
    assert not is_compiled(bytes(content) + WITH_NAME)


def test_a_file_that_claims_a_multitude_of_operators_is_not_read_to_its_end() -> None:
    assert not is_compiled(model(codes=5000))


def test_the_compilers_names_lead_to_the_twin_and_back() -> None:
    assert compiled_twin(Path("/m/v1_0.25.tflite")) == Path("/m/v1_0.25_edgetpu.tflite")
    assert cpu_twin(Path("/m/v1_0.25_edgetpu.tflite")) == Path("/m/v1_0.25.tflite")


@pytest.mark.parametrize("name", ["v1.tflite", "_edgetpu.tflite", "v1_edgetpu_2.tflite"])
def test_other_names_lead_to_no_twin(name: str) -> None:
    assert cpu_twin(Path(name)) is None
