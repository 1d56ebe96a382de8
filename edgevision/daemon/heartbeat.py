"""What a thread is doing now and until when it should be done: a hang in a driver shows in nothing else."""

import time
from collections.abc import Callable
from typing import Self


class Heartbeat:
    """Written by the thread that does the work, read by the one that watches over it."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._busy: tuple[str, float, float] | None = None  # replaced whole, so it needs no lock

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
