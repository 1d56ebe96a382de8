"""The outbox on a disk that is full, missing or damaged, or that somebody empties: no fault stops it."""

import os
import resource
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgevision.publish.outbox_file import OutboxFile
from tests.mosquitto import wait_until
from tests.publish.outbox_taker import Taker, an_outbox, entry, stored

KIB = 1024


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


def test_an_outbox_that_cannot_be_opened_works_from_memory_and_moves_to_the_disk_when_it_can(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "state").touch()  # no folder
    path = tmp_path / "state" / "outbox.db"
    taker = Taker(an_outbox(path))
    taker.outbox.put(entry(0))
    taker.wait_for(0)
    assert not taker.outbox.on_disk
    taker.takes = False
    for number in range(1, 200):
        taker.outbox.put(entry(number, track=f"{number}"))
    time.sleep(0.3)  # a few attempts
    (tmp_path / "state").unlink()
    wait_until(lambda: taker.outbox.on_disk, "the outbox to be moved to the disk")
    taker.close()
    assert len(stored(path)) == 199
    assert len(stored(path, "track FROM tracks")) == 199
    messages = [record.getMessage() for record in caplog.records if record.levelname != "INFO"]
    assert [("can't be written" in text, "again" in text) for text in messages] == [(True, False), (False, True)]


def test_what_no_disk_took_is_lost_with_the_process_and_that_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "state").touch()
    taker = Taker(an_outbox(tmp_path / "state" / "outbox.db"), takes=False)
    taker.outbox.put(entry(0))
    wait_until(lambda: not taker.outbox.on_disk, "the failure")
    taker.close()
    assert taker.outbox.dropped == 1
    assert "1 events are lost" in caplog.text


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    mounted = tmp_path / "disk"
    mounted.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(mounted)]
    if os.geteuid() != 0 or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("only root can mount a small disk, and not in every container")
    yield mounted
    subprocess.run(["umount", "-l", str(mounted)], check=True)


def test_a_full_disk_loses_nothing_and_stops_nothing(small_disk: Path, caplog: pytest.LogCaptureFixture) -> None:
    outbox = an_outbox(small_disk / "outbox.db")
    taker = Taker(outbox, takes=False)
    for number in range(100):
        outbox.put(entry(number, KIB))
    wait_until(lambda: outbox.on_disk and not outbox._queue.fresh, "these to be written")
    filler = small_disk / "filler"
    with pytest.raises(OSError, match="No space"):
        filler.write_bytes(bytes(2 * KIB * KIB))
    for number in range(100, 1500):
        outbox.put(entry(number, KIB))
    wait_until(lambda: not outbox.on_disk, "the disk to be full")
    taker.takes = True
    taker.take()
    taker.wait_for(*range(1500))
    taker.takes = False
    outbox.put(entry(1500))
    filler.unlink()
    wait_until(lambda: outbox.on_disk, "the disk to be used again")
    taker.close()
    assert stored(small_disk / "outbox.db") == [b"1500"]
    assert sum(record.levelname == "ERROR" for record in caplog.records) == 1
    assert outbox.dropped == 0


def test_a_file_that_may_not_grow_loses_nothing_either(path: Path) -> None:
    outbox = an_outbox(path)
    taker = Taker(outbox, takes=False)
    outbox.put(entry(0))
    wait_until(lambda: outbox.on_disk and not outbox._queue.fresh, "it to be written")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64 * KIB, hard))
    try:
        for number in range(1, 500):
            outbox.put(entry(number, KIB))
        wait_until(lambda: not outbox.on_disk, "the limit to be met")
        assert outbox.depth == 500
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    wait_until(lambda: outbox.on_disk and not outbox._queue.fresh, "the disk to be used again")
    taker.takes = True
    taker.take()
    taker.wait_for(*range(500))
    taker.close()


@pytest.mark.parametrize("how", ["removed", "replaced", "folder removed"])
def test_a_file_that_somebody_removes_is_written_anew(
    tmp_path: Path, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "state" / "outbox.db"
    outbox = an_outbox(path)
    taker = Taker(outbox, takes=False)
    for number in range(200):
        outbox.put(entry(number))
    wait_until(lambda: path.exists() and not outbox._queue.fresh, "these to be written")
    if how == "folder removed":
        shutil.rmtree(path.parent)
    else:
        path.unlink()
        if how == "replaced":
            path.write_bytes(b"hello" * 1000)
    outbox.put(entry(200))
    wait_until(lambda: len(caplog.records) > 0 and outbox.on_disk and not outbox._queue.fresh, "a new file")
    taker.close()
    assert stored(path) == [b"%d" % number for number in range(201)]


def test_damage_that_shows_while_it_runs_costs_what_cannot_be_read(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    nobody = Taker(an_outbox(path), takes=False)
    for number in range(6000):  # more than SQLite keeps in memory
        nobody.outbox.put(entry(number, KIB))
    nobody.close()
    outbox = an_outbox(path)
    taker = Taker(outbox, takes=False)
    wait_until(lambda: outbox.depth == 6000, "it to be opened")
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(os.urandom(20 * 4096))
    taker.takes = True
    taker.take()
    outbox.put(entry(6000))
    wait_until(lambda: outbox.depth == 0, "all that is left to be taken")
    assert taker.numbers == sorted(taker.numbers)
    assert taker.numbers[-1] == 6000
    assert len(taker.taken) + outbox.dropped == 6001
    assert 2000 < len(taker.taken) < 6001
    taker.close()
    assert (path.parent / "outbox.db.damaged-1").exists()
    assert "is damaged" in caplog.text


def test_an_error_of_ours_is_told_to_the_supervisor(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a bug of ours")

    monkeypatch.setattr(OutboxFile, "write", broken)
    outbox = an_outbox(path)
    taker = Taker(outbox)
    outbox.put(entry(1))
    wait_until(lambda: bool(taker.failures), "the failure to show")
    outbox.put(entry(2))
    assert outbox.dropped == 1
    outbox.close(1.0)
