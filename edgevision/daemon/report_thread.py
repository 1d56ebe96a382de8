"""One thread a model in use: tells what the model has found while it is at the next frame."""

import threading
from collections.abc import Callable
from queue import SimpleQueue

from edgevision.capture.frame import Frame
from edgevision.daemon.reporter import Reporter
from edgevision.daemon.threads import SupervisedThread
from edgevision.inference.model import Inference

_LOOK = 1.0
"""Seconds between two looks, while one waits, at whether the thread lives still."""


class ReportThread(SupervisedThread):
    """Reports one frame at a time, in the order in which they are handed over by one other thread."""

    def __init__(self, name: str, on_death: Callable[[SupervisedThread], None]) -> None:
        super().__init__(name, on_death)
        self._busy = threading.Lock()
        self._handed: SimpleQueue[tuple[Reporter, Frame, Inference] | None] = SimpleQueue()

    @property
    def busy(self) -> bool:
        """Whether it is at a frame."""
        return self._busy.locked()

    def report(self, reporter: Reporter, frame: Frame, inference: Inference) -> None:
        """Let it report `frame`, once it is done with the one before."""
        if self._wait():
            self._handed.put((reporter, frame, inference))

    def finish(self) -> None:
        """Return once it is done with what it has been handed: its reporters can then be used by the caller."""
        if self._wait():
            self._busy.release()

    def end(self) -> None:
        """Return once it is done and has ended."""
        self.finish()
        self._handed.put(None)
        self.join()

    def work(self) -> None:
        """Until it is told to end."""
        while (handed := self._handed.get()) is not None:
            reporter, frame, inference = handed
            try:
                reporter.inferred(frame, inference)
            finally:
                del handed, reporter, frame, inference  # a camera has few buffers
                self._busy.release()

    def _wait(self) -> bool:
        """Whether it is ours now; False when it has died."""
        while not self._busy.acquire(timeout=_LOOK):
            if not self.is_alive():
                return False
        return True
