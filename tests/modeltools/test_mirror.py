"""`--from`: a mirror on the web or a folder here has the files, and the checksums still decide."""

from pathlib import Path

import pytest

from edgevision.modeltools.mirror import mirror_at
from edgevision.modeltools.pull import pull_model
from tests.modeltools.file_server import FileServer
from tests.modeltools.pulling import FILES, IN_PLACE, Heard, complaint, in_place, pull, whole_model
from tests.modeltools.small_models import MODEL


def test_a_folder_or_a_file_here_is_copied_and_verified_too(tmp_path: Path) -> None:
    source = tmp_path / "stick"
    source.mkdir()
    for name, content in FILES.items():
        (source / name).write_bytes(content)
    assert pull(whole_model(), tmp_path / "a", str(source))
    assert in_place(tmp_path / "a") == IN_PLACE
    assert pull(whole_model(), tmp_path / "b", str(source / "small.tflite")), "the others lie beside it"
    assert in_place(tmp_path / "b") == IN_PLACE
    assert pull(whole_model(), tmp_path / "c", str(tmp_path / "a" / "models")), "what was pulled is a mirror itself"
    assert in_place(tmp_path / "c") == IN_PLACE
    (source / "small.tflite").write_bytes(MODEL[:-1])
    assert "expected 300000 bytes, found 299999" in complaint(whole_model(), tmp_path / "d", str(source))
    (source / "small.tflite").unlink()
    assert f"{source / 'small.tflite'} is not there" in complaint(whole_model(), tmp_path / "d", str(source))


def test_a_mirror_need_not_have_the_compiled_twin_which_can_be_had_later(tmp_path: Path, server: FileServer) -> None:
    twin = server.files.pop("small_edgetpu.tflite")
    heard = Heard()
    assert pull_model(whole_model(), tmp_path, heard, mirror=mirror_at(server.url))
    assert in_place(tmp_path) == {name: IN_PLACE[name] for name in ("small.tflite", "small.txt")}
    assert "small_edgetpu.tflite is not there: going without; an Edge TPU needs it" in heard.lines
    assert not pull(whole_model(), tmp_path, server.url)
    server.files["small_edgetpu.tflite"] = twin
    assert pull(whole_model(), tmp_path, server.url)
    assert in_place(tmp_path) == IN_PLACE


def test_a_file_at_a_url_brings_what_is_beside_it(tmp_path: Path, server: FileServer) -> None:
    server.files["renamed.tflite"] = server.files.pop("small.tflite")
    assert pull(whole_model(), tmp_path, f"{server.url}renamed.tflite")
    assert in_place(tmp_path) == IN_PLACE


@pytest.mark.parametrize(
    "source",
    [
        *("ftp://a/b", "http://", "http://me:hunter2@a/b", "https:///x", "http://[", "http://a:x/", "http://a:99999/"),
        *("/no/such/file", "~nobody-of-that-name/x"),
    ],
)
def test_a_source_that_makes_no_sense_is_refused(source: str) -> None:
    with pytest.raises(ValueError) as caught:
        mirror_at(source)
    assert "hunter2" not in str(caught.value)
