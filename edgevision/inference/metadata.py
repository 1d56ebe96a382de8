"""Labels inside a model file: TFLite metadata packs them as a ZIP behind the flatbuffer.

Source: "Adding metadata to TensorFlow Lite models", the section on associated files.
"""

import zipfile
import zlib
from pathlib import Path

from edgevision.errors import LabelsError

MOST_LABEL_BYTES = 4 * 1024 * 1024
"""A label file larger than this is refused, whatever the archive says its size is."""


def packed_labels(model: Path) -> tuple[str, str] | None:
    """The label file packed into `model`: its name and text; None where there is none.

    Raises LabelsError when the archive is damaged, several files could be the labels, or the text can't be read.
    """
    if not zipfile.is_zipfile(model):
        return None
    try:
        with zipfile.ZipFile(model) as archive:
            texts = [name for name in archive.namelist() if name.lower().endswith(".txt")]
            named = [name for name in texts if "label" in name.lower()] or texts
            if not named:
                return None
            if len(named) > 1:
                raise LabelsError(f"{model} packs several label files ({', '.join(named)}): set model.labels to one")
            with archive.open(named[0]) as file:
                return named[0], decode_labels(file.read(MOST_LABEL_BYTES + 1), f"{named[0]} inside {model}")
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise LabelsError(
            f"the files packed into {model} can't be read ({error}): set model.labels to a .txt"
        ) from error


def decode_labels(content: bytes, where: str) -> str:
    """The text of a label file. Raises LabelsError when it is too large or isn't UTF-8."""
    if len(content) > MOST_LABEL_BYTES:
        raise LabelsError(f"{where} is larger than {MOST_LABEL_BYTES // 1024**2} MiB: that is no label file")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise LabelsError(f"{where} isn't UTF-8 text (byte {error.start}): save it as UTF-8") from error
