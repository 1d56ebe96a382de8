"""The outbox gives tracks that were open their end, and puts wrong times right."""

import json
import time
from pathlib import Path

import pytest

from edgevision.publish.json_values import rfc3339
from tests.mosquitto import wait_until
from tests.publish.outbox_taker import Taker, an_outbox, entry, stored
from tests.publish.test_outbox_payloads import an_entry


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


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
