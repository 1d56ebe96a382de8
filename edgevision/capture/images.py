"""Pictures from a folder or a glob pattern."""

import glob
import logging
import re
from collections import deque
from pathlib import Path

from edgevision.capture.frame import Picture
from edgevision.capture.opencv_log import silence_opencv
from edgevision.capture.picture_file import SUFFIXES, decode_picture
from edgevision.capture.source import Wanted
from edgevision.errors import SourceError
from edgevision.regular_file import read_regular_file

log = logging.getLogger(__name__)

MOST_PICTURE_BYTES = 256 * 1024**2

SECONDS_A_PICTURE = 0.1
"""How far apart pictures count as taken, for nothing tells; as those of a camera with ten frames a second."""


class ImageFiles:
    """The pictures of a folder, or those that a glob pattern names, in natural order of their names (2 before 10).

    Every picture is given once, in full size, with EXIF orientation applied. One that can't be read or decoded is
    passed over with a warning and counted in `skipped`. With `loop` the list is made afresh for every round, so that
    pictures may come and go, and a picture that stays broken is warned of only once.

    `Picture.source` is the file's name without its folder; `Picture.clock` counts the pictures.
    """

    live = False

    def __init__(self, *, path: Path, loop: bool = False) -> None:
        self.finite = not loop
        self.skipped = 0
        self._path = path
        self._pending: deque[Path] | None = None
        self._good_this_round = 0
        self._good = 0
        self._warned: set[Path] = set()

    def open(self) -> None:
        """List the pictures. Raises SourceError when there is none."""
        silence_opencv()
        self._pending = deque(list_pictures(self._path))
        self._good_this_round = 0

    def read(self, wanted: Wanted | None = None) -> Picture | None:
        """The next picture that can be decoded; None after the last one.

        Raises SourceError when it is not open, and with `loop` when a whole round held no good picture.
        """
        if self._pending is None:
            raise SourceError(f"{self._path} is not open")
        while True:
            if not self._pending:
                if self.finite:
                    return None
                if not self._good_this_round:
                    raise SourceError(f"none of the pictures of {self._path} can be read: see the warnings above")
                self.open()
                continue
            file = self._pending.popleft()
            try:
                image = decode_picture(read_regular_file(file, MOST_PICTURE_BYTES))
            except OSError as error:
                self._skip(file, error.strerror or str(error))
            except ValueError as error:
                self._skip(file, str(error))
            except MemoryError:
                self._skip(file, "there is not enough memory for it")
            else:
                self._good_this_round += 1
                self._good += 1
                self._warned.discard(file)
                return Picture(image, source=file.name, clock=self._good * SECONDS_A_PICTURE)

    def close(self) -> None:
        """Forget the list."""
        self._pending = None

    def _skip(self, file: Path, reason: str) -> None:
        self.skipped += 1
        log.log(logging.DEBUG if file in self._warned else logging.WARNING, "skipping picture %s: %s", file, reason)
        self._warned.add(file)


def list_pictures(path: Path) -> list[Path]:
    """The pictures that `path` names, in natural order.

    `path` is a folder, whose visible files with one of SUFFIXES count (folders in it are not entered), a glob pattern
    (`**` for any depth), every file of which counts, or one file. Raises SourceError when there is none.
    """
    try:
        if path.is_dir():
            found = [entry for entry in path.iterdir() if entry.suffix.lower() in SUFFIXES]
        else:
            matches = glob.glob(str(path), recursive=True)  # noqa: PTH207  Path.glob takes no absolute pattern
            found = [Path(name) for name in matches if not Path(name).is_dir()]
    except OSError as error:
        raise SourceError(f"can't list the pictures of {path}: {error.strerror or error}") from error
    visible = [entry for entry in found if not entry.name.startswith(".")]
    if not visible:
        kinds = ", ".join(sorted(SUFFIXES))
        raise SourceError(f"no pictures at {path}: give a folder with pictures ({kinds}) or a glob such as DIR/*.jpg")
    return sorted(visible, key=_natural_order)


def _natural_order(path: Path) -> list[list[str | int]]:
    # Splitting by a group puts text at even places and digits at odd ones, so like is compared with like.
    return [
        [int(part) if place % 2 else part for place, part in enumerate(re.split(r"(\d+)", name.casefold()))]
        for name in path.parts
    ]
