"""Labels inside a model file: TFLite metadata packs them as a ZIP behind the flatbuffer.

Source: "Adding metadata to TensorFlow Lite models", the section on associated files.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from edgevision.errors import LabelsError

if TYPE_CHECKING:
    import zipfile

_ARCHIVE_END = b"PK\5\6"
_LONGEST_END = 22 + 0xFFFF
"""Bytes of what every ZIP ends with, its comment included (APPNOTE.TXT 4.3.16)."""

MOST_LABEL_FILES = 8
"""As many are looked at, to name them when there is more than one."""

MOST_LABEL_BYTES = 4 * 1024 * 1024
"""A label file larger than this is refused, whatever the archive says its size is."""


def packed_labels(model: Path, content: bytes) -> tuple[str, str] | None:
    """The label file packed into the model that `content` is: its name and text; None where there is none.

    Raises LabelsError when the archive is damaged, several files could be the labels, or the text can't be read.
    """
    if _ARCHIVE_END not in content[-_LONGEST_END:]:
        return None
    # Only for those that need it.
    import lzma
    import zipfile
    import zlib

    try:
        packed = _label_files(content)
    except (  # it is damaged, encrypted, packed in an unknown way, or needs too much memory
        zipfile.BadZipFile,
        zlib.error,
        lzma.LZMAError,
        EOFError,
        NotImplementedError,
        RuntimeError,
        OSError,
        ValueError,
        MemoryError,
    ) as error:
        raise LabelsError(
            f"the files packed into {model} can't be read ({error}): set model.labels to a .txt"
        ) from error
    if len(packed) > 1:
        raise LabelsError(f"{model} packs several label files ({', '.join(packed)}): set model.labels to one")
    for name, text in packed.items():
        return name, decode_labels(text, f"{name} inside {model}")
    return None


def _label_files(content: bytes) -> dict[str, bytes]:
    """The label files in the archive, cut off where they would be too large whatever the archive says their size is."""
    import zipfile

    file = io.BytesIO(content)
    if not zipfile.is_zipfile(file):
        return {}
    with zipfile.ZipFile(file) as archive:
        texts = [name for name in archive.namelist() if name.lower().endswith(".txt")]
        named = [name for name in texts if "label" in name.lower()] or texts
        return {name: _start_of(archive, name) for name in named[:MOST_LABEL_FILES]}


def _start_of(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as file:
        return file.read(MOST_LABEL_BYTES + 1)


def decode_labels(content: bytes, where: str) -> str:
    """The text of a label file. Raises LabelsError when it is too large or isn't UTF-8."""
    if len(content) > MOST_LABEL_BYTES:
        raise LabelsError(f"{where} is larger than {MOST_LABEL_BYTES // 1024**2} MiB: that is no label file")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise LabelsError(f"{where} isn't UTF-8 text (byte {error.start}): save it as UTF-8") from error
