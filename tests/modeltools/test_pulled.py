"""What a name stands for: a bundled model, or a pulled one that is still what was verified; else a way to get it."""

from pathlib import Path

import pytest

from edgevision.errors import ModelError
from edgevision.inference.bundled import bundled_model
from edgevision.modeltools import pulled
from edgevision.modeltools.catalogue import CatalogueModel
from edgevision.modeltools.mirror import mirror_at
from edgevision.modeltools.pull import pull_model
from edgevision.modeltools.pulled import find_model, state_of
from tests.modeltools.pulling import Heard
from tests.modeltools.small_models import COMPILED, LABELS, MODEL, pinned, small_model
from tests.modeltools.test_archive import tgz

PULL = "edgevision models pull small"


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CatalogueModel:
    """A model of the catalogue, pulled to tmp_path: pinned in each way that there is."""
    archive = tgz(("small.tflite", MODEL))
    model = small_model(
        pinned("small.tgz", archive, member="small.tflite"),
        pinned("labels.txt", LABELS),
        pinned("small_edgetpu.tflite", COMPILED, size=False, by="git_blob"),
    )
    source = tmp_path / "source"
    source.mkdir()
    for name, content in {"small.tgz": archive, "labels.txt": LABELS, "small_edgetpu.tflite": COMPILED}.items():
        (source / name).write_bytes(content)
    pull_model(model, tmp_path, Heard(), mirror=mirror_at(str(source)))
    monkeypatch.setattr(pulled, "catalogue", lambda: {"small": model})
    return model


def test_a_bundled_model_is_found_without_the_catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulled, "catalogue", None)
    assert find_model("person", tmp_path, PULL) == bundled_model("person")


def test_a_pulled_model_is_found(tmp_path: Path, small: CatalogueModel) -> None:
    assert find_model("small", tmp_path, PULL) == tmp_path / "models" / "small.tflite"
    assert state_of(small, tmp_path) == "pulled"


@pytest.mark.parametrize("file", ["small.tflite", "small.txt", "small_edgetpu.tflite"])
def test_a_file_that_is_no_longer_what_was_verified_is_never_run(
    tmp_path: Path, small: CatalogueModel, file: str
) -> None:
    path = tmp_path / "models" / file
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(ModelError) as caught:
        find_model("small", tmp_path, PULL)
    assert str(caught.value).startswith(f"{path} is not what was pulled (expected ")
    assert str(caught.value).endswith(f": {PULL}")
    assert state_of(small, tmp_path) == "damaged"


def test_a_model_without_its_twin_is_one_for_the_cpu(tmp_path: Path, small: CatalogueModel) -> None:
    (tmp_path / "models" / "small_edgetpu.tflite").unlink()
    assert find_model("small", tmp_path, PULL).exists()
    assert state_of(small, tmp_path) == "pulled"


@pytest.mark.parametrize("file", ["small.sha256", "small.txt"])
def test_a_file_that_is_missing_is_told(tmp_path: Path, small: CatalogueModel, file: str) -> None:
    (tmp_path / "models" / file).unlink()
    with pytest.raises(ModelError, match=r"is not what was pulled \(.*(missing|doesn't name it)"):
        find_model("small", tmp_path, PULL)


def test_a_model_that_somebody_put_there_is_not_trusted(tmp_path: Path, small: CatalogueModel) -> None:
    other = tmp_path / "other"
    (other / "models").mkdir(parents=True)
    (other / "models" / "small.tflite").write_bytes(MODEL)
    with pytest.raises(ModelError, match="is not what was pulled"):
        find_model("small", other, PULL)


def test_a_model_that_is_not_here_comes_with_the_command_that_gets_it(tmp_path: Path, small: CatalogueModel) -> None:
    with pytest.raises(ModelError) as caught:
        find_model("small", tmp_path / "empty", PULL)
    assert str(caught.value) == f"the model small is not here ({tmp_path}/empty/models): {PULL}"
    assert state_of(small, tmp_path / "empty") == "not here"
