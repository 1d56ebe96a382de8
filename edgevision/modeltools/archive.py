"""Taking one file out of a .zip or .tgz."""

import gzip
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from edgevision.errors import DownloadError

MOST_MEMBER_BYTES = 256 * 1024**2
MOST_UNPACKED_BYTES = 2 * 1024**3
"""What a .tgz may unpack to until the member is found; TensorFlow's hold checkpoints beside the model."""

_CHUNK = 1 << 20
_ENCRYPTED = 0x1


class _UnusableError(Exception):
    """Why the archive can't be used, to be read after its name."""


def take_out(archive: Path, name: str, member: str, target: Path) -> None:
    """Write the one regular file called `member`, in whatever folder of the archive, to `target`.

    Nothing else of the archive is written, and no path of it is used. `name` is the archive's in messages, and says by
    its suffix which kind it is. Raises DownloadError; OSError when `target` can't be written.
    """
    try:
        with (_zip_member if name.endswith(".zip") else _tar_member)(archive, member) as source:
            _copy(source, target)
    except (
        _UnusableError,
        EOFError,
        NotImplementedError,
        ValueError,  # names that aren't in the encoding that they claim
        gzip.BadGzipFile,
        lzma.LZMAError,
        tarfile.TarError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        target.unlink(missing_ok=True)
        raise DownloadError(f"{name}: {member} can't be taken out of it ({error}): try --from another place") from error


@contextmanager
def _zip_member(archive: Path, member: str) -> Iterator[IO[bytes]]:
    with zipfile.ZipFile(archive) as opened:
        infos = [info for info in opened.infolist() if PurePosixPath(info.filename).name == member]
        if len(infos) != 1 or infos[0].is_dir():
            raise _UnusableError(f"it holds {len(infos)} of that name")
        if infos[0].flag_bits & _ENCRYPTED:
            raise _UnusableError("it is encrypted")
        with opened.open(infos[0]) as source:
            yield source


@contextmanager
def _tar_member(archive: Path, member: str) -> Iterator[IO[bytes]]:
    with _LimitedGzip(archive) as unpacked, tarfile.open(fileobj=unpacked, mode="r|") as opened:
        for info in opened:
            if PurePosixPath(info.name).name == member and not info.isdir():
                source = opened.extractfile(info) if info.isreg() else None
                if source is None:
                    raise _UnusableError("it is a link or a device")
                yield source
                return
        raise _UnusableError("it holds none of that name")


class _LimitedGzip(gzip.GzipFile):
    """Unpacks, but not without end."""

    def read(self, size: int | None = -1) -> bytes:
        """The next bytes."""
        if self.tell() > MOST_UNPACKED_BYTES:
            raise _UnusableError(f"it unpacks to more than {MOST_UNPACKED_BYTES // 1024**2} MiB")
        return super().read(size)


def _copy(source: IO[bytes], target: Path) -> None:
    left = MOST_MEMBER_BYTES
    with target.open("wb") as out:
        while chunk := source.read(_CHUNK):
            left -= len(chunk)
            if left < 0:
                raise _UnusableError(f"it is larger than {MOST_MEMBER_BYTES // 1024**2} MiB")
            out.write(chunk)
