"""Pulled models: where they lie, whether they are what was verified, and which file a name stands for.

A pulled model is NAME.tflite in `<state_dir>/models/`, with NAME.txt (labels), NAME_edgetpu.tflite (the same compiled
for the Edge TPU) and NAME.sha256 (what was verified, for `sha256sum -c`) beside it. What the catalogue pins is checked
by the catalogue; what came out of an archive by NAME.sha256, for there the archive is what is pinned.
"""

import hashlib
import re
from pathlib import Path
from typing import Literal

from edgevision.errors import ModelError
from edgevision.inference.bundled import BUNDLED_MODELS, bundled_model
from edgevision.modeltools.catalogue import CatalogueModel, PinnedFile, catalogue
from edgevision.modeltools.checksum import mismatch, sha256_of

Content = PinnedFile | tuple[str, ...]
"""A file that is pinned, or the labels that it holds, one a line."""

State = Literal["bundled", "pulled", "damaged", "not here"]

_NOTED = re.compile(r"([0-9a-f]{64})  (\S+)")


def find_model(name: str, state_dir: Path, pull: str) -> Path:
    """The file of the model of that name: a bundled one, else a pulled one, verified with all that lies beside it.

    `pull` is the command that gets it, to be told. Raises ModelError (to be read after the key that names the model)
    when it isn't here, or isn't what was pulled; KeyError when the catalogue has no such name.
    """
    if name in BUNDLED_MODELS:
        return bundled_model(name)
    model, folder = catalogue()[name], models_folder(state_dir)
    try:
        if not (folder / f"{name}.tflite").exists():
            raise ModelError(f"the model {name} is not here ({folder}): {pull}")
        for file in _kept(folder, model):
            if what := fault(folder, model, file):
                raise ModelError(f"{folder / file} is not what was pulled ({what}): {pull}")
    except OSError as error:
        raise ModelError(f"{error.filename or folder} can't be read ({error.strerror}): {pull}") from error
    return folder / f"{name}.tflite"


def _kept(folder: Path, model: CatalogueModel) -> list[str]:
    """The files that a pulled model consists of here: a mirror needn't have had the compiled twin."""
    return [file for file in parts(model) if not is_twin(file) or (folder / file).exists()]


def is_twin(file: str) -> bool:
    """Whether a file of that name is a model compiled for the Edge TPU."""
    return file.endswith("_edgetpu.tflite")


def models_folder(state_dir: Path) -> Path:
    """Where pulled models lie."""
    return state_dir / "models"


def note_of(name: str) -> str:
    """The name of the file that says what was verified."""
    return f"{name}.sha256"


def parts(model: CatalogueModel) -> dict[str, Content]:
    """The files of a pulled model: the name of each and what is in it. The model itself is the last."""
    names = {
        f"{model.name}.txt": model.labels,
        f"{model.name}_edgetpu.tflite": model.edgetpu,
        f"{model.name}.tflite": model.model,
    }
    return {name: content for name, content in names.items() if content is not None}


def state_of(model: CatalogueModel, state_dir: Path) -> State:
    """Whether a model of the catalogue can be run here. Raises OSError when its files can't be read."""
    if model.bundled:
        return "bundled"
    folder = models_folder(state_dir)
    if not (folder / f"{model.name}.tflite").exists():
        return "not here"
    return "damaged" if any(fault(folder, model, file) for file in _kept(folder, model)) else "pulled"


def fault(folder: Path, model: CatalogueModel, file: str) -> str | None:
    """What is wrong with one of the files of a pulled model; None: nothing. Raises OSError when it can't be read."""
    path, content = folder / file, parts(model)[file]
    if not path.is_file():  # reading a pipe would never end
        return "it is no file" if path.exists() else "it is missing"
    if isinstance(content, tuple):
        expected: str | None = hashlib.sha256(label_lines(content)).hexdigest()
    elif content.member is None:
        return mismatch(path, content)
    else:
        expected = noted(folder, model.name).get(file)
    if expected is None:
        return f"{note_of(model.name)} doesn't name it"
    found = sha256_of(path)
    return None if found == expected else f"expected SHA-256 {expected}, found {found}"


def label_lines(labels: tuple[str, ...]) -> bytes:
    """Labels as the .txt beside a model has them."""
    return "".join(f"{label}\n" for label in labels).encode()


def noted(folder: Path, name: str) -> dict[str, str]:
    """The SHA-256 of each file of a model when it was pulled and verified. Raises OSError when that can't be read."""
    path = folder / note_of(name)
    if not path.is_file():
        return {}
    lines = path.read_text(encoding="ascii", errors="replace").splitlines()
    return {match[2]: match[1] for line in lines if (match := _NOTED.fullmatch(line))}
