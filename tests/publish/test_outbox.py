"""The outbox on a real disk: nothing is sent before it is there, nothing is written in vain, the oldest go first."""

import threading
import time
from pathlib import Path

import pytest

from edgevision.publish.outbox import Bounds, Outbox, Pace
from edgevision.publish.outbox_file import OutboxFile
from tests.mosquitto import wait_until
from tests.publish.outbox_taker import BOOT, PACE, Taker, an_outbox, entry, stored

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
