"""The thread of the outbox: brings to the disk what was put, from there what is to be sent, and copes with the disk."""

import logging
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from edgevision.publish.entry import Entry
from edgevision.publish.lost_tracks import end_of, righted
from edgevision.publish.outbox_file import Bounds, DamagedError, OutboxFile
from edgevision.publish.outbox_opening import forget_logs, open_outbox_file, set_aside
from edgevision.publish.outbox_state import MOST_IN_MEMORY, OutboxState, Pace

_log = logging.getLogger(__name__)

_AT_ONCE = 500
"""Entries put right at once."""

_NOW = float("-inf")


class OutboxWriter:
    """Belongs to the outbox's thread."""

    def __init__(
        self,
        state: OutboxState,
        path: Path,
        boot: str,
        bounds: Bounds,
        pace: Pace,
        wall: Callable[[], float],
        released: Callable[[], None],
    ) -> None:
        """`released` is called when there may be something to take."""
        self._state = state
        self._path = path
        self._boot = boot
        self._bounds = bounds
        self._pace = pace
        self._wall = wall
        self._released = released
        self._file: OutboxFile | None = None
        self._identity: tuple[int, int] | None = None
        self._damage_told = False
        self._trimming_told = False
        self._lost_at = _NOW
        self._retry_at = self._look_at = self._committed_at = _NOW

    def run(self) -> None:
        """Works until the outbox is closed."""
        try:
            while self._wait():
                self._work()
            self._retry_at = _NOW
            self._work()
            self._say_what_is_left()
        finally:
            with self._state.news:
                self._state.closed = True
            self._close_file()

    def _wait(self) -> bool:
        """Returns when something is to be done; False when it is for the last time."""
        state = self._state
        with state.news:
            while not state.closing:
                due = self._due()
                if due is not None and due <= time.monotonic():
                    break
                state.news.wait(None if due is None else due - time.monotonic())
            return not state.closing

    def _due(self) -> float | None:
        """When something is to be done, by the monotonic clock."""
        state, queue = self._state, self._state.queue
        readable = self._file is not None
        if (readable and queue.wanted) or (not state.on_disk and queue.promotable(readable=readable)):
            return _NOW
        if not state.on_disk:
            return self._retry_at
        if state.righting or not readable:
            return _NOW
        due = [self._look_at] if queue else []
        paced = _NOW if state.hurried else self._committed_at + self._pace.commit
        if queue.fresh or queue.changed:
            due.append(paced)
        if queue.finished:
            due.append(paced if state.hurried else max(paced, state.finished_at + self._pace.delete))
        return min(due, default=None)

    def _work(self) -> None:
        try:
            self._use_disk()
        except DamagedError as error:
            self._lose_file(error)
        except (sqlite3.Error, OSError) as error:
            self._disk_failed(error)
        with self._state.news:
            self._state.queue.promote(on_disk=self._state.on_disk, readable=self._file is not None)
        self._released()

    def _use_disk(self) -> None:
        """Raises DamagedError, sqlite3.Error or OSError."""
        now = time.monotonic()
        if self._state.on_disk or now >= self._retry_at:
            with self._at_work():
                if self._file is not None and not self._file.is_there:
                    raise DamagedError("somebody has removed or replaced it")
            file = self._file or self._open()
            if self._state.righting:
                self._right(file)
            paced = self._state.hurried or self._state.closing or now >= self._committed_at + self._pace.commit
            if paced:
                self._write(file)
            if paced or now >= self._look_at:
                self._trim(file)
        if self._file is not None:
            self._read(self._file)

    def _open(self) -> OutboxFile:
        with self._at_work():
            return self._opened()

    def _opened(self) -> OutboxFile:
        state, queue = self._state, self._state.queue
        file = open_outbox_file(self._path, self._boot, self._bounds, self._level)
        try:
            inherited = file.tracks() if self._identity is None else {}
            if self._identity not in (None, file.identity):
                with state.news:
                    state.dropped += queue.unread
                    queue.start_anew(())
            unread = file.count(queue.read_to)
        except BaseException:
            file.close()
            raise
        self._file, self._identity = file, file.identity
        with state.news:
            lost = {track: last for track, last in inherited.items() if track not in queue.tracks}
            queue.found(unread, self._ends(lost.values()))
            queue.changed |= lost.keys()
        if unread or lost:
            text = "%d events of an earlier run wait in the outbox %s; %d things were there then, and get their end"
            _log.info(text, unread, self._path, len(lost))
        return file

    def _ends(self, lasts: Iterable[Entry | None]) -> list[Entry]:
        ends = []
        for last in lasts:
            if last is not None:
                now = self._wall() if last.offset is None else time.monotonic() + last.offset
                end = end_of(last, now)
                if end is not None:
                    ends.append(end if self._state.offset is None else righted(end, self._state.offset))
        return ends

    def _right(self, file: OutboxFile) -> None:
        """Others that are in memory are right already."""
        assert self._state.offset is not None
        after = 0
        while wrong := self._put_right(file, after, self._state.offset):
            after = wrong
        with self._at_work():
            file.date(self._state.offset + time.monotonic())
        self._state.righting = False

    def _put_right(self, file: OutboxFile, after: int, offset: float) -> int | None:
        with self._at_work():
            wrong = file.wrong(after, _AT_ONCE)
            if wrong:
                file.right({seq: righted(entry, offset).payload for seq, entry in wrong if entry is not None})
        return wrong[-1][0] if wrong else None

    def _write(self, file: OutboxFile) -> None:
        state, queue = self._state, self._state.queue
        with state.news:
            batch = queue.batch()
        if not batch:
            if not state.on_disk:
                with self._at_work():
                    file.probe()
                self._disk_works()
            return
        try:
            with self._at_work():
                seqs = file.write(batch.entries, batch.finished, batch.tracks, self._right_time())
        except BaseException:
            with state.news:
                queue.not_committed(batch)
            raise
        with state.news:
            queue.committed(batch, seqs)
        self._committed_at = time.monotonic()
        self._disk_works()

    def _trim(self, file: OutboxFile) -> None:
        state, queue = self._state, self._state.queue
        self._look_at = time.monotonic() + self._pace.look
        with state.news:
            after = max((row.seq for row in queue.sent if row.seq is not None), default=0)
        with self._at_work():
            seqs = file.trim(after, self._right_time())
        with state.news:
            dropped = queue.trimmed(seqs)
            state.dropped += dropped
            empty = not queue
        if dropped and not self._trimming_told:
            self._trimming_told = True
            text = (
                "The outbox %s drops its oldest events: more than %d MiB wait for the broker, or for more than %g days"
            )
            _log.warning(text, self._path, self._bounds.most_bytes >> 20, self._bounds.longest / 86400)
        elif empty:
            self._trimming_told = False

    def _read(self, file: OutboxFile) -> None:
        state, queue = self._state, self._state.queue
        with state.news:
            wanted, after = queue.wanted, queue.read_to
        if not wanted:
            return
        try:
            with self._at_work():
                found = file.read(after, wanted)
        except sqlite3.Error:
            self._close_file()  # what is in memory needn't wait for it
            raise
        with state.news:
            if state.offset is not None:
                found = [(seq, entry and righted(entry, state.offset)) for seq, entry in found]
            state.dropped += queue.loaded(found, wanted)

    def _lose_file(self, error: DamagedError) -> None:
        """Rescues of the file what can still be read, and sets it aside."""
        state, queue, file = self._state, self._state.queue, self._file
        if file is None:
            self._disk_failed(error)
            return
        with self._at_work():
            rescued = file.rescue(queue.read_to, MOST_IN_MEMORY)
            there = file.is_there
            self._close_file()
        with state.news:
            state.dropped += max(queue.unread - len(rescued), 0)
            queue.start_anew(rescued)
            state.on_disk = False
        now = time.monotonic()
        self._retry_at, self._lost_at = max(now, self._lost_at + self._pace.retry), now
        try:
            with self._at_work():
                if there:
                    set_aside(self._path, str(error), self._level())
                else:
                    _log.log(self._level(), "The outbox %s is gone: %s. Events go to a new one", self._path, error)
                    forget_logs(self._path)
        except OSError as cause:
            self._disk_failed(cause)

    def _level(self) -> int:
        """That at which damage is to be logged now: an error only once until something could be written."""
        told, self._damage_told = self._damage_told, True
        return logging.DEBUG if told else logging.ERROR

    def _disk_failed(self, error: Exception) -> None:
        self._retry_at = time.monotonic() + self._pace.retry
        with self._state.news:
            self._state.on_disk = False
            told, self._state.failure_told = self._state.failure_told, True
        if not told:
            text = (
                "The outbox %s can't be written (%s): events that the broker doesn't take are only in memory, up to %d"
                " MiB of them, until it can be; make room, or let this user write there"
            )
            _log.error(text, self._path, error, MOST_IN_MEMORY >> 20)

    def _disk_works(self) -> None:
        state = self._state
        with state.news:
            told = state.failure_told
            state.on_disk, state.failure_told, self._damage_told = True, False, False
            state.overflow_told &= not told
        if told:
            _log.warning("The outbox %s can be written again", self._path)

    def _right_time(self) -> float | None:
        offset = self._state.offset
        return None if offset is None else offset + time.monotonic()

    def _say_what_is_left(self) -> None:
        state = self._state
        with state.news:
            left = len(state.queue)
            lost = state.queue.unwritten
            state.dropped += lost
        if lost:
            _log.error("%d events are lost: the broker hasn't taken them, and %s can't be written", lost, self._path)
        if left > lost:
            _log.info("%d events wait in %s for the next start", left - lost, self._path)

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        """The disk has something to do; somebody looks how long that takes, see `Outbox.look`."""
        state = self._state
        with state.news:
            state.busy_since = time.monotonic()
        try:
            yield
        finally:
            with state.news:
                state.busy_since = None
                if state.hung:
                    state.hung = False
                    state.queue.came_back()

    def _close_file(self) -> None:
        if self._file is not None:
            file, self._file = self._file, None
            file.close()
