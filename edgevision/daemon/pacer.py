"""How many frames a second are let through."""

import math


class Pacer:
    """Spreads what it lets through evenly, and over any while lets through no more than the rate, and one or two."""

    def __init__(self) -> None:
        self._next = -math.inf

    def until_due(self, now: float, fps: float | None) -> float:
        """Seconds until the next one may pass; 0: this one does. `fps` None: all do."""
        if fps is None:
            return 0.0
        if now < self._next:
            # A rate that was lower before may have set it too far ahead.
            self._next = min(self._next, now + 1 / fps)
            return self._next - now
        self._next = max(self._next + 1 / fps, now)
        return 0.0
