"""Reading a .tflite file, and finding what lies beside it."""

import contextlib
import os
from importlib import import_module
from pathlib import Path

from edgevision.errors import ModelError
from edgevision.regular_file import read_with_status

FILE_IDENTIFIER = b"TFL3"
"""Bytes 4 to 8 of every .tflite file (tensorflow/lite/schema/schema.fbs)."""

MOST_MODEL_BYTES = 128 * 1024**2
"""The largest MobileNet has a fifth of that; a Pi has 1 GB for everything."""

COMPILED = "_edgetpu"
"""What the Edge TPU compiler puts behind a model's name."""


def read_model_file(path: Path) -> bytes:
    """The content of a .tflite file. Raises ModelError when it isn't there or isn't one."""
    return read_model_and_status(path)[0]


def read_model_and_status(path: Path) -> tuple[bytes, os.stat_result]:
    """The content of a .tflite file and the file's status. Raises ModelError when it isn't there or isn't one."""
    try:
        content, status = read_with_status(path, MOST_MODEL_BYTES)
    except FileNotFoundError as error:
        raise ModelError(f"{path} does not exist: give the path of a .tflite file") from error
    except OSError as error:
        raise ModelError(f"{path} can't be read ({error.strerror})") from error
    except ValueError as error:
        raise ModelError(f"{path} {error}: give the path of a .tflite file") from error
    if content[4:8] != FILE_IDENTIFIER:
        raise ModelError(
            f"{path} is not a .tflite model: its bytes 4 to 8 are {content[4:8]!r}, not {FILE_IDENTIFIER!r}"
        )
    return content, status


def sha256_of(content: bytes) -> str:
    """The SHA-256 of a model, in hexadecimal digits.

    Python's own, where it has one: hashlib would load OpenSSL, which takes longer than it saves, and 5 MB.
    """
    for name in ("_sha2", "_sha256"):
        with contextlib.suppress(ImportError):
            return str(import_module(name).sha256(content).hexdigest())
    return str(import_module("hashlib").sha256(content).hexdigest())


def beside(model: Path, suffix: str) -> tuple[Path, ...]:
    """Where a file that belongs to `model` may lie, the likeliest first.

    `X_edgetpu.tflite` shares those of `X.tflite` where it has none of its own.
    """
    own = model.with_suffix(suffix)
    if not model.stem.endswith(COMPILED):
        return (own,)
    return own, model.with_name(model.stem.removesuffix(COMPILED) + suffix)
