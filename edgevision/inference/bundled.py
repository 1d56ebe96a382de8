"""The models that come with edgevision."""

from pathlib import Path

import edgevision
from edgevision.errors import ModelError

BUNDLED_MODELS = ("person",)
"""Their names: known without reading the catalogue."""

_PACKAGE = Path(edgevision.__file__).parent
FOLDERS = (_PACKAGE / "bundled", _PACKAGE.parent / "models")
"""Where an installed wheel has the models, and where a source tree has them."""


def bundled_model(name: str) -> Path:
    """The file of the bundled model of that name. Raises ModelError when this installation lacks it."""
    for folder in FOLDERS:
        path = folder / f"{name}.tflite"
        if path.is_file():
            return path
    raise ModelError(f"the model {name!r} is missing from this installation ({FOLDERS[0]}): install edgevision again")
