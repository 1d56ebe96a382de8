"""Asking the daemon to end, from a signal handler or another thread."""

import queue


class StopRequest:
    """Made at most a few times, waited for by the main thread.

    Not a threading.Event: a handler that interrupts the main thread inside Event.wait() would wait for ever for the
    lock that it holds. SimpleQueue.put() may interrupt anything (its documentation calls that reentrant).
    """

    def __init__(self) -> None:
        self._asked: queue.SimpleQueue[None] = queue.SimpleQueue()

    def make(self) -> None:
        """Ask."""
        self._asked.put(None)

    def wait(self, seconds: float) -> bool:
        """Wait at most `seconds`; True when asked."""
        try:
            self._asked.get(timeout=seconds)
        except queue.Empty:
            return False
        return True
