"""What earlier starts found out about a model is believed only where it still holds."""

import hashlib
import json
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from edgevision.errors import ModelError
from edgevision.inference import known_models, opening
from edgevision.inference.bundled import bundled_model
from edgevision.inference.known_models import MOST_MODELS, KnownModels
from edgevision.inference.opening import Choice, open_accelerated
from edgevision.inference.twins import Pair

A, B = "a" * 64, "b" * 64

STATE = ("st_dev", "st_ino", "st_size", "st_mtime_ns", "st_ctime_ns")


def note(path: Path, *models: tuple[str, int | None]) -> None:
    """Have a start note models, and prove them."""
    known = KnownModels(path)
    for sha256, threads in models:
        known.note(sha256, threads)
    known.prove()


def test_what_was_noted_is_known_at_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / "state" / "known.json"
    note(path, (A, 1))
    note(path, (B, None))
    note(path, (A, None))  # it was opened with a number that is written
    known = KnownModels(path)
    assert A in known
    assert B in known
    assert "c" * 64 not in known
    assert (known.threads(A), known.threads(B)) == (1, None)
    known.prove()
    assert [file.name for file in path.parent.iterdir()] == ["known.json"]


def test_a_start_that_a_model_brought_down_leaves_nothing_to_believe(tmp_path: Path) -> None:
    path = tmp_path / "known.json"
    note(path, (A, 1))
    assert A in KnownModels(path)  # and there it crashes
    assert A not in KnownModels(path)
    note(path, (B, 1))
    known = KnownModels(path)
    assert A not in known
    assert B in known


def test_another_version_runtime_or_machine_believes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "known.json"
    note(path, (A, 1))
    content = json.loads(path.read_text())
    for place in range(len(content["here"])):
        other = [*content["here"]]
        other[place] += " of another kind"
        path.write_text(json.dumps({**content, "here": other}))
        assert A not in KnownModels(path)
    path.write_text(json.dumps(content))
    assert A in KnownModels(path)
    path.write_text(json.dumps(content))
    monkeypatch.setattr(known_models, "load_runtime", lambda: "ai-edge-litert 99")
    assert A not in KnownModels(path)


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"[]", b"\xff", b"[" * 60_000, b'{"here": []}', b'{"here": HERE}', b" " * 70_000, b"9" * 9000]
)
def test_a_damaged_file_is_not_believed_and_replaced(damage: bytes, tmp_path: Path) -> None:
    path = tmp_path / "known.json"
    path.write_bytes(damage.replace(b"HERE", json.dumps(KnownModels(path)._here).encode()))
    assert A not in KnownModels(path)
    note(path, (A, 1))
    assert A in KnownModels(path)


