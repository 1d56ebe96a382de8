"""Models compiled for the Edge TPU, and how their files are named."""

import struct
from pathlib import Path

COMPILED_OPERATOR = b"edgetpu-custom-op"
"""What the Edge TPU compiler puts in the place of the operators that it has compiled."""

_SUFFIX = "_edgetpu"
"""What the compiler adds to a file's name."""

_OPERATOR_CODES, _CUSTOM_CODE = 1, 1
"""Numbers of the fields Model.operator_codes and OperatorCode.custom_code (tensorflow/lite/schema/schema.fbs)."""

_MOST_OPERATOR_CODES = 4096
"""There are some 200 operators; a damaged file may claim thousands of millions."""


def is_compiled(content: bytes) -> bool:
    """Whether the .tflite file `content` has parts compiled for the Edge TPU. False for what is no model, too."""
    try:
        return _has_custom_operator(content, COMPILED_OPERATOR)
    except struct.error:  # an offset that leads out of the file
        return False


def compiled_twin(path: Path) -> Path:
    """What the Edge TPU compiler calls its result for `path`: X.tflite, X_edgetpu.tflite."""
    return path.with_name(f"{path.stem}{_SUFFIX}{path.suffix}")


def cpu_twin(path: Path) -> Path | None:
    """What `path` was compiled from, by its name; None where the name isn't of the kind X_edgetpu.tflite."""
    stem = path.stem.removesuffix(_SUFFIX)
    return path.with_name(f"{stem}{path.suffix}") if stem not in ("", path.stem) else None


def _has_custom_operator(content: bytes, name: bytes) -> bool:
    model = _follow(content, 0)
    codes = _field(content, model, _OPERATOR_CODES)
    if codes is None:
        return False
    codes = _follow(content, codes)
    for entry in range(min(_number(content, "<I", codes), _MOST_OPERATOR_CODES)):
        code = _follow(content, codes + 4 + 4 * entry)
        custom = _field(content, code, _CUSTOM_CODE)
        if custom is not None:
            text = _follow(content, custom)
            length = _number(content, "<I", text)
            if length == len(name) and content[text + 4 : text + 4 + length] == name:
                return True
    return False


def _field(content: bytes, table: int, field: int) -> int | None:
    """Where that field of a flatbuffer's table is; None when it has its default."""
    vtable = table - _number(content, "<i", table)
    if 4 + 2 * field >= _number(content, "<H", vtable):
        return None
    offset = _number(content, "<H", vtable + 4 + 2 * field)
    return table + offset if offset else None


def _follow(content: bytes, position: int) -> int:
    """Where the offset at `position` leads."""
    return position + _number(content, "<I", position)


def _number(content: bytes, form: str, position: int) -> int:
    if position < 0:  # Python would count from the end
        raise struct.error("an offset leads out of the file")
    number: int = struct.unpack_from(form, content, position)[0]
    return number
