"""Models of a catalogue for tests: bytes without meaning, truly pinned."""

import hashlib
import random

from edgevision.modeltools.catalogue import CatalogueModel, PinnedFile

MODEL = random.Random(1).randbytes(300_000)
COMPILED = random.Random(2).randbytes(200_000)
LABELS = b"cat\ndog\n"


def pinned(
    name: str, content: bytes, *, size: bool = True, by: str = "sha256", member: str | None = None
) -> PinnedFile:
    """A file of the catalogue with that content, pinned by `sha256` or `git_blob`."""
    git = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
    return PinnedFile(
        url=f"https://models.invalid/{name}",
        bytes=len(content) if size else None,
        sha256=hashlib.sha256(content).hexdigest() if by == "sha256" else None,
        git_blob=git if by == "git_blob" else None,
        member=member,
    )


def small_model(
    model: PinnedFile, labels: PinnedFile | None = None, edgetpu: PinnedFile | None = None
) -> CatalogueModel:
    """A classifier of two classes called `small`."""
    return CatalogueModel.model_validate(
        {
            "name": "small",
            "task": "classify" if labels else "embed",
            "input": {"width": 1, "height": 1, "dtype": "uint8"},
            "classes": 2 if labels else None,
            "accuracy": None,
            "licence": "CC0-1.0",
            "model": model,
            "labels": labels,
            "edgetpu": edgetpu,
        }
    )
