"""A frame queue that writes down what it is given."""

from edgevision.capture.frame import Frame
from edgevision.daemon.frame_queue import FrameQueue, Waiting


class RecordingQueue(FrameQueue):
    """Writes into `events` which frame it was given."""

    def __init__(self, events: list[str]) -> None:
        super().__init__()
        self._events = events

    def put_when_free(self, what: Waiting) -> bool:
        self._events.append(f"frame {what.seq}" if isinstance(what, Frame) else "over")
        return True

    def put_newest(self, what: Waiting) -> bool:
        self.put_when_free(what)
        return False
