"""Where frames wait for an inference thread: one place a camera, so that none can crowd out another."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from edgevision.capture.frame import Frame
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


class FrameQueue:
    """At most one waiting frame a camera; cameras are served in the order in which their frames began to wait."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._errands: deque[Errand] = deque()
        self._waiting: dict[str, Frame | NoPicture] = {}
        self._in_work = False
        self._closed = False

    def put_newest(self, frame: Frame | NoPicture) -> bool:
        """For live sources: take the camera's place whether or not it is free; True when an older frame was dropped.

        The camera keeps its turn, so a fast camera can't be starved by its own newer frames.
        """
        with self._changed:
            dropped = isinstance(self._waiting.get(frame.camera), Frame)
            self._waiting[frame.camera] = frame
            self._changed.notify_all()
            return dropped

    def wake(self, notice: NoPicture) -> None:
        """Let the thread that takes have something of this camera to take, whatever it is."""
        with self._changed:
            self._waiting.setdefault(notice.camera, notice)
            self._changed.notify_all()

    def forget(self, camera: str) -> None:
        """Drop what waits of this camera."""
        with self._changed:
            self._waiting.pop(camera, None)
            self._changed.notify_all()

    def send(self, errand: Callable[[], None]) -> None:
        """Let the thread that takes do something, before it takes another frame, or ends because it is closed."""
        with self._changed:
            self._errands.append(Errand(errand))
            self._changed.notify_all()

    def put_when_free(self, frame: Frame | NoPicture) -> bool:
        """For sources of which every frame counts: wait for the camera's place; False when closed meanwhile."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or frame.camera not in self._waiting)
            if self._closed:
                return False
            self._waiting[frame.camera] = frame
            self._changed.notify_all()
            return True

    def take(self) -> Frame | NoPicture | Errand | None:
        """Wait for the next frame to work on; None when closed. Taking says that the one before is done."""
        with self._changed:
            self._in_work = False
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._closed or self._errands or self._waiting)
            if self._errands:
                self._in_work = True
                return self._errands.popleft()
            if self._closed:
                return None
            camera = next(iter(self._waiting))
            frame = self._waiting.pop(camera)
            self._in_work = True
            self._changed.notify_all()
            return frame

    def idle(self) -> bool:
        """Whether no frame waits or is in work."""
        with self._changed:
            return not self._waiting and not self._in_work

    def close(self) -> None:
        """Let everybody go who waits here; frames that still wait are given up."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
