"""What a thread is doing now and until when it should be done: a hang in a driver shows in nothing else."""

import time
from collections.abc import Callable
from typing import Self

STAYS_LATE = 2.0
"""Seconds for which work is late before it is said to hang: more than is left to do of it after a pause."""


class Heartbeat:
    """Written by the thread that does the work, read by the one that watches over it."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._busy: tuple[str, float, float] | None = None  # replaced whole, so it needs no lock
        self._late: tuple[object, float] | None = None
        """What was found to be late, and when first; the watcher's."""

    def within(self, seconds: float, doing: str) -> Self:
        """For `with`: do something (`doing` names it: "reading") that should take no longer than `seconds`; not nested.

        Asked for with every frame, so it makes no new object.
        """
        now = self._monotonic()
        self._busy = doing, now, now + seconds
        return self

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        self._busy = None

    def overdue(self) -> str | None:
        """What should have been done by now and isn't, and since when: "reading for 25 s"; None: all is well."""
        busy, now = self._busy, self._monotonic()
        return f"{busy[0]} for {now - busy[1]:.0f} s" if busy is not None and now > busy[2] else None

    def hangs(self) -> str | None:
        """The same, once it stays overdue: after a pause of the whole process (SIGSTOP) everything is late at first."""
        busy, doing, now = self._busy, self.overdue(), self._monotonic()
        if doing is None:
            return None
        if self._late is None or self._late[0] is not busy:
            self._late = busy, now
        return doing if now - self._late[1] >= STAYS_LATE else None