@pytest.mark.parametrize("kind", ["a pipe", "a link to nothing", "a link to a device"])
def test_what_is_no_file_is_not_waited_for_and_replaced(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "known.json"
    match kind:
        case "a pipe":
            os.mkfifo(path)
        case "a link to nothing":
            path.symlink_to(tmp_path / "nothing")
        case _:
            path.symlink_to("/dev/zero")
    assert A not in KnownModels(path)
    note(path, (A, 1))
    assert path.is_file()
    assert not path.is_symlink()
    assert A in KnownModels(path)


def test_a_folder_in_its_place_is_no_failure(tmp_path: Path) -> None:
    path = tmp_path / "known.json"
    (path / "something").mkdir(parents=True)
    note(path, (A, 1))
    assert A not in KnownModels(path)


@pytest.mark.parametrize("threads", ['{"%s": 0}', '{"%s": 10000}', '{"%s": true}', '{"%s": "2"}', '["%s"]', "null"])
def test_numbers_that_cannot_be_are_not_believed(threads: str, tmp_path: Path) -> None:
    path = tmp_path / "known.json"
    note(path, (B, 1))
    here = json.dumps(json.loads(path.read_text())["here"])
    path.write_text(f'{{"here": {here}, "threads": {threads.replace("%s", A)}}}')
    assert A not in KnownModels(path)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A file that was just written."""
    model = tmp_path / "model.tflite"
    model.write_bytes(b"    TFL3 a model")
    return model


def status(model: Path, **other: int) -> os.stat_result:
    """As if the file had been written an hour ago."""
    now = model.stat()
    old = {"st_ctime": now.st_ctime - 3600, "st_ctime_ns": now.st_ctime_ns - 3600 * 10**9}
    return SimpleNamespace(**{name: getattr(now, name) for name in STATE} | old | other)  # type: ignore[return-value]  # what is asked of it


def test_a_file_that_was_not_touched_is_not_hashed_again(model: Path, tmp_path: Path) -> None:
    path = tmp_path / "known.json"
    first = KnownModels(path)
    sha256 = first.sha256(model.read_bytes(), status(model))
    assert sha256 == hashlib.sha256(model.read_bytes()).hexdigest()
    first.note(sha256, 1)
    first.prove()
    content = json.loads(path.read_text())
    again = KnownModels(path)
    assert again.sha256(b"not looked at", status(model)) == sha256
    again.note(sha256, 1)
    again.prove()
    assert json.loads(path.read_text()) == content


@pytest.mark.parametrize("name", STATE)
def test_a_file_with_anything_changed_is_hashed(name: str, model: Path, tmp_path: Path) -> None:
    known = KnownModels(tmp_path / "known.json")
    known.note(known.sha256(b"before", status(model)), 1)
    changed = status(model, **{name: getattr(status(model), name) + 1})
    assert known.sha256(b"now", changed) == hashlib.sha256(b"now").hexdigest()


def test_a_file_that_may_change_again_within_the_same_tick_of_the_clock_is_hashed(model: Path, tmp_path: Path) -> None:
    known = KnownModels(tmp_path / "known.json")
    known.note(known.sha256(b"before", model.stat()), 1)
    assert known.sha256(b"now", model.stat()) == hashlib.sha256(b"now").hexdigest()


@pytest.mark.parametrize("files", ["null", '["%s"]', '{"%s": 1}', '{"%s": []}', '{"%s": {}}', '{"%s": "unknown"}'])
def test_states_of_files_that_cannot_be_are_not_believed(files: str, model: Path, tmp_path: Path) -> None:
    path = tmp_path / "known.json"
    known = KnownModels(path)
    known.note(known.sha256(model.read_bytes(), status(model)), 1)
    known.prove()
    content = json.loads(path.read_text())
    (state,) = content["files"]
    path.write_text(json.dumps({**content, "files": json.loads(files.replace("%s", state))}))
    assert KnownModels(path).sha256(b"now", status(model)) == hashlib.sha256(b"now").hexdigest()


def test_without_a_folder_to_write_to_it_is_found_out_every_time(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    known = KnownModels(tmp_path / "state" / "known.json")
    known.note(A, 1)
    assert A in known
    assert A not in KnownModels(tmp_path / "state" / "known.json")


def test_the_file_does_not_grow_without_end(model: Path, tmp_path: Path) -> None:
    path = tmp_path / "known.json"
    known = KnownModels(path)
    for number in range(MOST_MODELS + 5):
        known.note(f"{number:064x}", None)
        known.note(known.sha256(b"one", status(model, st_ino=number)), None)
    known.prove()
    again = KnownModels(path)
    assert f"{0:064x}" not in again
    assert f"{MOST_MODELS + 4:064x}" in again
    assert len(json.loads((tmp_path / ".known.json.unproved").read_text())["files"]) == MOST_MODELS


def test_a_known_model_is_neither_tried_nor_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    person, known = bundled_model("person"), tmp_path / "known.json"
    first = KnownModels(known)
    measured = open_accelerated(Choice(person, options={"threads": None}), Pair(person, None), None, known=first)
    first.prove()

    def refuse(*arguments: object, **options: object) -> None:
        raise ModelError("is tried")

    monkeypatch.setattr(opening, "vet", refuse)
    monkeypatch.setattr("edgevision.inference.model.fastest", refuse)
    again = open_accelerated(
        Choice(person, options={"threads": None}), Pair(person, None), None, known=KnownModels(known)
    )
    assert again.info.threads == measured.info.threads
    with pytest.raises(ModelError, match="is tried"):
        open_accelerated(Choice(person), Pair(person, None), None)


def test_a_changed_file_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tmp_path / "model.tflite"
    model.write_bytes(bundled_model("person").read_bytes())
    options = {"labels": bundled_model("person").with_suffix(".txt")}
    known = KnownModels(tmp_path / "known")
    open_accelerated(Choice(model, options=options), Pair(model, None), None, known=known)
    known.prove()
    before = model.stat()
    content = model.read_bytes()
    model.write_bytes(content[:100_000] + bytes(len(content) - 100_000))
    os.utime(model, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(ModelError, match="damaged"):
        open_accelerated(Choice(model, options=options), Pair(model, None), None, known=KnownModels(tmp_path / "known"))
