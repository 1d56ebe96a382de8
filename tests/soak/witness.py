"""What the daemon has written into its outbox, noted by the database itself in the same transaction."""

import sqlite3
from contextlib import closing
from pathlib import Path

_NOTE = """
CREATE TABLE written(number INTEGER PRIMARY KEY, seq INTEGER NOT NULL, payload BLOB NOT NULL);
CREATE TRIGGER note AFTER INSERT ON entries BEGIN
    INSERT INTO written(seq, payload) VALUES (new.seq, new.payload);
END;
CREATE TRIGGER correct AFTER UPDATE OF payload ON entries BEGIN
    UPDATE written SET payload = new.payload WHERE number = (SELECT max(number) FROM written WHERE seq = new.seq);
END;
"""


class Witness:
    """Stands in the outbox at `path`. To be asked only while no daemon has it."""

    def __init__(self, path: Path) -> None:
        """From now on all is noted."""
        self._path = path
        with closing(sqlite3.connect(path)) as database:
            database.executescript(_NOTE)

    def written(self) -> list[bytes]:
        """The payloads of all events, in order."""
        with closing(sqlite3.connect(self._path)) as database:
            return [payload for (payload,) in database.execute("SELECT payload FROM written ORDER BY number")]

    def left(self) -> tuple[int, int]:
        """How many events wait to be sent, and how many tracks to be ended."""
        with closing(sqlite3.connect(self._path)) as database:
            (entries,), (tracks,) = (
                database.execute(f"SELECT count(*) FROM {table}").fetchone() for table in ("entries", "tracks")
            )
        return entries, tracks
