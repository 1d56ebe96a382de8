"""Whether and when a source that has failed is opened again; times come in, in seconds of a monotonic clock."""

from collections import deque
from typing import Protocol

from edgevision.backoff import Backoff
from edgevision.capture.source import DriverSource, Source
from edgevision.record import record

MOST_COMEBACKS = 3
"""Within COMEBACKS_WITHIN: a camera that then fails once more is broken in a way that opening it doesn't mend."""

COMEBACKS_WITHIN = 600.0

AWAY_AT_MOST = 60.0
"""Seconds for which a camera that gave frames is tried again in this process."""

HANGS_AT_MOST = 600.0
"""Seconds for which a camera that hangs from the start is left at that."""

MOST_FAILURES = 6
"""In a row, of a source that ends: half a minute. A file that can't be opened must not keep a job from ending."""

SETTLED = 10.0
"""Seconds for which frames must come before files count as mended: those that give a frame and fail are not."""


@record
class Verdict:
    """What comes after a failure: another try after `wait` seconds, or none if that is None; `text` says so."""

    wait: float | None
    text: str


class Recovery(Protocol):
    """Remembers a source's failures and decides.

    `came`: it has given a frame. `failures`: how many there were in a row. Both are for reading only.
    """

    came: bool
    failures: int

    def picture(self, now: float) -> None:
        """A picture has come."""

    def failed(self, now: float, *, hangs: bool = False) -> Verdict:
        """It has failed; `hangs`: in a way that opening it again can't mend."""


class DriverRecovery:
    """Of a camera or stream: opened again a few times, then left to a new process, which often gets it back.

    One that has never given a frame is tried for ever: this process is new, and another would do no better.
    """

    def __init__(self) -> None:
        self.came = False
        self.failures = 0
        self._comebacks: deque[float] = deque(maxlen=MOST_COMEBACKS)
        self._away_since = 0.0
        self._backoff = Backoff(longest=5.0)

    def picture(self, now: float) -> None:
        """A picture has come."""
        if self.came and not self.failures:
            return
        if self.came:
            self._comebacks.append(now)
        self.came = True
        self.failures = 0
        self._backoff.reset()

    def failed(self, now: float, *, hangs: bool = False) -> Verdict:
        """It has failed; `hangs`: in a way that opening it again can't mend."""
        if not self.failures:
            self._away_since = now
        self.failures += 1
        recent = sum(now - comeback < COMEBACKS_WITHIN for comeback in self._comebacks)
        # One that hung from the start may have been taken by somebody; after a while a new process may do better.
        if hangs and (self.came or now - self._away_since >= HANGS_AT_MOST):
            return _given_up(": only a new process can have it back")
        if recent >= MOST_COMEBACKS:
            return _given_up(f": it had come back {recent} times within {COMEBACKS_WITHIN / 60:.0f} minutes")
        if self.came and now - self._away_since >= AWAY_AT_MOST:
            return _given_up(f": it could not be had back within {AWAY_AT_MOST:.0f} s")
        return _again(self._backoff.wait())


class FileRecovery:
    """Of files: those that end are given up after some failures in a row; those that don't, never."""

    def __init__(self, *, finite: bool) -> None:
        self.came = False
        self.failures = 0
        self._finite = finite
        self._since: float | None = None
        self._backoff = Backoff()

    def picture(self, now: float) -> None:
        """A picture has come."""
        self.came = True
        if not self.failures:
            return
        if self._since is None:
            self._since = now
        if now - self._since >= SETTLED:
            self.failures = 0
            self._backoff.reset()

    def failed(self, now: float, *, hangs: bool = False) -> Verdict:
        """It has failed. Files don't hang."""
        self.failures += 1
        self._since = None
        if self._finite and self.failures >= MOST_FAILURES:
            return _given_up(f" after {self.failures} tries")
        return _again(self._backoff.wait())


def recovery_of(source: Source) -> Recovery:
    """The one that fits the source."""
    return DriverRecovery() if isinstance(source, DriverSource) else FileRecovery(finite=source.finite)


def _again(wait: float) -> Verdict:
    return Verdict(wait, f"trying again in {wait:.0f} s")


def _given_up(why: str) -> Verdict:
    return Verdict(None, f"given up{why}")
