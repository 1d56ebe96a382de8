"""The catalogue says nothing that isn't so, as far as that can be told here."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from edgevision.inference.bundled import BUNDLED_MODELS, bundled_model
from edgevision.inference.labels import fit_labels, parse_labels
from edgevision.modeltools.catalogue import (
    Catalogue,
    CatalogueModel,
    PinnedFile,
    catalogue,
)
from edgevision.modeltools.checksum import git_blob_of, mismatch
from edgevision.modeltools.pulled import parts

NAMES_HERE = {"coco_labels.txt": "coral_coco_labels.txt"}
"""What some files are called in the folder of test models."""


def pinned_files() -> Iterator[PinnedFile]:
    for model in catalogue().values():
        yield from (content for content in parts(model).values() if isinstance(content, PinnedFile))


def test_each_model_is_listed_once_under_the_name_of_its_file() -> None:
    assert len(catalogue()) >= 35
    urls = [(model.model.url, model.model.member) for model in catalogue().values() if not model.bundled]
    assert len(set(urls)) == len(urls)
    for name, model in catalogue().items():
        assert name == model.name
        file = model.model.member or model.model.file_name or f"{name}.tflite"
        assert file in (f"{name}.tflite", "detect.tflite")
        if model.edgetpu is not None:
            assert model.edgetpu.file_name == f"{name}_edgetpu.tflite"


def test_every_file_is_pinned_by_a_well_formed_checksum() -> None:
    for file in pinned_files():
        assert file.sha256 is None or re.fullmatch("[0-9a-f]{64}", file.sha256)
        assert file.git_blob is None or re.fullmatch("[0-9a-f]{40}", file.git_blob)
        assert file.sha256 or file.git_blob
        assert file.url is None or file.url.startswith("https://")


def test_the_bundled_models_are_those_that_come_with_edgevision() -> None:
    assert tuple(name for name, model in catalogue().items() if model.bundled) == BUNDLED_MODELS
    for name in BUNDLED_MODELS:
        assert mismatch(bundled_model(name), catalogue()[name].model) is None
        assert catalogue()[name].labels == tuple(bundled_model(name).with_suffix(".txt").read_text().split())


def test_the_files_that_are_here_have_the_bytes_that_the_catalogue_says(models: Path) -> None:
    seen = set()
    for file in pinned_files():
        path = models / NAMES_HERE.get(file.file_name, file.file_name)
        if file.member is None and path.is_file():
            assert mismatch(path, file) is None, file.url
            assert file.bytes == path.stat().st_size
            assert file.sha256 is not None, "it can be hashed: it is here"
            seen.add(file.file_name)
    assert len(seen) >= 11


def test_the_labels_fit_the_classes(models: Path) -> None:
    for model in catalogue().values():
        if isinstance(model.labels, tuple):
            assert len(model.labels) == model.classes
        elif model.labels is not None and model.classes is not None:
            name = model.labels.member and "coco_ssd_labels.txt"
            name = name or NAMES_HERE.get(model.labels.file_name, model.labels.file_name)
            labels = fit_labels(parse_labels((models / name).read_text(), name), [model.classes], name)
            assert len(labels) == model.classes


def test_facts_that_were_collected_are_repeated_rightly(shared: Path) -> None:
    facts = (shared / "catalogue-facts.yaml").read_text()
    for file in pinned_files():
        if file.url is not None and not file.file_name.endswith(".txt"):
            assert file.file_name in facts
            line = next(line for line in facts.splitlines() if (file.git_blob or file.sha256 or "") in line)
            assert file.git_blob is None or line.strip().startswith(f"{file.file_name}:")
            assert file.bytes is None or f"bytes: {file.bytes}," in line
    for model in catalogue().values():
        if model.accuracy and not model.bundled:
            figure = model.accuracy.split()[0]
            assert re.search(rf"\b{re.escape(model.name)}\.tflite: .*published: \"{figure} top-1\"", facts)


def test_git_s_name_of_a_file_is_git_s(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"hello\n")
    assert git_blob_of(tmp_path / "a") == "ce013625030ba8dba906f756967f9e9ca394464a"  # git hash-object
    (tmp_path / "a").write_bytes(b"")
    assert git_blob_of(tmp_path / "a") == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"


PLAIN = {"url": "https://a/b.tflite", "bytes": 1, "sha256": hashlib.sha256(b"a").hexdigest()}


@pytest.mark.parametrize(
    "wrong",
    [
        {"sha256": "abc"},
        {"sha256": None},
        {"sha256": PLAIN["sha256"].upper()},  # type: ignore[attr-defined]  # it is a str
        {"sha256": f"{PLAIN['sha256']}\n"},
        {"git_blob": PLAIN["sha256"]},
        {"url": "http://a/b.tflite"},
        {"url": "https://a/b.zip"},
        {"member": "b"},
        {"url": "https://a/b.zip", "member": "../b"},
        {"bytes": 0},
        {"bytes": "1"},
        {"md5": "1"},
    ],
)
def test_a_file_that_is_not_pinned_rightly_is_no_part_of_a_catalogue(wrong: dict[str, object]) -> None:
    PinnedFile.model_validate(PLAIN)
    with pytest.raises(ValidationError):
        PinnedFile.model_validate({**PLAIN, **wrong})


MODEL = {
    "name": "a",
    "task": "classify",
    "input": {"width": 1, "height": 1, "dtype": "uint8"},
    "classes": 1,
    "accuracy": None,
    "licence": "MIT",
    "model": PLAIN,
    "labels": ["a"],
}


@pytest.mark.parametrize(
    "wrong", [{"name": "A"}, {"name": "../a"}, {"task": "see"}, {"labels": None}, {"classes": None}, {"speed": 1}]
)
def test_a_model_that_makes_no_sense_is_no_part_of_a_catalogue(wrong: dict[str, object]) -> None:
    CatalogueModel.model_validate(MODEL)
    with pytest.raises(ValidationError):
        CatalogueModel.model_validate({**MODEL, **wrong})


def test_a_name_stands_once() -> None:
    with pytest.raises(ValidationError, match="twice in the catalogue: a"):
        Catalogue.model_validate({"labels": {}, "models": [MODEL, MODEL]})
