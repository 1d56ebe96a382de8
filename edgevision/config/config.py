"""A configuration that holds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from edgevision.config.keys import Keys, dotted
from edgevision.record import record

if TYPE_CHECKING:
    from edgevision.config.schema import Settings


@record
class Config:
    """A configuration that holds, and where in the file everything stands."""

    settings: Settings
    path: Path
    _places: Mapping[Keys, tuple[int, int]]
    """Line and column of what is written; () is the whole."""

    def locate(self, *keys: str | int) -> str:
        """`FILE:LINE:COLUMN: cameras.front.model.path`, to begin a message with.

        For a key that isn't written, the place is that of the nearest one above it that is.
        """
        nearest: Keys = keys
        while nearest not in self._places:
            nearest = nearest[:-1]
        line, column = self._places[nearest]
        where = f"{self.path}:{line}:{column}"
        return f"{where}: {dotted(keys)}" if keys else where
