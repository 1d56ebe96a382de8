"""What the stand-in's cameras look at."""

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgevision.capture.frame import BgrImage
from edgevision.capture.images import ImageFiles
from edgevision.capture.picture_file import SUFFIXES
from edgevision.errors import SourceError

BARS = Path("bars")
"""In place of a path: eight vertical colour bars, white to black."""

KEPT = 16
"""Pictures of a folder that are decoded only once; those of a larger one every time."""

Streams = dict[str, NDArray[np.uint8]]
"""A picture as the camera's streams have it."""


def is_there(path: Path) -> bool:
    """Whether there is anything to see."""
    if path == BARS:
        return True
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    if stat.S_ISDIR(mode):
        return any(entry.suffix.lower() in SUFFIXES for entry in path.iterdir())
    return stat.S_ISREG(mode)


class Scene:
    """The pictures of a folder one after the other and round again, a single picture, or colour bars.

    `scale` makes streams of each. They alone are kept: a camera's own memory holds no more either, and takes no time.
    """

    def __init__(self, path: Path, scale: Callable[[BgrImage], Streams]) -> None:
        self._path = path
        self._scale = scale
        self._number = -1
        self._picture: Streams | None = None
        self._round: Iterator[Streams] = iter(())
        self._listing: list[tuple[str, int, int]] | None = None
        self._kept: list[Streams] = []

    def picture(self, number: int) -> Streams:
        """What is to be seen; another `number` than the last time gives the next. Raises SourceError."""
        if number != self._number or self._picture is None:
            self._number, self._picture = number, self._next()
        return self._picture

    def _next(self) -> Streams:
        if self._picture is not None and not self._path.is_dir():
            return self._picture
        if self._path == BARS:
            return self._scale(_bars())
        picture = next(self._round, None)
        if picture is None:
            self._round = self._pictures()
            picture = next(self._round)
        return picture

    def _pictures(self) -> Iterator[Streams]:
        """One round: as the one before while the files are the same."""
        before, self._listing = self._listing, _listing(self._path)
        if before == self._listing and 0 < len(self._kept) <= KEPT:
            yield from self._kept
            return
        self._kept = []
        files = ImageFiles(path=self._path)
        files.open()
        while (picture := files.read()) is not None:
            streams = self._scale(picture.image)
            del picture
            if len(self._kept) <= KEPT:
                self._kept.append(streams)
            yield streams
        if not self._kept:
            raise SourceError(f"none of the pictures of {self._path} can be read: see the warnings above")


def _listing(path: Path) -> list[tuple[str, int, int]] | None:
    if not path.is_dir():
        return None
    with os.scandir(path) as entries:
        return sorted((entry.name, entry.stat().st_mtime_ns, entry.stat().st_size) for entry in entries)


def _bars() -> BgrImage:
    # As in every test card from the brightest to the darkest: each colour's share of green, red and blue is one bit.
    colours = [[bar & 1, bar >> 2 & 1, bar >> 1 & 1] for bar in range(7, -1, -1)]
    return (np.array(colours, np.uint8) * np.uint8(255)).repeat(80, axis=0)[np.newaxis].repeat(480, axis=0)
