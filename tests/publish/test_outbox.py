"""The outbox on a real disk: nothing is sent before it is there, nothing is written in vain, and no fault stops it."""

import json
import os
import resource
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgevision.publish.json_values import rfc3339
from edgevision.publish.outbox import Bounds, Outbox, Pace
from edgevision.publish.outbox_file import OutboxFile
from tests.mosquitto import wait_until
from tests.publish.outbox_taker import BOOT, PACE, Taker, an_outbox, entry, stored
from tests.publish.test_outbox_payloads import an_entry

KIB = 1024


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


def test_what_is_put_is_taken_in_order_and_the_file_is_empty_in_the_end(path: Path) -> None:
    outbox = an_outbox(path)
    outbox.put(entry(0))
    taker = Taker(outbox)
    for number in range(1, 500):
        outbox.put(entry(number))
    taker.wait_for(*range(500))
    assert (outbox.depth, outbox.dropped) == (0, 0)
    taker.close()
    assert [found.name for found in path.parent.iterdir()] == [path.name]
    assert stored(path) == []


def test_nothing_can_be_taken_before_it_is_on_disk(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writing, written = threading.Event(), threading.Event()
    write = OutboxFile.write

    def slow(*arguments: object) -> list[int]:
        writing.set()
        assert written.wait(10)
        return write(*arguments)  # type: ignore[arg-type]  # handed through as they are

    monkeypatch.setattr(OutboxFile, "write", slow)
    outbox = an_outbox(path)
    taker = Taker(outbox)
    outbox.put(entry(1))
    assert writing.wait(10)
    outbox.put(entry(2))  # isn't held up either
    taker.take()
    assert (taker.numbers, outbox.depth) == ([], 2)
    written.set()
    taker.wait_for(1, 2)
    taker.close()


def test_what_was_not_taken_is_there_at_the_next_start_before_what_is_new(path: Path) -> None:
    nobody = Taker(an_outbox(path), takes=False)
    for number in range(300):
        nobody.outbox.put(entry(number))
    nobody.close()
    taker = Taker(an_outbox(path))
    taker.outbox.put(entry(300))
    taker.wait_for(*range(301))
    taker.close()


def test_what_was_taken_but_is_not_done_comes_again(path: Path) -> None:
    outbox = an_outbox(path)
    taker = Taker(outbox, takes=False)
    for number in range(50):
        outbox.put(entry(number))
    wait_until(lambda: outbox.take() is not None, "the first to be on disk")
    while outbox.take() is not None:
        pass
    outbox.rewind()
    taker.takes = True
    taker.take()
    taker.wait_for(*range(50))
    taker.close()


def test_the_backlog_is_on_the_disk_and_not_in_memory(path: Path) -> None:
    outbox = an_outbox(path)
    taker = Taker(outbox, takes=False)
    for number in range(1000):
        outbox.put(entry(number, KIB))
    wait_until(lambda: outbox._queue.unread > 900, "it to be written")
    assert len(outbox._queue.fresh) + len(outbox._queue.ready) <= 64
    assert outbox.depth == 1000
    taker.takes = True
    taker.take()
    taker.wait_for(*range(1000))
    taker.close()


def _writes(path: Path) -> list[tuple[str, int, int]]:
    return sorted((found.name, found.stat().st_mtime_ns, found.stat().st_size) for found in path.parent.iterdir())


@pytest.mark.parametrize("backlog", [0, 100])
def test_nothing_is_written_while_nothing_happens(path: Path, backlog: int) -> None:
    outbox = an_outbox(path)
    outbox.clock_is_right(1_800_000_000.0)
    taker = Taker(outbox)
    outbox.put(entry(0))
    taker.wait_for(0)
    taker.takes = False
    for number in range(backlog):
        outbox.put(entry(number))
    wait_until(lambda: not (outbox._queue.fresh or outbox._queue.finished), "all to be written")
    before = _writes(path)
    for _ in range(20):
        time.sleep(0.03)
        outbox.clock_is_right(1_800_000_000.0)
        taker.take()
    assert _writes(path) == before
    taker.close()


def test_a_burst_is_a_few_commits(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    batches = []
    write = OutboxFile.write

    def counted(file: OutboxFile, new: list[object], *arguments: object) -> list[int]:
        batches.append(len(new))
        return write(file, new, *arguments)  # type: ignore[arg-type]  # handed through as they are

    monkeypatch.setattr(OutboxFile, "write", counted)
    taker = Taker(an_outbox(path, pace=Pace()))
    for number in range(1000):
        taker.outbox.put(entry(number))
    taker.wait_for(*range(1000))
    assert sum(batches) == 1000
    taker.close()
    assert len(batches) <= 10


def test_too_many_bytes_drop_the_oldest_and_say_so_once(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    outbox = an_outbox(path, bounds=Bounds(most_bytes=100 * KIB))
    taker = Taker(outbox, takes=False)
    for number in range(1000):
        outbox.put(entry(number, KIB))
        if number % 50 == 0:
            time.sleep(0.03)
    wait_until(lambda: not outbox._queue.fresh and outbox.depth <= 100, "the oldest to be dropped")
    assert outbox.depth + outbox.dropped == 1000
    assert outbox.depth >= 80
    assert sum("drops its oldest" in record.getMessage() for record in caplog.records) == 1
    left = outbox.depth
    taker.takes = True
    taker.take()
    taker.wait_for(*range(1000 - left, 1000))
    taker.close()


def test_what_is_on_its_way_is_not_dropped_for_what_is_new(path: Path) -> None:
    outbox = an_outbox(path, bounds=Bounds(most_bytes=10 * KIB))
    taker = Taker(outbox, takes=False)
    outbox.put(entry(0))
    wait_until(lambda: outbox.take() is not None, "the first to be on disk")
    for number in range(1, 100):
        outbox.put(entry(number, KIB))
    wait_until(lambda: outbox.dropped >= 89, "the oldest to be dropped")
    outbox.rewind()
    taker.takes = True
    taker.take()
    wait_until(lambda: outbox.depth == 0, "all to be taken")
    assert taker.numbers == [0, *range(outbox.dropped + 1, 100)]
    taker.close()


def test_what_is_too_old_is_dropped_but_only_by_a_clock_that_is_right(path: Path) -> None:
    now = 1_800_000_000.0 - time.monotonic()
    first = Taker(an_outbox(path), takes=False)
    first.outbox.put(entry(1))  # nobody knows when
    first.close()
    second = Taker(an_outbox(path), takes=False)
    second.outbox.clock_is_right(now)
    second.outbox.put(entry(2))
    second.close()
    week = 7 * 86400
    unsure = Taker(an_outbox(path), takes=False)
    unsure.outbox.put(entry(3))
    unsure.close()
    assert unsure.outbox.dropped == 0
    later = Taker(an_outbox(path), takes=False)
    later.outbox.clock_is_right(now + week - 100)  # the third is dated now
    wait_until(lambda: later.outbox.depth == 3 and not later.outbox._state.righting, "it to be opened")
    later.close()
    last = Taker(an_outbox(path), takes=False)
    last.outbox.clock_is_right(now + week + 100)
    last.outbox.put(entry(4))
    wait_until(lambda: last.outbox.dropped == 2, "the first two to be dropped")
    last.takes = True
    last.take()
    last.wait_for(3, 4)
    last.close()


def test_a_track_that_was_open_gets_its_end_at_the_next_start(path: Path) -> None:
    nobody = Taker(an_outbox(path), takes=False)
    for kind, number in (("start", 0), ("update", 1)):
        nobody.outbox.put(an_entry(kind, number))  # type: ignore[arg-type]  # they are two of three
        wait_until(lambda: path.exists() and not nobody.outbox._queue.fresh, "it to be written")
    nobody.outbox.put(entry(1, track="other"))
    nobody.outbox.put(entry(2, track="other", over=True))
    nobody.close()
    for _ in range(2):
        nobody = Taker(an_outbox(path), takes=False)
        nobody.close()
    taker = Taker(an_outbox(path))
    wait_until(lambda: len(taker.taken) == 5, "all to be taken")
    end = json.loads(taker.taken[-1])
    assert (end["id"], end["type"], end["end"]) == ("front-6f3a-2", "end", rfc3339(1010.5))
    assert end["time"] == rfc3339(1_800_000_000.0)
    taker.close()
    assert stored(path, "track FROM tracks") == stored(path) == []


def test_an_end_comes_before_what_is_new(path: Path) -> None:
    nobody = Taker(an_outbox(path), takes=False)
    nobody.outbox.put(an_entry("start", 0))
    nobody.close()
    outbox = an_outbox(path)
    outbox.put(entry(7))
    taker = Taker(outbox)
    wait_until(lambda: len(taker.taken) == 3, "all to be taken")
    assert [json.loads(taken)["id"] for taken in taker.taken[:2]] == ["front-6f3a-0", "front-6f3a-1"]
    taker.close()


def test_wrong_times_wait_for_the_clock_and_are_put_right(path: Path) -> None:
    offset = 100.0 - time.monotonic()  # it is 1970
    wrong = an_entry("start", 0, start=90.0, time=95.0)
    outbox = an_outbox(path)
    taker = Taker(outbox)
    outbox.put(entry(1))
    outbox.put(type(wrong)(wrong.topic, wrong.payload, 1, wrong.track, offset=offset))
    outbox.put(entry(2))
    taker.wait_for(1)
    taker.close()  # and again, in the same boot
    taker = Taker(an_outbox(path))
    wait_until(lambda: taker.outbox.depth == 3, "the outbox to be opened")  # with the track's end
    taker.take()
    assert taker.taken == []
    taker.outbox.clock_is_right(offset + 1_800_000_000.0)
    wait_until(lambda: len(taker.taken) == 3, "the others to be taken")
    start, end = json.loads(taker.taken[0]), json.loads(taker.taken[2])
    assert (start["start"], start["time"]) == (rfc3339(1_800_000_090.0), rfc3339(1_800_000_095.0))
    assert end["end"] == start["time"]
    assert rfc3339(1_800_000_100.0) <= end["time"] <= rfc3339(1_800_000_160.0)
    taker.close()


def test_times_are_put_right_on_the_disk_too(path: Path) -> None:
    outbox = an_outbox(path)
    taker = Taker(outbox, takes=False)
    wrong = an_entry("start", 0, start=90.0, time=95.0)
    for _ in range(1200):
        outbox.put(type(wrong)(wrong.topic, wrong.payload, 1, wrong.track, offset=5.0))
    wait_until(lambda: not outbox._queue.fresh, "all to be written")
    outbox.clock_is_right(1_800_000_005.0)
    wait_until(lambda: not outbox._state.righting, "the times to be put right")
    taker.close()
    later = Taker(an_outbox(path, boot="the next boot"))
    wait_until(lambda: len(later.taken) == 1201, "all to be taken")
    assert {json.loads(taken)["time"] for taken in later.taken[:-1]} == {rfc3339(1_800_000_095.0)}
    later.close()


def test_what_was_put_with_wrong_times_in_an_earlier_boot_is_taken_as_it_is(path: Path) -> None:
    wrong = an_entry("start", 0, start=90.0, time=95.0)
    nobody = Taker(an_outbox(path), takes=False)
    nobody.outbox.put(type(wrong)(wrong.topic, wrong.payload, 1, offset=5.0))
    nobody.close()
    taker = Taker(an_outbox(path, boot="the next boot"))
    wait_until(lambda: taker.taken == [wrong.payload], "it to be taken")
    taker.close()


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


def test_a_look_at_the_age_is_no_write(path: Path) -> None:
    outbox = an_outbox(path, pace=Pace(commit=0.02, look=0.05))
    taker = Taker(outbox, takes=False)
    outbox.clock_is_right(1_800_000_000.0)
    outbox.put(entry(1))
    wait_until(lambda: not outbox._queue.fresh, "it to be written")
    before = _writes(path)
    time.sleep(0.3)
    assert _writes(path) == before
    outbox.clock_is_right(1_800_000_000.0 + 8 * 86400)
    wait_until(lambda: outbox.dropped == 1, "it to be dropped")
    assert outbox.depth == 0
    taker.close()


def test_by_default_it_knows_this_boot(path: Path) -> None:
    assert Outbox(path)._settings[0] == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert BOOT
    assert PACE.commit < Pace().commit
