"""Asking the daemon to end, or to look around, from a signal handler or another thread."""

import queue


class StopRequest:
    """Made at most a few times, waited for by the main thread.

    Not a threading.Event: a handler that interrupts the main thread inside Event.wait() would wait for ever for the
    lock that it holds. SimpleQueue.put() may interrupt anything (its documentation calls that reentrant).
    """

    def __init__(self) -> None:
        self._asked: queue.SimpleQueue[bool] = queue.SimpleQueue()

    def make(self) -> None:
        """Ask to end."""
        self._asked.put(True)

    def nudge(self) -> None:
        """Let who waits look around at once."""
        self._asked.put(False)

    def wait(self, seconds: float) -> bool:
        """Wait at most `seconds`, less when nudged; True when asked to end."""
        try:
            return self._asked.get(timeout=seconds)
        except queue.Empty:
            return False
