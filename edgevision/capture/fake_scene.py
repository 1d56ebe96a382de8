"""What the stand-in's cameras look at."""

import stat
from pathlib import Path

import numpy as np

from edgevision.capture.frame import BgrImage
from edgevision.capture.images import ImageFiles
from edgevision.capture.picture_file import SUFFIXES

BARS = Path("bars")
"""In place of a path: eight vertical colour bars, white to black."""


class Scene:
    """The pictures of a folder one after the other and round again, a single picture, or colour bars."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._number = -1
        self._picture: BgrImage | None = None
        self._pictures: ImageFiles | None = None

    def is_there(self) -> bool:
        """Whether there is anything to see."""
        if self._path == BARS:
            return True
        try:
            mode = self._path.stat().st_mode
        except OSError:
            return False
        if stat.S_ISDIR(mode):
            return any(entry.suffix.lower() in SUFFIXES for entry in self._path.iterdir())
        return stat.S_ISREG(mode)

    def picture(self, number: int) -> BgrImage:
        """The picture to be seen; another `number` than the last time gives the next. Raises SourceError."""
        if number != self._number or self._picture is None:
            self._number, self._picture = number, self._next()
        return self._picture

    def _next(self) -> BgrImage:
        if self._picture is not None and not self._path.is_dir():
            return self._picture
        if self._path == BARS:
            return _bars()
        if self._pictures is None:
            self._pictures = ImageFiles(path=self._path, loop=True)
            self._pictures.open()
        picture = self._pictures.read()
        assert picture is not None, "a loop doesn't end"
        return picture.image


def _bars() -> BgrImage:
    # As in every test card from the brightest to the darkest: each colour's share of green, red and blue is one bit.
    colours = [[bar & 1, bar >> 2 & 1, bar >> 1 & 1] for bar in range(7, -1, -1)]
    return (np.array(colours, np.uint8) * np.uint8(255)).repeat(80, axis=0)[np.newaxis].repeat(480, axis=0)
