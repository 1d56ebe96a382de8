"""A disk that hangs, and one that fails on and off: events go on, what comes back late is no harm, the log is short."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edgevision.publish.client import Publisher
from edgevision.publish.message import Message
from edgevision.publish.outbox import Bounds, Outbox, Pace
from edgevision.publish.outbox_file import DamagedError, OutboxFile
from tests.mosquitto import Mosquitto, wait_until
from tests.publish.conftest import QUICK, STATUS, settings, warnings
from tests.publish.outbox_taker import PACE, Taker, an_outbox, entry, stored

HASTY = Pace(commit=0.02, delete=0.05, retry=0.1, hang=0.2)
KIB = 1024


class Disk:
    """Hangs at `method` of the file from `hang` to `come_back`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
        self._free = threading.Event()
        self._free.set()
        self.hangs = threading.Event()
        real: Callable[..., object] = getattr(OutboxFile, method)

        def slow(*arguments: object) -> object:
            if not self._free.is_set():
                self.hangs.set()
                assert self._free.wait(30)
            return real(*arguments)

        monkeypatch.setattr(OutboxFile, method, slow)

    def hang(self) -> None:
        self._free.clear()

    def come_back(self) -> None:
        self._free.set()


@pytest.fixture(params=["write", "trim", "read"])
def disk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    disk = Disk(monkeypatch, request.param)
    yield disk
    disk.come_back()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


def noticed(outbox: Outbox) -> bool:
    outbox.look()
    return not outbox.on_disk


def test_a_disk_that_hangs_does_not_hold_up_events(path: Path, disk: Disk, caplog: pytest.LogCaptureFixture) -> None:
    outbox = an_outbox(path, pace=HASTY)
    taker = Taker(outbox, takes=False)
    for number in range(200):
        outbox.put(entry(number))
    wait_until(lambda: outbox._queue.unread > 100, "a backlog on the disk")
    disk.hang()
    taker.takes = True
    outbox.put(entry(200))
    taker.take()
    assert disk.hangs.wait(10)
    wait_until(lambda: noticed(outbox), "somebody to notice")
    for number in range(201, 300):
        outbox.put(entry(number))
    wait_until(lambda: 299 in taker.numbers, "the newest to be sent")
    assert sum("hasn't answered for 0.2 s" in text for text in warnings(caplog)) == 1
    disk.come_back()
    wait_until(lambda: outbox.depth == 0 and outbox.on_disk, "all to be taken")
    assert sorted(taker.numbers) == list(range(300))
    assert outbox.dropped == 0
    assert any("can be written again" in text for text in warnings(caplog))
    taker.close()
    assert stored(path) == []


def test_without_a_backlog_the_order_is_kept_and_nothing_is_sent_twice(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch, "write")
    outbox = an_outbox(path, pace=HASTY)
    taker = Taker(outbox)
    disk.hang()
    outbox.put(entry(0))
    assert disk.hangs.wait(10)
    for number in range(1, 100):
        outbox.put(entry(number))
    wait_until(lambda: noticed(outbox), "somebody to notice")
    wait_until(lambda: len(taker.taken) == 100, "all to be sent from memory")
    taker.takes = False
    for number in range(100, 300):
        outbox.put(entry(number))
    disk.come_back()
    wait_until(lambda: outbox.on_disk and not outbox._queue.fresh, "the rest to be written")
    assert outbox.depth == 200
    taker.takes = True
    taker.take()
    taker.wait_for(*range(300))
    taker.close()
    assert stored(path) == []


