"""The file of the outbox: a SQLite database that one thread opens, uses and closes."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from edgevision.publish.entry import Entry
from edgevision.record import record

_VERSION = 1
_SCHEMA = (
    "CREATE TABLE entries(seq INTEGER PRIMARY KEY, topic TEXT NOT NULL, payload BLOB NOT NULL, qos INTEGER NOT NULL,"
    " offset REAL, boot TEXT, stored REAL) STRICT",
    "CREATE TABLE tracks(track TEXT PRIMARY KEY, topic TEXT NOT NULL, payload BLOB NOT NULL, qos INTEGER NOT NULL,"
    " offset REAL, boot TEXT) STRICT, WITHOUT ROWID",
    f"PRAGMA user_version={_VERSION}",
)
_DAMAGE = {
    sqlite3.SQLITE_ERROR,  # tables or columns that aren't ours
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_FORMAT,
    sqlite3.SQLITE_MISMATCH,
    sqlite3.SQLITE_NOTADB,
}
_WORTH_SHRINKING = 256
_LONGEST_WAL = 1024 * 1024


class DamagedError(Exception):
    """The file can't be what it was: not a database, not ours, or spoilt."""


@record
class Bounds:
    """The oldest entries go when there are more than `most_bytes` of payload, or after `longest` seconds."""

    most_bytes: int = 64 * 1024 * 1024
    longest: float = 7 * 86400.0


