"""Where frames wait for an inference thread: one place a camera, so that none can crowd out another."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from edgevision.capture.frame import Frame
from edgevision.daemon.prepared_frame import PreparedFrame
from edgevision.scene.moment import Moment


@dataclass(frozen=True, slots=True)
class NoPicture:
    """In place of a frame: the camera gives none now, or, if `over`, is not to be looked at any more."""

    camera: str
    moment: Moment
    over: bool


@dataclass(frozen=True, slots=True)
class Errand:
    """Something that the thread that takes is to do between two frames."""

    do: Callable[[], None]


Waiting = Frame | PreparedFrame | NoPicture


class FrameQueue:
    """At most one waiting frame a camera; of those that wait, the camera is next whose turn is longest ago.

    In the order of arrival, cameras whose frames come a moment after their turn would have fewer turns than others.
    """

    def __init__(self) -> None:
        lock = threading.Lock()  # guards all below
        self._arrived, self._freed = threading.Condition(lock), threading.Condition(lock)
        self._errands: deque[Errand] = deque()
        self._waiting: dict[str, Waiting] = {}
        self._turns: dict[str, int] = {}
        """The number of each camera's last turn."""
        self._turn = 0
        self._in_work = False
        self._closed = False

    def put_newest(self, frame: Waiting) -> bool:
        """For live sources: take the camera's place whether or not it is free; True when an older frame was dropped.

        The camera keeps its turn, so a fast camera can't be starved by its own newer frames.
        """
        with self._arrived:
            dropped = isinstance(self._waiting.get(frame.camera), Frame | PreparedFrame)
            self._waiting[frame.camera] = frame
            self._arrived.notify()
            return dropped

    def wake(self, notice: NoPicture) -> None:
        """Let the thread that takes have something of this camera to take, whatever it is."""
        with self._arrived:
            self._waiting.setdefault(notice.camera, notice)
            self._arrived.notify()

    def forget(self, camera: str) -> None:
        """Drop what waits of this camera."""
        with self._freed:
            self._waiting.pop(camera, None)
            self._turns.pop(camera, None)
            self._freed.notify_all()

    def send(self, errand: Callable[[], None]) -> None:
        """Let the thread that takes do something, before it takes another frame, or ends because it is closed."""
        with self._arrived:
            self._errands.append(Errand(errand))
            self._arrived.notify()

    def put_when_free(self, frame: Waiting) -> bool:
        """For sources of which every frame counts: wait for the camera's place; False when closed meanwhile."""
        with self._freed:
            while not self._closed and frame.camera in self._waiting:
                self._freed.wait()
            if self._closed:
                return False
            self._waiting[frame.camera] = frame
            self._arrived.notify()
            return True

    def take(self) -> Waiting | Errand | None:
        """Wait for the next frame to work on; None when closed. Taking says that the one before is done.

        For one thread only.
        """
        with self._arrived:
            self._in_work = False
            while not (self._closed or self._errands or self._waiting):
                self._arrived.wait()
            if self._errands:
                self._in_work = True
                return self._errands.popleft()
            if self._closed:
                return None
            camera = min(self._waiting, key=self._last_turn)
            self._turn += 1
            self._turns[camera] = self._turn
            frame = self._waiting.pop(camera)
            self._in_work = True
            self._freed.notify_all()
            return frame

    def _last_turn(self, camera: str) -> int:
        return self._turns.get(camera, 0)

    def idle(self) -> bool:
        """Whether no frame waits or is in work."""
        with self._arrived:
            return not self._waiting and not self._in_work

    def close(self) -> None:
        """Let everybody go who waits here; frames that still wait are given up."""
        with self._arrived:
            self._closed = True
            self._arrived.notify_all()
            self._freed.notify_all()
