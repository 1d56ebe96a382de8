"""A pull ends with the right files in place, or with a clear error and nothing in place; whatever the server does."""

import errno
import hashlib
import multiprocessing
import os
import stat
from pathlib import Path

import pytest

from edgevision.errors import DownloadError
from edgevision.modeltools import download
from tests.modeltools.file_server import FileServer, file_server
from tests.modeltools.pulling import FILES, IN_PLACE, ONLY_MODEL, complaint, in_place, pull, whole_model
from tests.modeltools.small_models import MODEL, pinned, small_model
from tests.publish.certificates import make_authority, make_certificate


def test_a_pull_brings_the_model_its_labels_and_its_compiled_twin(tmp_path: Path, server: FileServer) -> None:
    assert pull(whole_model(), tmp_path, server.url)
    assert in_place(tmp_path) == IN_PLACE
    noted = (tmp_path / "models" / "small.sha256").read_text()
    assert {line.split("  ")[1]: line.split("  ")[0] for line in noted.splitlines()} == {
        name: hashlib.sha256(content).hexdigest() for name, content in IN_PLACE.items()
    }
    assert {path.name for path in (tmp_path / "models").iterdir()} == {*IN_PLACE, "small.sha256"}, (
        "nothing is left over"
    )


def test_the_daemon_s_user_can_read_what_root_has_pulled(tmp_path: Path, server: FileServer) -> None:
    before = os.umask(0o077)
    try:
        pull(ONLY_MODEL, tmp_path, server.url)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "models" / "small.tflite").stat().st_mode) == 0o644


def test_what_is_here_and_right_is_not_fetched_again(tmp_path: Path, server: FileServer) -> None:
    pull(whole_model(), tmp_path, server.url)
    server.asked.clear()
    assert not pull(whole_model(), tmp_path, server.url)
    assert server.asked == []


def test_a_damaged_file_is_fetched_again_and_the_right_ones_are_not(tmp_path: Path, server: FileServer) -> None:
    pull(whole_model(), tmp_path, server.url)
    (tmp_path / "models" / "small.tflite").write_bytes(MODEL[:-1] + b"?")
    server.asked.clear()
    assert pull(whole_model(), tmp_path, server.url)
    assert in_place(tmp_path) == IN_PLACE
    assert [asked.path for asked in server.asked] == ["/files/small.tflite"]


def test_a_pull_goes_on_by_itself_where_the_connection_was_cut(tmp_path: Path, server: FileServer) -> None:
    server.manners.cuts = [100_000, 150_000]
    assert pull(ONLY_MODEL, tmp_path, server.url)
    assert in_place(tmp_path) == {"small.tflite": MODEL}
    assert server.first_bytes("small.tflite") == [None, 100_000, 250_000]


def test_the_next_pull_goes_on_where_the_one_before_was_cut(tmp_path: Path, server: FileServer) -> None:
    server.manners.cuts = [100_000, 0]
    said = complaint(ONLY_MODEL, tmp_path, server.url)
    assert "closed after 100000 of 300000 bytes" in said
    assert "100000 bytes are kept; run the command again" in said
    server.asked.clear()
    assert pull(ONLY_MODEL, tmp_path, server.url)
    assert in_place(tmp_path) == {"small.tflite": MODEL}
    assert server.first_bytes("small.tflite") == [100_000]
    assert server.asked[0].if_range == '"1"'


def test_a_file_that_changed_between_two_tries_is_begun_anew(tmp_path: Path, server: FileServer) -> None:
    server.files["small.tflite"] = bytes(300_000)
    server.manners.cuts = [100_000, 0]
    complaint(ONLY_MODEL, tmp_path, server.url)
    server.files["small.tflite"], server.manners.etag = MODEL, '"2"'
    assert pull(ONLY_MODEL, tmp_path, server.url)
    assert in_place(tmp_path) == {"small.tflite": MODEL}
    assert server.first_bytes("small.tflite")[2:] == [100_000]


def test_a_file_that_changed_unnoticed_is_begun_anew_once_it_turns_out_wrong(
    tmp_path: Path, server: FileServer
) -> None:
    server.manners.etag = None
    server.files["small.tflite"] = bytes(300_000)
    server.manners.cuts = [100_000, 0]
    complaint(ONLY_MODEL, tmp_path, server.url)
    server.files["small.tflite"] = MODEL
    assert pull(ONLY_MODEL, tmp_path, server.url)
    assert in_place(tmp_path) == {"small.tflite": MODEL}
    assert server.first_bytes("small.tflite")[2:] == [100_000, None]


