"""One thread a model in use: reads and tells what the model has found while it is at the next frame."""

import threading
from collections.abc import Callable

from edgevision.capture.frame import Frame
from edgevision.capture.transform import Region
from edgevision.daemon.prepared_frame import in_frame
from edgevision.daemon.reporter import Reporter
from edgevision.daemon.threads import SupervisedThread
from edgevision.inference.model import Outputs
from edgevision.record import record

LONGEST = 30.0
"""Seconds for one frame's report; a large picture takes a second on the smallest board."""

_LOOK = 1.0
"""Seconds between two looks, while one waits, at whether the thread lives still."""


@record
class Finding:
    """A frame, and what its model has made of the part `view` of it, in fractions, that scores `least` or more."""

    reporter: Reporter
    frame: Frame
    view: Region
    outputs: Outputs
    least: float

    def report(self) -> None:
        """Read the model's outputs, and tell."""
        reporter = self.reporter
        inference = self.outputs.read(threshold=self.least, max_detections=reporter.camera.model.max_detections)
        reporter.inferred(self.frame, in_frame(inference, self.view))


class ReportThread(SupervisedThread):
    """Reports one frame at a time, in the order in which they are handed over by one other thread."""

    def __init__(self, name: str, on_death: Callable[[SupervisedThread], None]) -> None:
        super().__init__(name, on_death)
        self._busy = threading.Lock()
        self._bell = threading.Lock()  # released when something has been handed over
        self._bell.acquire()
        self._handed: Finding | None = None
        """None: it is to end."""

    @property
    def busy(self) -> bool:
        """Whether it is at a frame."""
        return self._busy.locked()

    def report(self, finding: Finding) -> None:
        """Let it report this, once it is done with the one before."""
        if self._busy.acquire(blocking=False) or self._wait():
            self._handed = finding
            self._bell.release()

    def finish(self) -> None:
        """Return once it is done with what it has been handed: its reporters can then be used by the caller."""
        if self._wait():
            self._busy.release()

    def end(self) -> None:
        """Return once it is done with what it has been handed, and has ended."""
        if self._wait():
            self._bell.release()
        self.join()

    def work(self) -> None:
        """Until it is told to end."""
        while True:
            self._bell.acquire()
            finding, self._handed = self._handed, None
            try:
                if finding is None:
                    return
                with self.heartbeat.within(LONGEST, "telling of one frame"):
                    finding.report()
            finally:
                del finding  # so that its frame's memory can be used again
                self._busy.release()

    def _wait(self) -> bool:
        """Whether it is ours now; False when it has died."""
        while not self._busy.acquire(timeout=_LOOK):
            if not self.is_alive():
                return False
        return True
