"""The one interface behind which every kind of source stands."""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from edgevision.capture.frame import GreyImage, Picture, Unwanted

Wanted = Callable[[Callable[[], GreyImage]], bool]
"""Whether a picture is wanted, told by a small grey one, not turned yet, that it may ask for, but not keep."""


class Source(Protocol):
    """Gives pictures, one at a time, to the one thread that opened it.

    `live`: the newest picture wins, older ones may be dropped. Otherwise every picture counts.
    `finite`: it ends, and every picture of it shall reach the broker.
    `skipped`: how many pictures could not be decoded and were passed over since the source was made.
    """

    live: bool
    finite: bool
    skipped: int

    def open(self) -> None:
        """Open the device, stream or files. Raises SourceError with what to do. May be called again after close()."""

    def read(self, wanted: Wanted | None = None) -> Picture | Unwanted | None:
        """Wait for the next picture; None when the source has ended.

        A source that has a small grey one for nothing asks `wanted`, once a picture, and spares itself the rest.
        Returns within the source's time limit or raises SourceTimeoutError; raises SourceError when it died.
        """

    def close(self) -> None:
        """Give the device back. Never raises; harmless when nothing is open."""


@runtime_checkable
class DriverSource(Source, Protocol):
    """A source with a driver or a network behind it, in which its thread may hang in spite of every time limit.

    `opens_within` and `reads_within`: seconds after which open() and close(), or read(), have hung.
    """

    opens_within: float
    reads_within: float

    def abandon(self) -> None:
        """Let go of what can be let go of while the thread that opened it hangs in it. For another thread; quick.

        The hung thread calls close() when it comes back.
        """


@runtime_checkable
class PatientSource(DriverSource, Protocol):
    """A source that always has its newest picture ready, and loses nothing when nobody reads it for a while."""

    @property
    def given(self) -> int | None:
        """How many pictures it has given since open(), with those that nobody read; None where that isn't known."""