def test_a_server_without_ranges_starts_over(tmp_path: Path, server: FileServer) -> None:
    server.manners.ranges = False
    server.manners.cuts = [100_000]
    assert pull(ONLY_MODEL, tmp_path, server.url)
    assert in_place(tmp_path) == {"small.tflite": MODEL}


def test_a_server_that_sends_another_part_than_asked_for_spoils_nothing(tmp_path: Path, server: FileServer) -> None:
    server.manners.wrong_part = True
    server.manners.cuts = [100_000]
    complaint(ONLY_MODEL, tmp_path, server.url)
    assert pull(ONLY_MODEL, tmp_path, server.url)
    assert in_place(tmp_path) == {"small.tflite": MODEL}


@pytest.mark.parametrize("off_by", [-1000, 1000])
@pytest.mark.parametrize(("size", "by"), [(True, "sha256"), (False, "git_blob")])
def test_a_server_that_lies_about_the_length_gets_a_clear_error_or_the_right_file_in_place(
    tmp_path: Path, server: FileServer, off_by: int, size: bool, by: str
) -> None:
    server.manners.length_off_by = off_by
    model = small_model(pinned("small.tflite", MODEL, size=size, by=by))
    if not size and off_by > 0:  # the bytes are all there, and nothing follows them
        assert pull(model, tmp_path, server.url)
        assert in_place(tmp_path) == {"small.tflite": MODEL}
        return
    said = complaint(model, tmp_path, server.url)
    assert f"{server.url}small.tflite is not the file: expected " in said
    assert "found" in said
    assert "--from" in said


@pytest.mark.parametrize("size", [True, False])
def test_an_endless_answer_is_cut_off(
    tmp_path: Path, server: FileServer, size: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "_MOST_BYTES", 1_000_000)
    server.manners.endless = True
    server.files["small.tflite"] = b""
    said = complaint(small_model(pinned("small.tflite", MODEL, size=size)), tmp_path, server.url)
    assert "is not the file: expected" in said
    assert ("at most 1000000 bytes, found 1000001" in said) != size


def test_a_right_file_before_endless_garbage_is_enough(tmp_path: Path, server: FileServer) -> None:
    server.manners.endless = True
    assert pull(ONLY_MODEL, tmp_path, server.url)
    assert in_place(tmp_path) == {"small.tflite": MODEL}


def test_a_length_that_no_model_has_is_refused_before_anything_comes(tmp_path: Path, server: FileServer) -> None:
    server.manners.length_off_by = 10**12
    said = complaint(small_model(pinned("small.tflite", MODEL, size=False)), tmp_path, server.url)
    assert "expected at most 67108864 bytes, found 1000000300000" in said


@pytest.mark.parametrize("wrong", [b"<!DOCTYPE html><p>Please log in", bytes(300_000), b"", MODEL[:-1]])
def test_a_wrong_file_is_told_and_never_in_place(tmp_path: Path, server: FileServer, wrong: bytes) -> None:
    server.files["small.tflite"] = wrong
    said = complaint(small_model(pinned("small.tflite", MODEL, size=False)), tmp_path, server.url)
    assert f"{server.url}small.tflite is not the file: expected SHA-256 {hashlib.sha256(MODEL).hexdigest()}" in said
    assert f"found {hashlib.sha256(wrong).hexdigest()} ({len(wrong)} bytes)" in said
    assert ("login page" in said) == (b"html" in wrong)
    assert list((tmp_path / "models" / ".partial").iterdir()) == [], "what is wrong is not gone on with"
    server.files["small.tflite"] = MODEL
    assert pull(ONLY_MODEL, tmp_path, server.url)


def test_one_wrong_file_keeps_all_of_a_model_out_of_place(tmp_path: Path, server: FileServer) -> None:
    server.files["small_edgetpu.tflite"] = b"wrong"
    assert "expected git blob" in complaint(whole_model(), tmp_path, server.url)


@pytest.mark.parametrize("status", [403, 404, 500, 503, 204])
def test_a_refusal_is_told_with_its_url(tmp_path: Path, server: FileServer, status: int) -> None:
    server.manners.status = status
    said = complaint(ONLY_MODEL, tmp_path, server.url)
    assert said.startswith(f"{server.url}small.tflite: the server says {status}")


def test_nobody_at_home_is_one_sentence(tmp_path: Path) -> None:
    with file_server({}) as gone:
        url = gone.url
    said = complaint(ONLY_MODEL, tmp_path, url)
    assert said.startswith(f"{url}small.tflite: the server can't be reached (Connection refused)")
    assert "can't be reached" in complaint(ONLY_MODEL, tmp_path, "http://nowhere.invalid/")


