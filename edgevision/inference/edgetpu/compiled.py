"""Models compiled for the Edge TPU, and how their files are named."""

from pathlib import Path

from edgevision.inference.flatbuffer import Table

COMPILED_OPERATOR = b"edgetpu-custom-op"
"""What the Edge TPU compiler puts in the place of the operators that it has compiled."""

_SUFFIX = "_edgetpu"
"""What the compiler adds to a file's name."""

_OPERATOR_CODES, _CUSTOM_CODE = 1, 1
"""Numbers of the fields Model.operator_codes and OperatorCode.custom_code (tensorflow/lite/schema/schema.fbs)."""


def is_compiled(content: bytes) -> bool:
    """Whether the .tflite file `content` has parts compiled for the Edge TPU. False for what is no model, too."""
    try:
        codes = Table.root(content).tables(_OPERATOR_CODES)
        return any(code.holds(_CUSTOM_CODE, COMPILED_OPERATOR) for code in codes)
    except ValueError:  # an offset that leads out of the file
        return False


def compiled_twin(path: Path) -> Path:
    """What the Edge TPU compiler calls its result for `path`: X.tflite, X_edgetpu.tflite."""
    return path.with_name(f"{path.stem}{_SUFFIX}{path.suffix}")


def cpu_twin(path: Path) -> Path | None:
    """What `path` was compiled from, by its name; None where the name isn't of the kind X_edgetpu.tflite."""
    stem = path.stem.removesuffix(_SUFFIX)
    return path.with_name(f"{stem}{path.suffix}") if stem not in ("", path.stem) else None
