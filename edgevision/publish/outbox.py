"""The outbox: events are on disk before they are sent, and stay there until the broker has acknowledged them."""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from edgevision.publish.entry import Entry, Row
from edgevision.publish.lost_tracks import righted
from edgevision.publish.outbox_file import Bounds
from edgevision.publish.outbox_state import MOST_IN_MEMORY, OutboxState, Pace
from edgevision.publish.outbox_writer import OutboxWriter

__all__ = ["Bounds", "Entry", "Outbox", "Pace"]

_log = logging.getLogger(__name__)

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Outbox:
    """Takes entries from any thread, at once; one thread of its own does all that touches the disk.

    While the disk takes nothing, entries are held in memory, up to 16 MiB of payload, and sent from there. The
    publisher that it is given to opens and closes it.
    """

    def __init__(
        self,
        path: Path,
        *,
        bounds: Bounds | None = None,
        pace: Pace | None = None,
        wall: Callable[[], float] = time.time,
        boot: str | None = None,
    ) -> None:
        """`wall` is the time in seconds since 1970, right or not; `boot` tells this boot of the machine from others."""
        self.path = path
        self._settings = (_boot_id() if boot is None else boot, bounds or Bounds(), pace or Pace(), wall)
        self._state = OutboxState()
        self._queue = self._state.queue
        self._thread: threading.Thread | None = None
        self._released: Callable[[], None] = lambda: None

    def open(self, released: Callable[[], None], died: Callable[[BaseException], None]) -> None:
        """Begins to work in a thread of its own, which calls `released` when there may be something to take, and
        `died` should it fail."""
        self._released = released
        writer = OutboxWriter(self._state, self.path, *self._settings, released)

        def run() -> None:
            try:
                writer.run()
            except BaseException as error:  # noqa: BLE001  # told to the supervisor, which ends the process
                _log.exception("the outbox died")
                died(error)

        self._thread = threading.Thread(target=run, name="outbox", daemon=True)
        self._thread.start()

    def put(self, entry: Entry) -> None:
        """Takes an entry over without waiting for the disk."""
        state = self._state
        with state.news:
            if state.closed:
                state.dropped += 1
                return
            dropped = self._queue.put(entry if state.offset is None else righted(entry, state.offset))
            state.dropped += dropped
            overflows = dropped > 0 and not state.overflow_told
            state.overflow_told |= overflows
            hung = state.hung
            state.news.notify()
        if overflows:
            text = "The outbox %s drops its oldest events: more than %d MiB are in memory, which the disk doesn't take"
            _log.error(text, self.path, MOST_IN_MEMORY >> 20)
        if hung:
            self._released()

    def look(self) -> None:
        """Notices a disk that hangs, and goes on without it until it is back: to be called now and then."""
        state, limit = self._state, self._settings[2].hang
        with state.news:
            if state.hung or state.busy_since is None or time.monotonic() - state.busy_since < limit:
                return
            state.hung, state.on_disk = True, False
            told, state.failure_told = state.failure_told, True
        if not told:
            text = (
                "The disk of the outbox %s hasn't answered for %g s: events that the broker doesn't take are only in"
                " memory, up to %d MiB of them, until it does; see `dmesg`, it may be about to die"
            )
            _log.error(text, self.path, limit, MOST_IN_MEMORY >> 20)
        self._released()

    def take(self, *, heard: bool = True) -> Row | None:
        """The next entry to be sent, if there is one; to be followed by `done`, `refused`, `put_off` or, for all,
        `rewind`. `heard`: the broker has acknowledged something on this connection."""
        state = self._state
        with state.news:
            if state.hung:
                self._queue.promote(on_disk=False, readable=False)
            row = None if state.closed else self._queue.take(clock_right=state.offset is not None, heard=heard)
            if row is not None and (self._queue.wanted or self._queue.fresh):
                state.news.notify()
            return row

    def turns(self) -> tuple[int, int]:
        """How many entries have been taken so far, and how many wait to be."""
        with self._state.news:
            return self._queue.taken, len(self._queue) - len(self._queue.sent)

    def done(self, row: Row) -> None:
        """The broker has it."""
        state = self._state
        with state.news:
            if not self._queue.finished:
                state.finished_at = time.monotonic()
                state.news.notify()
            self._queue.done(row)

    def refused(self, row: Row) -> None:
        """The broker will never take it."""
        state = self._state
        with state.news:
            state.dropped += self._queue.done(row)
            state.news.notify()

    def put_off(self, row: Row) -> None:
        """The broker doesn't take it now: it will be taken again before what is newer, once nothing is on its way."""
        with self._state.news:
            row.put_off = True

    def rewind(self) -> None:
        """The connection broke: what was taken and isn't done will be taken again."""
        state = self._state
        with state.news:
            given_up = self._queue.rewind()
            state.dropped += given_up is not None
            state.news.notify()
        if given_up is not None:
            _log.error(
                "The broker hung up each time that an event of %d bytes for %s was sent: it is dropped. Allow larger"
                " messages in the broker's configuration",
                len(given_up.entry.payload),
                given_up.entry.topic,
            )

    def clock_is_right(self, offset: float) -> None:
        """The wall clock is known to be right now, and is `offset` seconds ahead of the monotonic one.

        Times that were made with another offset in this boot are put right by the difference; then they are sent.
        """
        state = self._state
        with state.news:
            first, state.offset = state.offset is None, offset
            if first:
                self._queue.right(offset)
                state.righting = True
                state.news.notify()

    def hurry(self) -> None:
        """From now on everything is written at once."""
        with self._state.news:
            self._state.hurried = True
            self._state.news.notify()

    def close(self, timeout: float) -> None:
        """Writes what isn't written yet, within `timeout` seconds. What the broker hasn't taken stays on disk."""
        state = self._state
        with state.news:
            state.closing = True
            state.news.notify()
        if self._thread is not None:
            self._thread.join(timeout)
        with state.news:
            late = not state.closed and self._thread is not None
            state.closed = True
            unsafe = self._queue.unwritten
        if late and unsafe:
            text = "The disk of the outbox %s hangs: %d events that the broker hasn't taken may be lost"
            _log.error(text, self.path, unsafe)

    @property
    def on_disk(self) -> bool:
        """Whether entries get on disk; False while that can't be written and memory has to do."""
        with self._state.news:
            return self._state.on_disk

    @property
    def depth(self) -> int:
        """How many entries the broker has neither acknowledged nor refused."""
        with self._state.news:
            return len(self._queue)

    @property
    def dropped(self) -> int:
        """How many were dropped since the start: too many, too old, refused, or lost with a damaged file."""
        with self._state.news:
            return self._state.dropped


def _boot_id() -> str:
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""