def test_a_silent_server_is_given_up(tmp_path: Path, server: FileServer) -> None:
    server.manners.silent = True
    assert "no answer in time" in complaint(ONLY_MODEL, tmp_path, server.url, silence=0.3)


def test_a_server_that_falls_silent_midway_is_given_up_and_gone_on_with(tmp_path: Path, server: FileServer) -> None:
    server.manners.stall_after = 131072
    server.manners.cuts = [300_000, 0]
    assert "131072 bytes are kept" in complaint(ONLY_MODEL, tmp_path, server.url, silence=0.3)
    server.manners.stall_after = None
    assert pull(ONLY_MODEL, tmp_path, server.url)
    assert server.first_bytes("small.tflite")[-1] == 131072


def test_a_slow_server_is_waited_for(tmp_path: Path, server: FileServer) -> None:
    server.manners.pause = 0.2
    assert pull(ONLY_MODEL, tmp_path, server.url, silence=0.9), "it takes longer than the time without a byte may be"
    assert in_place(tmp_path) == {"small.tflite": MODEL}


def test_redirects_are_followed(tmp_path: Path, server: FileServer) -> None:
    with file_server(dict(FILES)) as elsewhere:
        server.manners.status, server.manners.location = 302, f"{elsewhere.url}small.tflite"
        assert pull(ONLY_MODEL, tmp_path, server.url)
    assert in_place(tmp_path) == {"small.tflite": MODEL}


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("file:///etc/passwd", "is not allowed"),
        ("ftp://127.0.0.1/small.tflite", "isn't HTTPS"),
        ("small.tflite", "the server says 302"),
        (None, "the server says 302"),
    ],
)
def test_a_redirect_to_elsewhere_than_the_web_or_in_circles_is_an_error(
    tmp_path: Path, server: FileServer, location: str | None, words: str
) -> None:
    server.manners.status, server.manners.location = 302, location
    assert words in complaint(ONLY_MODEL, tmp_path, server.url)


def test_tls_is_verified_and_never_left_on_the_way(
    tmp_path: Path, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = make_authority(tmp_path, "authority")
    certificate = make_certificate(tmp_path, "server", authority, "DNS:localhost")
    with file_server(dict(FILES), (certificate.cert, certificate.key)) as secure:
        said = complaint(ONLY_MODEL, tmp_path, secure.url)
        assert "its certificate can't be verified" in said
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.cert))
        secure.manners.status, secure.manners.location = 302, f"{server.url}small.tflite"
        assert "isn't HTTPS" in complaint(ONLY_MODEL, tmp_path, secure.url)
        assert server.asked == []
        secure.manners.status = 200
        assert pull(ONLY_MODEL, tmp_path, secure.url)


def test_a_proxy_of_the_environment_is_asked(
    tmp_path: Path, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.server_port}")
    assert pull(ONLY_MODEL, tmp_path, "http://models.invalid/mirror/")
    assert [asked.path for asked in server.asked] == ["http://models.invalid/mirror/small.tflite"]
    server.asked.clear()
    monkeypatch.setenv("no_proxy", "models.invalid")
    with pytest.raises(DownloadError, match="can't be reached"):
        pull(ONLY_MODEL, tmp_path / "other", "http://models.invalid/mirror/")
    assert server.asked == []


def test_a_folder_that_cannot_be_written_is_one_sentence_with_the_way_out(tmp_path: Path, server: FileServer) -> None:
    (tmp_path / "models").write_text("a file where the folder should be")
    with pytest.raises(DownloadError, match="can't be used") as caught:
        pull(ONLY_MODEL, tmp_path, server.url)
    assert str(tmp_path / "models") in str(caught.value)
    if os.geteuid() != 0:
        closed = tmp_path / "closed"
        closed.mkdir(mode=0o555)
    else:
        closed = Path("/proc")  # not even root may
    with pytest.raises(DownloadError) as caught:
        pull(ONLY_MODEL, closed, server.url)
    assert "sudo" in str(caught.value) or closed == Path("/proc")


def test_two_pulls_at_once_wait_for_each_other(tmp_path: Path, server: FileServer) -> None:
    server.manners.pause = 0.05
    context = multiprocessing.get_context("spawn")
    with context.Pool(2) as pool:
        jobs = [pool.apply_async(pull, (whole_model(), tmp_path, server.url)) for _ in range(2)]
        assert sorted(job.get(60) for job in jobs) == [False, True]
    assert in_place(tmp_path) == IN_PLACE
    assert len(server.asked) == 3, "each file came once"


def test_a_disk_that_is_full_is_one_sentence(
    tmp_path: Path, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    assert "the disk is full; make room" in complaint(ONLY_MODEL, tmp_path, server.url)
