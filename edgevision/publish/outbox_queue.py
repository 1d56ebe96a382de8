"""The order of the outbox: what is on its way, what is next, what only the disk holds, and what isn't there yet."""

from collections import deque
from collections.abc import Mapping, Sequence

from edgevision.publish.entry import Entry, Row
from edgevision.publish.in_flight import WINDOW
from edgevision.publish.lost_tracks import righted
from edgevision.record import record

READY = 64
"""So many are held in memory ready to be sent; the others wait on the disk."""

_ALONE_AFTER = 2
"""So many connections may break with an entry first on its way, until it is sent alone, to see if it is the reason."""

_GIVEN_UP_AFTER = 5
"""So many may break with it alone on its way, after something smaller was acknowledged on each, until it is taken for
too large and given up."""

_LARGE = 1024
"""Bytes from which on that may be: no broker takes less."""


@record
class Batch:
    """What is to be written in one transaction: new ones, the `seq`s of those to be deleted, and the last entry of
    tracks (None: it is over)."""

    rows: Sequence[Row]
    entries: Sequence[Entry]
    finished: Sequence[int]
    tracks: Mapping[str, Entry | None]

    def __bool__(self) -> bool:
        return bool(self.rows or self.finished or self.tracks)


class OutboxQueue:
    """`sent`, then `ready`, then `unread` ones on the disk, then `fresh`: oldest first. Not thread-safe."""

    def __init__(self, most_bytes: int) -> None:
        """`most_bytes` of payload may be fresh: the memory that it takes while the disk doesn't take them."""
        self.sent: deque[Row] = deque()
        self.ready: deque[Row] = deque()
        self.fresh: deque[Row] = deque()
        self.unread = 0
        self.taken = 0
        """How many were taken so far, those taken again included."""
        self.read_to = 0
        """The `seq` up to which the disk was read."""
        self.finished: list[int] = []
        """Those on disk that are to be deleted."""
        self.tracks: dict[str, Entry] = {}
        """The last entry of each track that has no `end`."""
        self.changed: set[str] = set()
        """The tracks of which the disk doesn't know the last entry, or that they are over."""
        self._most_bytes = most_bytes
        self._fresh_bytes = 0

    def __len__(self) -> int:
        return len(self.sent) + len(self.ready) + self.unread + len(self.fresh)

    def put(self, entry: Entry) -> int:
        """Appends `entry`; how many of the oldest fresh ones were dropped for it."""
        self.fresh.append(Row(entry))
        self._fresh_bytes += len(entry.payload)
        dropped = 0
        while self._fresh_bytes > self._most_bytes and len(self.fresh) > 1:
            self._pop_fresh().gone = True
            dropped += 1
        if entry.track:
            self.changed.add(entry.track)
            if entry.over:
                self.tracks.pop(entry.track, None)
            else:
                self.tracks[entry.track] = entry
        return dropped

    def take(self, *, clock_right: bool, heard: bool = True) -> Row | None:
        """The next to be sent, if there is one; those with wrong times, and all behind them, wait for the clock.

        `heard`: the broker has acknowledged something on this connection. What is suspected to break connections waits
        for that: else any would break. What was put off goes first, once nothing else is on its way.
        """
        if any(row.put_off for row in self.sent):
            if not all(row.put_off for row in self.sent):
                return None
            self._unsend()
        if not self.ready or len(self.sent) >= WINDOW or (self.ready[0].entry.offset is not None and not clock_right):
            return None
        if self.ready[0].broken >= _ALONE_AFTER and not heard:
            return None
        if self.sent and max(self.sent[0].broken, self.ready[0].broken) >= _ALONE_AFTER:
            return None
        self.sent.append(self.ready.popleft())
        self.taken += 1
        return self.sent[-1]

    def done(self, row: Row) -> bool:
        """`row` needs to be sent no more; False if that was known, or it was put off."""
        if row.gone or row.put_off:
            return False
        row.gone = True
        self.sent.remove(row)
        if row.seq is not None:
            self.finished.append(row.seq)
        return True

    def rewind(self) -> Row | None:
        """The connection broke: what is on its way is to be sent again. One that breaks every connection is given up
        and returned: some brokers hang up on what is too large for them, and would for ever."""
        suspect = next((row for row in self.sent if not row.put_off), None)
        if suspect is not None:
            suspect.broken += 1
            if suspect.broken >= _ALONE_AFTER + _GIVEN_UP_AFTER and len(suspect.entry.payload) > _LARGE:
                self.done(suspect)
            else:
                suspect = None
        self._unsend()
        return suspect

    def batch(self) -> Batch:
        """All that the disk doesn't know, in order. To be followed by `committed` or `not_committed`."""
        rows = [row for row in (*self.sent, *self.ready, *self.fresh) if row.seq is None]
        changed, self.changed = self.changed, set()
        tracks = {track: self.tracks.get(track) for track in changed}
        return Batch(rows, [row.entry for row in rows], tuple(self.finished), tracks)

    def not_committed(self, batch: Batch) -> None:
        """It is to be written again, with what is new."""
        self.changed |= batch.tracks.keys()

    def committed(self, batch: Batch, seqs: Sequence[int]) -> None:
        """It is on disk now."""
        del self.finished[: len(batch.finished)]
        for row, seq in zip(batch.rows, seqs, strict=True):
            row.seq = seq
            if row.gone:
                self.finished.append(seq)
        if not self.unread:
            self.read_to = max([self.read_to, *(row.seq for row in (*self.sent, *self.ready) if row.seq is not None)])
        self.promote(on_disk=True, readable=True)
        while self.fresh and self.fresh[0].seq is not None:  # they can be read again
            self._pop_fresh()
            self.unread += 1

    def promotable(self, *, readable: bool) -> bool:
        """Whether what comes first of the fresh ones has its turn, if it needn't be on disk."""
        return bool(self.fresh) and len(self.ready) < READY and not (self.unread and readable)

    def promote(self, *, on_disk: bool, readable: bool) -> None:
        """Makes ready what is fresh, if it is on disk or no disk takes it, and nothing older can be read from there."""
        while self.promotable(readable=readable) and (self.fresh[0].seq is not None or not on_disk):
            row = self._pop_fresh()
            self.ready.append(row)
            if row.seq is not None:
                self.read_to = row.seq

    @property
    def unwritten(self) -> int:
        """How many aren't on disk."""
        return sum(row.seq is None for row in (*self.sent, *self.ready, *self.fresh))

    @property
    def wanted(self) -> int:
        """How many should be read from the disk now."""
        return READY - len(self.ready) if self.unread and len(self.ready) <= READY // 2 else 0

    def loaded(self, found: Sequence[tuple[int, Entry | None]], asked: int) -> int:
        """So many were `asked` for and these `found`; how many of them can't be sent."""
        known = {row.seq for row in (*self.sent, *self.ready)} | set(self.finished)
        bad = [seq for seq, entry in found if entry is None]
        self.ready.extend(Row(entry, seq) for seq, entry in found if entry is not None and seq not in known)
        self.finished += bad
        self.read_to = found[-1][0] if found else self.read_to
        self.unread = max(self.unread - sum(seq not in known for seq, _ in found), 0) if len(found) == asked else 0
        return len(bad)

    def trimmed(self, seqs: Sequence[int]) -> int:
        """These are not on disk any more; how many of them are lost by that. Those taken meanwhile aren't."""
        off = set(seqs)
        taken = [row for row in self.sent if row.seq in off]
        dropped = [row for row in self.ready if row.seq in off]
        saved = {row.seq for row in taken} | off.intersection(self.finished)
        known = saved | {row.seq for row in dropped}
        self.unread = max(self.unread - sum(seq > self.read_to and seq not in known for seq in off), 0)
        self.read_to = max([self.read_to, *off])
        self.ready = deque(row for row in self.ready if row.seq not in off)
        for row in dropped:
            row.gone = True
        for row in taken:
            row.seq = None
        return len(off - saved)

    def found(self, unread: int, ends: Sequence[Entry] = ()) -> None:
        """A file was opened that holds so many unread ones, older than what isn't on disk, and tracks to be ended."""
        self.unread = unread
        self._unready()
        self._put_first([Row(end) for end in ends])

    def came_back(self) -> None:
        """The disk hung for a while, and what came meanwhile was made ready; there may be older ones on it."""
        if self.unread:
            self._unready()

    def start_anew(self, rescued: Sequence[Entry]) -> None:
        """The file is lost, but for what was `rescued` of what wasn't read; an empty one will take its place."""
        for row in (*self.sent, *self.ready):
            row.seq = None
        self._put_first([Row(entry) for entry in rescued])
        self._unready()
        self.unread = self.read_to = 0
        self.finished.clear()
        self.changed |= self.tracks.keys()

    def right(self, offset: float) -> None:
        """The clocks are `offset` seconds apart: puts times right that were made with another one."""
        for row in (*self.ready, *self.fresh):
            row.entry = righted(row.entry, offset)
        self.changed |= {track for track, entry in self.tracks.items() if entry.offset is not None}
        self.tracks = {track: righted(entry, offset) for track, entry in self.tracks.items()}

    def _unsend(self) -> None:
        """What is on its way isn't any more, and is next."""
        for row in self.sent:
            row.put_off = False
        self.ready.extendleft(reversed(self.sent))
        self.sent.clear()

    def _unready(self) -> None:
        """There are older ones on the disk than those that are ready, but not there."""
        uncommitted = []
        while self.ready and self.ready[-1].seq is None:
            uncommitted.append(self.ready.pop())
        self._put_first(uncommitted[::-1])

    def _put_first(self, rows: Sequence[Row]) -> None:
        self.fresh.extendleft(reversed(rows))
        self._fresh_bytes += sum(len(row.entry.payload) for row in rows)

    def _pop_fresh(self) -> Row:
        row = self.fresh.popleft()
        self._fresh_bytes -= len(row.entry.payload)
        return row
