"""Where frames wait for an inference thread: one place a camera, so that none can crowd out another."""

import threading
from collections import deque
from collections.abc import Callable

from edgevision.capture.frame import Frame
from edgevision.daemon.prepared_frame import PreparedFrame
from edgevision.record import record
from edgevision.scene.moment import Moment


@record
class NoPicture:
    """In place of a frame: the camera gives none now, or, if `over`, is not to be looked at any more."""

    camera: str
    moment: Moment
    over: bool


@record
class Errand:
    """Something that the thread that takes is to do between two frames."""

    do: Callable[[], None]


Waiting = Frame | PreparedFrame | NoPicture


class FrameQueue:
    """At most one waiting frame a camera; of those that wait, the camera is next whose turn is longest ago.

    In the order of arrival, cameras whose frames come a moment after their turn would have fewer turns than others.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards all below, but is never held while anybody waits
        self._bell = _bell()
        """Wakes the thread that takes. Plain locks, as a `threading.Condition` costs several times as much a frame."""
        self._listens = False
        """Whether that thread waits for the bell: then it is rung, once."""
        self._shut_out: dict[str, list[threading.Lock]] = {}
        """The bells of those that wait for a camera's place."""
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
        with self._lock:
            dropped = isinstance(self._waiting.get(frame.camera), Frame | PreparedFrame)
            self._waiting[frame.camera] = frame
            self._ring()
            return dropped

    def wake(self, notice: NoPicture) -> None:
        """Let the thread that takes have something of this camera to take, whatever it is."""
        with self._lock:
            self._waiting.setdefault(notice.camera, notice)
            self._ring()

    def forget(self, camera: str) -> None:
        """Drop what waits of this camera."""
        with self._lock:
            self._waiting.pop(camera, None)
            self._turns.pop(camera, None)
            self._let_in(camera)

    def send(self, errand: Callable[[], None]) -> None:
        """Let the thread that takes do something, before it takes another frame, or ends because it is closed."""
        with self._lock:
            self._errands.append(Errand(errand))
            self._ring()

    def put_when_free(self, frame: Waiting) -> bool:
        """For sources of which every frame counts: wait for the camera's place; False when closed meanwhile."""
        camera = frame.camera
        while True:
            with self._lock:
                if self._closed:
                    return False
                if camera not in self._waiting:
                    self._waiting[camera] = frame
                    self._ring()
                    return True
                bell = _bell()
                self._shut_out.setdefault(camera, []).append(bell)
            bell.acquire()

    def take(self) -> Waiting | Errand | None:
        """Wait for the next frame to work on; None when closed. Taking says that the one before is done.

        For one thread only.
        """
        while True:
            with self._lock:
                self._in_work = bool(self._errands or (self._waiting and not self._closed))
                if self._errands:
                    return self._errands.popleft()
                if self._closed:
                    return None
                if self._waiting:
                    return self._next()
                self._listens = True
            self._bell.acquire()

    def idle(self) -> bool:
        """Whether no frame waits or is in work."""
        with self._lock:
            return not self._waiting and not self._in_work

    def close(self) -> None:
        """Let everybody go who waits here; frames that still wait are given up."""
        with self._lock:
            self._closed = True
            self._ring()
            for camera in tuple(self._shut_out):
                self._let_in(camera)

    def _next(self) -> Waiting:
        waiting = self._waiting
        camera = min(waiting, key=self._last_turn) if len(waiting) > 1 else next(iter(waiting))
        self._turn += 1
        self._turns[camera] = self._turn
        if camera in self._shut_out:
            self._let_in(camera)
        return waiting.pop(camera)

    def _last_turn(self, camera: str) -> int:
        return self._turns.get(camera, 0)

    def _ring(self) -> None:
        """Wake the thread that takes, if it waits."""
        if self._listens:
            self._listens = False
            self._bell.release()

    def _let_in(self, camera: str) -> None:
        """Wake those that wait for the camera's place: the first of them has it."""
        for bell in self._shut_out.pop(camera, ()):
            bell.release()


def _bell() -> threading.Lock:
    """A lock that is held: whoever acquires it waits until somebody releases it."""
    bell = threading.Lock()
    bell.acquire()
    return bell
