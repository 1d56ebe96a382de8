"""Opening the file of the outbox, whatever is there in its place: what can't be used is set aside."""

import logging
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

from edgevision.publish.outbox_file import Bounds, DamagedError, OutboxFile

_log = logging.getLogger(__name__)

_COMPANIONS = ("", "-wal", "-shm", "-journal")


def open_outbox_file(
    path: Path, boot: str, bounds: Bounds, level: Callable[[], int] = lambda: logging.ERROR
) -> OutboxFile:
    """The file at `path`, or a new one where there is none; one that can't be used is set aside, logged at `level()`.

    Raises sqlite3.Error or OSError when the disk doesn't let it be.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return OutboxFile(path, boot, bounds)
    except DamagedError as error:
        set_aside(path, str(error), level())
    except sqlite3.Error as error:
        if not path.exists() or _is_ours(path) or not os.access(path.parent, os.W_OK):
            raise
        set_aside(path, str(error), level())
    try:
        return OutboxFile(path, boot, bounds)
    except DamagedError as error:
        raise sqlite3.OperationalError(str(error)) from error


def set_aside(path: Path, why: str, level: int = logging.ERROR) -> None:
    """Renames a damaged file, logged at `level`; the last two are kept. Raises OSError when that can't be done."""
    names = [path.with_name(f"{path.name}.damaged-{number}") for number in (1, 2)]
    aside = next((name for name in names if not name.exists()), names[-1])
    for companion in _COMPANIONS:  # a log left behind would be taken for the new file's
        old, new = Path(f"{path}{companion}"), Path(f"{aside}{companion}")
        new.unlink(missing_ok=True)
        if old.exists() or old.is_symlink():
            old.replace(new)
    text = "The outbox %s is damaged (%s): it is now %s, and events go to a new one"
    _log.log(level, text, path, why, aside.name)


def forget_logs(path: Path) -> None:
    """Removes what a file that is gone has left behind: it would be taken for that of a new one. Raises OSError."""
    for companion in _COMPANIONS[1:]:
        Path(f"{path}{companion}").unlink(missing_ok=True)


def _is_ours(path: Path) -> bool:
    return path.is_file() and os.access(path, os.R_OK | os.W_OK)
