"""Asking the daemon to end, to read its configuration again, or to look around, from a signal handler or a thread."""

import contextlib
import queue
from enum import Enum, auto


class _Wish(Enum):
    END = auto()
    RELOAD = auto()
    LOOK_AROUND = auto()


class StopRequest:
    """Made at most a few times, waited for by the main thread.

    Not a threading.Event: a handler that interrupts the main thread inside Event.wait() would wait for ever for the
    lock that it holds. SimpleQueue.put() may interrupt anything (its documentation calls that reentrant).
    """

    def __init__(self) -> None:
        self._asked: queue.SimpleQueue[_Wish] = queue.SimpleQueue()
        self._met: set[_Wish] = set()

    def make(self) -> None:
        """Ask to end."""
        self._asked.put(_Wish.END)

    def reload(self) -> None:
        """Ask for the configuration to be read again."""
        self._asked.put(_Wish.RELOAD)

    def nudge(self) -> None:
        """Let who waits look around at once."""
        self._asked.put(_Wish.LOOK_AROUND)

    def wait(self, seconds: float) -> bool:
        """Wait at most `seconds`, less when nudged or to reload; True when asked to end."""
        with contextlib.suppress(queue.Empty):
            self._met.add(self._asked.get(timeout=seconds))
        # All at once: behind a storm of signals the end would have to wait.
        for _ in range(self._asked.qsize()):
            self._met.add(self._asked.get())
        return _Wish.END in self._met

    def take_reload(self) -> bool:
        """Whether wait() has met a wish to reload since the last time."""
        asked = _Wish.RELOAD in self._met
        self._met.discard(_Wish.RELOAD)
        return asked
