"""The catalogue of quantized models: catalogue.yaml, its schema, and the names in it.

The configuration looks names up here: this module is light, and the data is read only when it is asked for.
"""

from functools import cache
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal, Self
from urllib.parse import unquote, urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

ARCHIVES = (".zip", ".tgz", ".tar.gz")
_FILE = Path(__file__).with_name("catalogue.yaml")

Hex40 = Annotated[str, StringConstraints(pattern="^[0-9a-f]{40}$")]
Hex64 = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
Name = Annotated[str, StringConstraints(pattern="^[a-z0-9][a-z0-9._-]{0,79}$")]


class _Facts(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)


class PinnedFile(_Facts):
    """A file to be had elsewhere, and what pins its content."""

    url: str | None
    """Where it is published; null: it comes with edgevision."""

    bytes: Annotated[int, Field(gt=0)] | None
    """Its size; null: nobody has said it."""

    sha256: Hex64 | None = None
    """The SHA-256 of its content, or of the archive's."""

    git_blob: Hex40 | None = None
    """What git calls it: the SHA-1 of `blob <bytes>`, a NUL and the content."""

    member: str | None = None
    """The file to take out when `url` is an archive: its last path component there."""

    @model_validator(mode="after")
    def _is_pinned(self) -> Self:
        if self.sha256 is None and self.git_blob is None:
            raise ValueError("a file needs sha256 or git_blob")
        if self.url is not None and not self.url.startswith("https://"):
            raise ValueError("a URL begins with https://")
        if (self.url or "").endswith(ARCHIVES) != (self.member is not None):
            raise ValueError("an archive, and nothing else, has a member to take out")
        if self.member is not None and PurePosixPath(self.member).name != self.member:
            raise ValueError("a member is the last component of its path in the archive")
        return self

    @property
    def pin(self) -> str:
        """What tells this content from all others."""
        return self.sha256 or self.git_blob or ""

    @property
    def file_name(self) -> str:
        """What the file at the URL, or the archive, is called there."""
        return unquote(PurePosixPath(urlsplit(self.url or "").path).name)


class InputSize(_Facts):
    """The picture that a model takes: three channels, these many pixels."""

    width: int
    height: int
    dtype: Literal["uint8", "int8", "float32"]

    def __str__(self) -> str:
        return f"{self.width}x{self.height} {self.dtype}"


Label = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


class CatalogueModel(_Facts):
    """A model that `model.name` can name."""

    name: Name
    """The file's own name, in lower case and without .tflite."""

    task: Literal["detect", "classify", "embed"]
    input: InputSize

    classes: int | None
    """How many classes its answer tells apart; null when it has none."""

    accuracy: str | None
    """As published, with what it was measured on; null: no figure with a source."""

    licence: str
    model: PinnedFile

    labels: PinnedFile | Annotated[tuple[Label, ...], Field(strict=False)] | None
    """The file of its labels, or the labels themselves; null when it has no classes."""

    edgetpu: PinnedFile | None = None
    """The same model compiled for the Edge TPU."""

    @model_validator(mode="after")
    def _has_what_belongs_to_it(self) -> Self:
        if (self.classes is None) != (self.labels is None):
            raise ValueError("classes and labels go together")
        if any(file.url is None for file in (self.labels, self.edgetpu) if isinstance(file, PinnedFile)):
            raise ValueError("what belongs to a model has a URL")
        return self

    @property
    def bundled(self) -> bool:
        """Whether it comes with edgevision."""
        return self.model.url is None


class Catalogue(_Facts):
    """All models that have a name."""

    labels: dict[str, PinnedFile]
    """Files of labels that several models share (by YAML's aliases)."""

    models: Annotated[tuple[CatalogueModel, ...], Field(strict=False)]

    @field_validator("models")
    @classmethod
    def _names_are_their_own(cls, models: tuple[CatalogueModel, ...]) -> tuple[CatalogueModel, ...]:
        names = [model.name for model in models]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"twice in the catalogue: {', '.join(sorted(twice))}")
        return models


@cache
def catalogue() -> dict[str, CatalogueModel]:
    """The models of the catalogue by name, in its order."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    data = yaml.load(_FILE.read_text(encoding="utf-8"), loader)  # a safe loader, the C one where PyYAML has it
    return {model.name: model for model in Catalogue.model_validate(data).models}