class OutboxFile:
    """Each method raises DamagedError, or sqlite3.Error when the disk is full or can't be written or read.

    Nothing is half done then, and it can be tried again. Times are in seconds since 1970. The `offset`s of another
    boot than `boot` mean nothing any more, and are not handed out.
    """

    def __init__(self, path: Path, boot: str, bounds: Bounds) -> None:
        """Opens the file, or makes it. Nobody else can use it meanwhile."""
        self._path = path
        self._boot = boot
        self._bounds = bounds
        with self._judged():
            self._db = sqlite3.connect(path, timeout=0, isolation_level=None)
        try:
            with self._judged():
                self._prepare()
            self.identity = _identity(path)
        except BaseException:
            self._db.close()
            raise

    def _prepare(self) -> None:
        self._db.text_factory = lambda raw: raw.decode(errors="replace")
        # Two daemons on one file would send everything twice. It also spares the -shm file.
        self._run("PRAGMA locking_mode=EXCLUSIVE")
        self._run("PRAGMA journal_mode=WAL")
        self._run("PRAGMA synchronous=FULL")
        self._run(f"PRAGMA journal_size_limit={_LONGEST_WAL}")
        if not self._number("SELECT count(*) FROM sqlite_master"):
            with self._transaction():
                for statement in _SCHEMA:
                    self._run(statement)
        if self._number("PRAGMA user_version") != _VERSION:
            raise DamagedError("it is of another version of edgevision")
        if (verdict := self._run("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
            raise DamagedError(str(verdict))
        self._run("SELECT seq, topic, payload, qos, offset, boot, stored FROM entries LIMIT 0")
        self._run("SELECT track, topic, payload, qos, offset, boot FROM tracks LIMIT 0")
        rows, last, self._bytes = self._run(
            "SELECT count(*), ifnull(max(seq), 0), ifnull(sum(length(payload)), 0) FROM entries"
        ).fetchone()
        self._next = last + 1
        if not rows and self._number("PRAGMA freelist_count") > _WORTH_SHRINKING:
            self._run("VACUUM")

    @property
    def is_there(self) -> bool:
        """Whether the path still leads to this file."""
        try:
            return _identity(self._path) == self.identity
        except OSError:
            return False

    def count(self, after: int) -> int:
        """How many entries have a `seq` above `after`."""
        with self._judged():
            return self._number("SELECT count(*) FROM entries WHERE seq > ?", after)

    def read(self, after: int, most: int) -> list[tuple[int, Entry | None]]:
        """The next entries by `seq`, in order; None for one that can't be sent."""
        with self._judged():
            rows = self._run(
                "SELECT seq, topic, payload, qos, CASE WHEN boot = ? THEN offset END FROM entries"
                " WHERE seq > ? ORDER BY seq LIMIT ?",
                self._boot,
                after,
                most,
            ).fetchall()
        return [(seq, _entry("", *rest)) for seq, *rest in rows]

    def rescue(self, after: int, most_bytes: int) -> list[Entry]:
        """Of the entries above `after`, what a damaged file still has: each is looked up by itself."""
        rescued, size = [], 0
        for seq in range(after + 1, self._next):
            try:
                found = self.read(seq - 1, 1)
            except (DamagedError, sqlite3.Error):
                continue
            if found and found[0][0] == seq and (entry := found[0][1]) is not None:
                rescued.append(entry)
                size += len(entry.payload)
                if size >= most_bytes:
                    break
        return rescued

    def tracks(self) -> dict[str, Entry | None]:
        """The last entry of each track that has no `end`; None for what can't be sent."""
        with self._judged():
            rows = self._run(
                "SELECT track, topic, payload, qos, CASE WHEN boot = ? THEN offset END FROM tracks", self._boot
            ).fetchall()
        return {track: _entry(track, *rest) for track, *rest in rows}

    def write(
        self,
        new: Sequence[Entry],
        finished: Sequence[int],
        tracks: Mapping[str, Entry | None],
        now: float | None,
    ) -> list[int]:
        """Appends, deletes, and notes the last entry of tracks (None: it is over), all or nothing; the `seq`s of `new`.

        `now` is None while the clock isn't known to be right.
        """
        seqs = range(self._next, self._next + len(new))
        freed = 0
        with self._judged(), self._transaction():
            for seq in finished:
                gone = self._run("DELETE FROM entries WHERE seq = ? RETURNING length(payload)", seq).fetchall()
                freed += sum(size for (size,) in gone)
            for seq, entry in zip(seqs, new, strict=True):
                self._run("INSERT INTO entries VALUES(?, ?, ?, ?, ?, ?, ?)", seq, *self._columns(entry), now)
            for track, last in tracks.items():
                if last is None:
                    self._run("DELETE FROM tracks WHERE track = ?", track)
                else:
                    self._run("INSERT OR REPLACE INTO tracks VALUES(?, ?, ?, ?, ?, ?)", track, *self._columns(last))
        self._next += len(new)
        self._bytes += sum(len(entry.payload) for entry in new) - freed
        return list(seqs)

    def trim(self, after: int, now: float | None) -> list[int]:
        """Deletes the oldest entries above `after` that are too many or too old; their `seq`s."""
        with self._judged():
            seqs, freed = self._too_many(after, now)
            if seqs:
                with self._transaction():
                    self._run("DELETE FROM entries WHERE seq BETWEEN ? AND ?", seqs[0], seqs[-1])
                self._bytes -= freed
        return seqs

    def _too_many(self, after: int, now: float | None) -> tuple[list[int], int]:
        seqs, freed = [], 0
        oldest = float("-inf") if now is None else now - self._bounds.longest
        # An eighth more than needed, or the next one would cost a write of its own again.
        most = self._bounds.most_bytes
        goal = most - most // 8 if self._bytes > most else most
        for seq, size, stored in self._run(
            "SELECT seq, length(payload), stored FROM entries WHERE seq > ? ORDER BY seq", after
        ):
            if self._bytes - freed <= goal and (stored is None or stored >= oldest):
                break
            seqs.append(seq)
            freed += size
        return seqs, freed

    def wrong(self, after: int, most: int) -> list[tuple[int, Entry | None]]:
        """The next entries by `seq` whose times are wrong, and can be put right."""
        with self._judged():
            rows = self._run(
                "SELECT seq, topic, payload, qos, offset FROM entries"
                " WHERE seq > ? AND offset IS NOT NULL AND boot = ? ORDER BY seq LIMIT ?",
                after,
                self._boot,
                most,
            ).fetchall()
        return [(seq, _entry("", *rest)) for seq, *rest in rows]

    def right(self, payloads: Mapping[int, bytes]) -> None:
        """Puts payloads with right times in the place of those with wrong ones, by `seq`."""
        with self._judged(), self._transaction():
            for seq, payload in payloads.items():
                self._run("UPDATE entries SET payload=?, offset=NULL, boot=NULL WHERE seq=?", payload, seq)

    def date(self, now: float) -> None:
        """Those that nobody knows the age of are as old as from `now` on."""
        with self._judged():
            if self._number("SELECT count(*) FROM (SELECT 1 FROM entries WHERE stored IS NULL LIMIT 1)"):
                self._run("UPDATE entries SET stored=? WHERE stored IS NULL", now)

    def probe(self) -> None:
        """Writes something that changes nothing."""
        with self._judged(), self._transaction():
            self._run(f"PRAGMA user_version={_VERSION}")

    def close(self) -> None:
        """Closes it, whatever the disk says: what is in the write-ahead log is found again."""
        self._db.close()

    def _columns(self, entry: Entry) -> tuple[object, ...]:
        boot = None if entry.offset is None else self._boot
        return entry.topic, entry.payload, entry.qos, entry.offset, boot

    def _run(self, statement: str, *values: object) -> sqlite3.Cursor:
        return self._db.execute(statement, values)

    def _number(self, statement: str, *values: object) -> int:
        return int(self._run(statement, *values).fetchone()[0])

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._run("BEGIN IMMEDIATE")
        try:
            yield
            self._run("COMMIT")
        except BaseException:
            if self._db.in_transaction:  # some errors have rolled it back already
                self._run("ROLLBACK")
            raise

    @contextmanager
    def _judged(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGE:
                raise DamagedError(str(error)) from error
            raise


def _entry(track: str, topic: str, payload: bytes, qos: int, offset: float | None) -> Entry | None:
    try:
        return Entry(topic, payload, qos, track, offset=offset)
    except (ValueError, TypeError, AttributeError):  # a spoilt row
        return None


def _identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino
