"""Reading files that people name: only real ones, and not without end."""

import os
import stat
from pathlib import Path


def read_regular_file(path: Path, most: int) -> bytes:
    """The bytes of a file. Raises as `read_with_status` does."""
    return read_with_status(path, most)[0]


def read_with_status(path: Path, most: int) -> tuple[bytes, os.stat_result]:
    """The bytes of a file, and its status just before they were read.

    Raises OSError when it can't be read, and ValueError (to be read after the file's name) when it is a pipe or a
    device, which could keep the reader waiting for ever, or larger than `most` bytes.
    """
    # O_NONBLOCK: opening a pipe that nobody writes to would hang here already. On a regular file it means nothing.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
            raise ValueError("is no regular file but a pipe or a device")
        if status.st_size > most:
            raise ValueError(f"is larger than {most // 1024**2} MiB")
        return file.read(status.st_size + 1), status
