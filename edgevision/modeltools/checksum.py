"""Whether a file is the one that the catalogue means."""

import hashlib
import os
from pathlib import Path

from edgevision.modeltools.catalogue import PinnedFile

_CHUNK = 1 << 20


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's content, in hexadecimal. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def git_blob_of(path: Path) -> str:
    """What git calls a file with this content (SHA-1 of `blob <bytes>`, a NUL, the content). Raises OSError."""
    with path.open("rb") as file:
        # Names content for git; that it is the right content is what git's own users rely on it for.
        digest = hashlib.sha1(b"blob %d\0" % os.fstat(file.fileno()).st_size, usedforsecurity=False)
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def mismatch(path: Path, pinned: PinnedFile) -> str | None:
    """`expected …, found …` when the file isn't the pinned one (of an archive: the archive); None when it is.

    Raises OSError when it can't be read.
    """
    size = path.stat().st_size
    if pinned.bytes is not None and size != pinned.bytes:
        return f"expected {pinned.bytes} bytes, found {size}"
    if pinned.sha256 is not None and (found := sha256_of(path)) != pinned.sha256:
        return f"expected SHA-256 {pinned.sha256}, found {found} ({size} bytes)"
    if pinned.git_blob is not None and (found := git_blob_of(path)) != pinned.git_blob:
        return f"expected git blob {pinned.git_blob}, found {found} ({size} bytes)"
    return None