def test_closing_does_not_wait_for_a_disk_that_hangs_and_says_what_may_be_lost(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    disk = Disk(monkeypatch, "write")
    outbox = an_outbox(path, pace=HASTY)
    taker = Taker(outbox, takes=False)
    disk.hang()
    outbox.put(entry(0))
    assert disk.hangs.wait(10)
    before = time.monotonic()
    outbox.close(0.3)
    assert time.monotonic() - before < 5.0
    assert any("1 events that the broker hasn't taken may be lost" in text for text in warnings(caplog))
    disk.come_back()
    assert outbox._thread is not None
    outbox._thread.join(10)
    assert stored(path) == [b"0"]  # after all
    assert not taker.failures


def test_the_publisher_notices_and_sends_from_memory(
    mosquitto: Mosquitto, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch, "write")
    outbox = an_outbox(path, pace=HASTY)
    publisher = Publisher(settings(mosquitto), STATUS, QUICK, outbox)
    subscriber = mosquitto.subscribe("events")
    publisher.start()
    assert publisher.connected.wait(5.0)
    disk.hang()
    publisher.deliver(entry(0))
    assert disk.hangs.wait(10)
    subscriber.wait_for_payload("events", b"0")
    publisher.deliver(entry(1))
    subscriber.wait_for_payload("events", b"1")
    assert not outbox.on_disk
    disk.come_back()
    wait_until(lambda: outbox.on_disk and publisher.depth == 0, "the disk to be used again")
    assert publisher.stop(5.0)
    assert [one.payload for one in subscriber.catch_up()] == [b"0", b"1"]
    assert stored(path) == []


def test_it_is_noticed_without_a_broker_too(tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = Disk(monkeypatch, "write")
    outbox = an_outbox(path, pace=HASTY)
    publisher = Publisher(settings(Mosquitto(tmp_path / "broker")), STATUS, None, outbox)
    publisher.start()
    disk.hang()
    publisher.deliver(entry(0))
    wait_until(lambda: not outbox.on_disk, "it to be noticed")
    disk.come_back()
    publisher.stop(1.0)


def test_a_count_does_not_overtake_the_event_that_it_belongs_to(
    mosquitto: Mosquitto, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = OutboxFile.write

    def slow(*arguments: object) -> list[int]:
        time.sleep(0.2)
        return write(*arguments)  # type: ignore[arg-type]  # handed through as they are

    monkeypatch.setattr(OutboxFile, "write", slow)
    publisher = Publisher(settings(mosquitto), STATUS, QUICK, an_outbox(path))
    subscriber = mosquitto.subscribe("events", "count")
    publisher.start()
    assert publisher.connected.wait(5.0)
    publisher.deliver(entry(1))
    publisher.announce(Message("count", b"1", qos=1))
    received = subscriber.wait_for(lambda messages: len(messages) == 2)
    assert [message.topic for message in received] == ["events", "count"]
    assert publisher.stop(5.0)


def test_the_first_drop_from_memory_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("edgevision.publish.outbox_state.MOST_IN_MEMORY", 10 * KIB)
    (tmp_path / "state").touch()
    taker = Taker(an_outbox(tmp_path / "state" / "outbox.db"), takes=False)
    wait_until(lambda: not taker.outbox.on_disk, "the failure")
    for number in range(200):
        taker.outbox.put(entry(number, KIB))
    assert taker.outbox.dropped > 0
    assert sum("drops its oldest events" in text for text in warnings(caplog)) == 1
    taker.close()


def test_damage_that_comes_again_and_again_is_told_once_until_something_was_written(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    write, broken, attempts = OutboxFile.write, threading.Event(), list[int]()

    def fails(*arguments: object) -> list[int]:
        if broken.is_set():
            attempts.append(1)
            raise DamagedError("disk image is malformed")
        return write(*arguments)  # type: ignore[arg-type]  # handed through as they are

    monkeypatch.setattr(OutboxFile, "write", fails)
    taker = Taker(an_outbox(path), takes=False)
    for outage in (1, 2):
        broken.set()
        attempts.clear()
        taker.outbox.put(entry(outage))
        wait_until(lambda: len(attempts) > 4, "some attempts")
        assert sum("is damaged" in text for text in warnings(caplog)) == outage
        broken.clear()
        wait_until(lambda: taker.outbox.on_disk and not taker.outbox._queue.fresh, "it to work again")
    taker.close()


def test_what_is_taken_while_the_oldest_are_dropped_is_not_counted_as_dropped(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trim = OutboxFile.trim
    outbox = an_outbox(path, pace=PACE, bounds=Bounds(most_bytes=20 * KIB))
    taker = Taker(outbox, takes=False)

    def slow(*arguments: object) -> list[int]:
        seqs = trim(*arguments)  # type: ignore[arg-type]  # handed through as they are
        if seqs:
            taker.takes = True
            taker.take()
            taker.takes = False
        return seqs

    monkeypatch.setattr(OutboxFile, "trim", slow)
    for number in range(100):
        outbox.put(entry(number, KIB))
    wait_until(lambda: len(taker.taken) > 0 and not outbox._queue.fresh, "some to be taken meanwhile")
    taker.takes = True
    taker.take()
    wait_until(lambda: outbox.depth == 0, "all to be taken")
    assert len(taker.taken) + outbox.dropped == 100
    assert len(set(taker.numbers)) == len(taker.numbers)
    taker.close()
    assert stored(path) == []
