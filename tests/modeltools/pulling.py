"""Pulling a small model from a server, and looking at what came of it."""

from pathlib import Path

import pytest

from edgevision.errors import DownloadError
from edgevision.modeltools.catalogue import CatalogueModel
from edgevision.modeltools.mirror import mirror_at
from edgevision.modeltools.pull import pull_model
from tests.modeltools.small_models import COMPILED, LABELS, MODEL, pinned, small_model

FILES = {"small.tflite": MODEL, "labels.txt": LABELS, "small_edgetpu.tflite": COMPILED}
IN_PLACE = {"small.tflite": MODEL, "small.txt": LABELS, "small_edgetpu.tflite": COMPILED}
ONLY_MODEL = small_model(pinned("small.tflite", MODEL))


class Heard:
    """Keeps what a pull tells."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.count = 0

    def begin(self, place: str, have: int, total: int | None) -> None:
        self.count = have

    def advance(self, count: int) -> None:
        self.count += count

    def say(self, text: str) -> None:
        self.lines.append(text)


def whole_model() -> CatalogueModel:
    return small_model(
        pinned("small.tflite", MODEL),
        pinned("labels.txt", LABELS),
        pinned("small_edgetpu.tflite", COMPILED, size=False, by="git_blob"),
    )


def pull(model: CatalogueModel, state_dir: Path, source: str, silence: float = 10) -> bool:
    return pull_model(model, state_dir, Heard(), mirror=mirror_at(source), silence=silence)


def in_place(state_dir: Path) -> dict[str, bytes]:
    folder = state_dir / "models"
    return {path.name: path.read_bytes() for path in folder.glob("small*") if path.suffix != ".sha256"}


def complaint(model: CatalogueModel, state_dir: Path, source: str, silence: float = 10) -> str:
    """What is said when a pull fails; nothing may be in place after it."""
    with pytest.raises(DownloadError) as caught:
        pull(model, state_dir, source, silence)
    assert in_place(state_dir) == {}
    return str(caught.value)
