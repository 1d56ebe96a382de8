"""Bringing a file over HTTP, going on where an earlier try was cut. What came is for the caller to verify."""

import http.client
import re
from pathlib import Path
from typing import IO, Protocol

from edgevision.errors import DownloadError
from edgevision.modeltools.catalogue import PinnedFile
from edgevision.modeltools.http_get import TRY_A_MIRROR, LostConnectionError, get, reason, validator

SILENCE = 30.0
"""Seconds without a byte, or until a connection stands, after which a server is given up."""

INTERRUPTIONS = 5
"""How often one call goes on by itself after a connection was lost, provided that each brought something."""

_MOST_BYTES = 64 * 1024**2
_MOST_ARCHIVE_BYTES = 512 * 1024**2  # TensorFlow's hold checkpoints beside the model
_CHUNK = 1 << 16
_FIRST_BYTE = re.compile(r"bytes (\d{1,18})-")


class Progress(Protocol):
    """Who is told how things go."""

    def begin(self, place: str, have: int, total: int | None) -> None:
        """Bytes come from `place`; `have` of `total` are here already (None: nobody knows how many there are)."""

    def advance(self, count: int) -> None:
        """`count` more bytes are here."""

    def say(self, text: str) -> None:
        """A line on what happens."""


def most_bytes(file: PinnedFile) -> int:
    """More than these are never fetched for `file`."""
    return file.bytes or (_MOST_ARCHIVE_BYTES if file.member else _MOST_BYTES)


def download(url: str, file: PinnedFile, partial: Path, progress: Progress, silence: float = SILENCE) -> None:
    """Bring what is at `url` to `partial`, after what is there already of an earlier try.

    Raises DownloadError; what came until then stays for the next try, unless it was too much. Raises OSError when
    `partial` can't be written.
    """
    for _ in range(INTERRUPTIONS):
        before = _size(partial)
        try:
            _transfer(url, file, partial, progress, silence)
            return
        except LostConnectionError as error:
            lost, kept = error, _size(partial)
        if kept <= before:
            break
        progress.say(f"{lost}; going on after {kept} bytes")
    advice = f"{kept} bytes are kept; run the command again to go on" if kept else TRY_A_MIRROR
    raise DownloadError(f"{url}: {lost}: {advice}") from lost


def forget(partial: Path) -> None:
    """Remove what came of a file, and what is known of it."""
    partial.unlink(missing_ok=True)
    _note(partial).unlink(missing_ok=True)


def _transfer(url: str, file: PinnedFile, partial: Path, progress: Progress, silence: float) -> None:
    have = _size(partial)
    if file.bytes is not None and have >= file.bytes:
        return
    headers = {}
    if have:
        headers["Range"] = f"bytes={have}-"
        if _note(partial).exists():
            headers["If-Range"] = _note(partial).read_text(encoding="ascii")
    response = get(url, headers, silence)
    if response is None:
        if not have:
            raise DownloadError(f"{url}: the server says 416, though all of the file was asked for: {TRY_A_MIRROR}")
        return  # nothing follows what is here: verification decides whether it is the file
    with response:
        resumed = response.status == http.client.PARTIAL_CONTENT
        if resumed and _first_byte(response) != have:
            forget(partial)
            raise LostConnectionError(f"the server sent another part than was asked for, from byte {have} on")
        have = have if resumed else 0
        end = file.bytes if response.length is None else have + response.length
        _refuse_other_size(url, file, end)
        if not resumed:
            forget(partial)
            if version := validator(response.headers):
                _note(partial).write_text(version, encoding="ascii")
        progress.begin(url, have, end)
        with partial.open("ab") as out:
            _copy(response, out, have, end, most_bytes(file), progress)


def _copy(
    response: http.client.HTTPResponse, out: IO[bytes], have: int, end: int | None, most: int, progress: Progress
) -> None:
    """Write until `end`, or, where nobody knows it, until the server ends or one byte too many came."""
    stop = most + 1 if end is None else end
    while have < stop:
        try:
            # read1: a byte that came is kept, however slowly the next one follows.
            chunk = response.read1(min(_CHUNK, stop - have))
        except (OSError, http.client.HTTPException) as error:
            raise LostConnectionError(f"the connection was lost ({reason(error)})") from error
        if not chunk:
            if end is None or response.chunked:
                return  # chunks tell their end themselves: it came, and verification says that the file is another
            raise LostConnectionError(f"the connection was closed after {have} of {end} bytes")
        out.write(chunk)
        out.flush()  # what came is kept even when this process is killed
        have += len(chunk)
        progress.advance(len(chunk))


def _refuse_other_size(url: str, file: PinnedFile, size: int | None) -> None:
    """Tell another file before its bytes come."""
    if size is not None and (size > most_bytes(file) or size != (file.bytes or size)):
        expected = file.bytes or f"at most {most_bytes(file)}"
        raise DownloadError(f"{url} is not the file: expected {expected} bytes, found {size}: {TRY_A_MIRROR}")


def _first_byte(response: http.client.HTTPResponse) -> int | None:
    match = _FIRST_BYTE.match(response.headers.get("Content-Range", ""))
    return int(match[1]) if match else None


def _note(partial: Path) -> Path:
    """Where the version that `partial` is of is noted."""
    return partial.with_name(f"{partial.name}.version")


def _size(partial: Path) -> int:
    return partial.stat().st_size if partial.exists() else 0
