"""Servers that talk nonsense, and folders that hold what no pull has put there."""

import http.client
import os
import threading
from email.message import Message
from pathlib import Path
from queue import Queue

import pytest

from edgevision.errors import DownloadError
from edgevision.modeltools.http_get import reason, validator
from edgevision.modeltools.mirror import mirror_at
from edgevision.modeltools.pull import PARTIAL_FOLDER, pull_model
from edgevision.modeltools.pulled import state_of
from tests.modeltools.file_server import FileServer
from tests.modeltools.pulling import FILES, IN_PLACE, ONLY_MODEL, Heard, complaint, in_place, pull, whole_model
from tests.modeltools.small_models import MODEL, pinned, small_model


def test_what_a_server_says_is_told_on_one_line_and_moves_no_cursor(tmp_path: Path, server: FileServer) -> None:
    server.manners.status, server.manners.location = 302, f"{server.url}small.tflite"
    said = complaint(ONLY_MODEL, tmp_path, server.url)
    assert "the server says 302" in said
    assert "\n" not in said
    assert reason(http.client.BadStatusLine("\x1b[2JSSH-2.0\r\n" + "x" * 60_000)).startswith("[2JSSH-2.0 xxx")
    assert len(reason(http.client.BadStatusLine("x" * 60_000))) == 200


def test_a_version_that_cannot_be_sent_back_is_not_kept() -> None:
    for name, value in (("Last-Modified", "Mon, 01 Jän 2024"), ("ETag", '"a\r\n b"')):
        headers = Message()
        headers[name] = value
        assert not validator(headers)


def test_a_server_that_has_no_range_when_none_was_asked_for_is_named(tmp_path: Path, server: FileServer) -> None:
    server.manners.status = 416
    assert complaint(ONLY_MODEL, tmp_path, server.url).startswith(f"{server.url}small.tflite: the server says 416")


def test_a_login_page_in_chunks_is_no_connection_that_was_lost(tmp_path: Path, server: FileServer) -> None:
    server.files["small.tflite"] = b"<html>Please log in</html>"
    server.manners.chunked, server.manners.ranges = True, False
    said = complaint(ONLY_MODEL, tmp_path, server.url)
    assert "expected 300000 bytes, found 26; it is a web page" in said


def test_chunks_bring_the_file_too(tmp_path: Path, server: FileServer) -> None:
    server.manners.chunked = True
    assert pull(whole_model(), tmp_path, server.url)
    assert in_place(tmp_path) == IN_PLACE


def test_a_mirrors_path_may_hold_spaces_and_umlauts(tmp_path: Path, server: FileServer) -> None:
    assert pull(ONLY_MODEL, tmp_path, server.url.replace("files", "für alle"))
    assert server.asked[0].path == "/f%C3%BCr%20alle/small.tflite"
    assert mirror_at("http://a/b%20c/?d=/e f").location == "http://a/b%20c/?d=/e f", "what is quoted stays so"


def test_a_mirror_is_found_from_a_folder_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(ValueError, match="neither a URL nor a file"):
        mirror_at("x")
    monkeypatch.chdir(tmp_path)


def test_what_no_pull_has_put_among_the_partial_files_is_neither_written_to_nor_waited_for(tmp_path: Path) -> None:
    source, partials, victim = tmp_path / "source", tmp_path / "models" / PARTIAL_FOLDER, tmp_path / "victim"
    partials.mkdir(parents=True)
    source.mkdir()
    for name, content in FILES.items():
        (source / name).write_bytes(content)
    victim.write_text("secret")
    victim.chmod(0o600)
    (partials / "small.sha256").symlink_to(victim)
    os.mkfifo(partials / ONLY_MODEL.model.pin[:20])
    assert pull(whole_model(), tmp_path, str(source))
    assert in_place(tmp_path) == IN_PLACE
    assert victim.read_text() == "secret"
    assert victim.stat().st_mode & 0o777 == 0o600
    assert not (tmp_path / "models" / "small.sha256").is_symlink()


@pytest.mark.parametrize("note", ["", f"{'0' * 64}  small.tflite\n", None])
def test_a_note_that_is_wrong_or_lost_is_mended_by_a_pull(tmp_path: Path, server: FileServer, note: str | None) -> None:
    assert pull(whole_model(), tmp_path, server.url)
    path = tmp_path / "models" / "small.sha256"
    whole = path.read_text()
    path.unlink()
    if note is not None:
        path.write_text(note)
    assert pull(whole_model(), tmp_path, server.url)
    assert path.read_text() == whole
    assert not pull(whole_model(), tmp_path, server.url)


@pytest.mark.parametrize("by", ["sha256", "git_blob"])
def test_a_pipe_in_place_of_a_model_is_damage_that_a_pull_mends(tmp_path: Path, server: FileServer, by: str) -> None:
    model = small_model(pinned("small.tflite", MODEL, size=False, by=by))
    (tmp_path / "models").mkdir()
    os.mkfifo(tmp_path / "models" / "small.tflite")
    assert state_of(model, tmp_path) == "damaged"
    assert pull(model, tmp_path, server.url)
    assert in_place(tmp_path) == {"small.tflite": MODEL}


def test_a_folder_in_place_of_a_model_is_named(tmp_path: Path, server: FileServer) -> None:
    in_the_way = tmp_path / "models" / "small.tflite"
    in_the_way.mkdir(parents=True)
    with pytest.raises(DownloadError) as caught:
        pull(ONLY_MODEL, tmp_path, server.url)
    assert str(caught.value) == f"{in_the_way} can't be used (Is a directory)"


def test_others_can_read_what_was_pulled_whatever_the_umask(tmp_path: Path, server: FileServer) -> None:
    before = os.umask(0o077)
    try:
        assert pull(ONLY_MODEL, tmp_path, server.url)
    finally:
        os.umask(before)
    assert (tmp_path / "models").stat().st_mode & 0o777 == 0o755


def test_a_pull_that_waited_for_another_leaves_nothing_behind(tmp_path: Path, server: FileServer) -> None:
    server.manners.pause = 0.1
    results: Queue[bool] = Queue()

    def one() -> None:
        results.put(pull_model(ONLY_MODEL, tmp_path, Heard(), mirror=mirror_at(server.url)))

    threads = [threading.Thread(target=one) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results.get() for _ in threads) == [False, False, True]
    assert sorted(path.name for path in (tmp_path / "models").iterdir()) == ["small.sha256", "small.tflite"]
