"""Of an archive one file is taken, whatever else is in it, and nothing of it decides where anything is written."""

import io
import itertools
import tarfile
import zipfile
from pathlib import Path

import pytest

from edgevision.errors import DownloadError
from edgevision.modeltools import archive
from edgevision.modeltools.archive import take_out
from edgevision.modeltools.mirror import mirror_at
from edgevision.modeltools.pull import pull_model
from edgevision.modeltools.pulled import noted
from tests.modeltools.file_server import file_server
from tests.modeltools.pulling import Heard
from tests.modeltools.small_models import LABELS, MODEL, pinned, small_model


def tgz(*members: tuple[str, bytes]) -> bytes:
    """A .tgz of regular files."""
    return tgz_of(*((tarfile.TarInfo(name), content) for name, content in members))


def tgz_of(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as opened:
        for info, content in members:
            info.size = len(content)
            opened.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def zipped(*members: tuple[str, bytes], packed: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", packed) as opened:
        for name, content in members:
            opened.writestr(name, content)
    return buffer.getvalue()


LZMA = zipped(("m.tflite", MODEL), packed=zipfile.ZIP_LZMA)
DAMAGED_LZMA = LZMA[:60] + b"\xff" * 1000 + LZMA[1060:]


def link(name: str, target: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = tarfile.SYMTYPE, target
    return info


def taken(folder: Path, content: bytes, suffix: str) -> bytes:
    (folder / "archive").write_bytes(content)
    take_out(folder / "archive", f"a{suffix}", "m.tflite", folder / "taken")
    return (folder / "taken").read_bytes()


@pytest.mark.parametrize("name", ["m.tflite", "./m.tflite", "some/folder/m.tflite", "/m.tflite", "../../m.tflite"])
def test_the_member_is_found_wherever_it_lies(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    others = [("m.ckpt", b"large"), ("__MACOSX/._m.tflite", b"x")]
    assert taken(folder, tgz(*others, (name, MODEL)), ".tgz") == MODEL
    assert taken(folder, zipped(*others, (name, MODEL)), ".zip") == MODEL
    assert {path.name for path in folder.iterdir()} == {"archive", "taken"}
    assert {path.name for path in tmp_path.iterdir()} == {"here"}


@pytest.mark.parametrize(
    ("content", "suffix", "words"),
    [
        (tgz(("other", b"")), ".tgz", "none of that name"),
        (zipped(("other", b"")), ".zip", "holds 0 of that name"),
        (zipped(("a/m.tflite", b"1"), ("b/m.tflite", b"2")), ".zip", "holds 2 of that name"),
        (tgz_of((link("m.tflite", "/etc/passwd"), b"")), ".tgz", "a link or a device"),
        (tgz(("m.tflite", MODEL))[:-1000], ".tgz", "can't be taken out"),
        (zipped(("m.tflite", MODEL))[:-10], ".zip", "can't be taken out"),
        (DAMAGED_LZMA, ".zip", "can't be taken out"),
        (zipped(("ä/m.tflite", MODEL)).replace("ä".encode(), b"\xff\xff"), ".zip", "can't be taken out"),
        (b"<html>", ".zip", "can't be taken out"),
        (b"<html>", ".tgz", "can't be taken out"),
        (b"", ".tgz", "can't be taken out"),
        (tgz(("m.tflite", bytes(2_000_001))), ".tgz", "larger than"),
        (zipped(("m.tflite", bytes(2_000_001))), ".zip", "larger than"),
        (tgz(("bomb", bytes(4_000_000)), ("m.tflite", MODEL)), ".tgz", "unpacks to more than"),
    ],
    ids=itertools.count(),  # a .tgz holds the time at which it was made
)
def test_an_archive_that_cannot_be_used_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, suffix: str, words: str
) -> None:
    monkeypatch.setattr(archive, "MOST_MEMBER_BYTES", 2_000_000)
    monkeypatch.setattr(archive, "MOST_UNPACKED_BYTES", 3_000_000)
    with pytest.raises(DownloadError) as caught:
        taken(tmp_path, content, suffix)
    assert words in str(caught.value)
    assert f"a{suffix}: m.tflite can't be taken out of it (" in str(caught.value)
    assert not (tmp_path / "taken").exists()


def test_a_link_in_a_zip_is_written_as_the_text_that_it_is(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    info = zipfile.ZipInfo("m.tflite")
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(buffer, "w") as opened:
        opened.writestr(info, "/etc/passwd")
    assert taken(tmp_path, buffer.getvalue(), ".zip") == b"/etc/passwd"
    assert not (tmp_path / "taken").is_symlink()


def test_model_and_labels_out_of_one_archive_that_is_fetched_once(tmp_path: Path) -> None:
    content = zipped(("detect.tflite", MODEL), ("labelmap.txt", LABELS))
    model = small_model(
        pinned("a.zip", content, size=False, member="detect.tflite"), pinned("a.zip", content, member="labelmap.txt")
    )
    with file_server({"a.zip": content}) as server:
        assert pull_model(model, tmp_path, Heard(), mirror=mirror_at(server.url))
        assert len(server.asked) == 1
        assert not pull_model(model, tmp_path, Heard(), mirror=mirror_at(server.url)), "the note vouches for it"
    folder = tmp_path / "models"
    assert {path.name for path in folder.iterdir()} == {"small.tflite", "small.txt", "small.sha256"}
    assert (folder / "small.tflite").read_bytes() == MODEL
    assert (folder / "small.txt").read_bytes() == LABELS
    assert len(noted(folder, "small")) == 2


def test_a_wrong_archive_is_not_even_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def opened(*_: object) -> None:
        raise AssertionError("opened")

    monkeypatch.setattr("edgevision.modeltools.pull.take_out", opened)
    model = small_model(pinned("a.tgz", tgz(("m.tflite", MODEL)), size=False, member="m.tflite"))
    with file_server({"a.tgz": tgz(("m.tflite", b"other"))}) as server, pytest.raises(DownloadError, match="is not"):
        pull_model(model, tmp_path, Heard(), mirror=mirror_at(server.url))
