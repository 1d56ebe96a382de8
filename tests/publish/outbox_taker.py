"""A stand-in for the publisher that takes from an outbox, and a way to look into its file."""

import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path

from edgevision.publish.entry import Entry
from edgevision.publish.outbox import Bounds, Outbox, Pace
from tests.mosquitto import wait_until

BOOT = "this boot"
PACE = Pace(commit=0.02, delete=0.05, retry=0.1)


def an_outbox(path: Path, *, pace: Pace = PACE, bounds: Bounds | None = None, boot: str = BOOT) -> Outbox:
    """One that is quick."""
    return Outbox(path, pace=pace, bounds=bounds, wall=lambda: 1_800_000_000.0, boot=boot)


def entry(number: int, size: int = 0, *, track: str = "", over: bool = False, offset: float | None = None) -> Entry:
    """An entry that can be told from others."""
    return Entry("events", b"%d" % number + bytes(size), 1, track, over, offset)


class Taker:
    """Opens `outbox`; takes what it may, and acknowledges it, while `takes`."""

    def __init__(self, outbox: Outbox, *, takes: bool = True) -> None:
        self.outbox = outbox
        self.takes = takes
        self.taken: list[bytes] = []
        self.failures: list[BaseException] = []
        self._lock = threading.Lock()
        outbox.open(self.take, self.failures.append)

    def take(self) -> None:
        """Takes all there is."""
        with self._lock:
            while self.takes and (row := self.outbox.take()) is not None:
                self.taken.append(row.entry.payload)
                self.outbox.done(row)

    @property
    def numbers(self) -> list[int]:
        """Those of the entries taken so far."""
        return [int(payload.rstrip(b"\0")) for payload in list(self.taken)]

    def wait_for(self, *numbers: int) -> None:
        """Waits until so many were taken, and checks that it is these."""
        wait_until(lambda: len(self.taken) >= len(numbers), f"{len(numbers)} entries to be taken, not {self.numbers}")
        assert self.numbers == list(numbers)

    def close(self) -> None:
        """Ends it."""
        self.outbox.close(10.0)
        assert not self.failures


def stored(path: Path, what: str = "payload FROM entries ORDER BY seq") -> Sequence[object]:
    """What a file that nobody uses holds."""
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return [value for (value,) in database.execute(f"SELECT {what}")]
    finally:
        database.close()
