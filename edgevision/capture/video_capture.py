"""What the sources behind `cv2.VideoCapture` share: opening, reading and letting go of it."""

import logging
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import cv2
import numpy as np

from edgevision.capture.frame import BgrImage, Picture
from edgevision.capture.source import Wanted
from edgevision.errors import SourceError, SourceTimeoutError

log = logging.getLogger(__name__)

# Else OpenCV lets only one thread at a time open something with FFmpeg: a camera that doesn't answer would hold up all.
os.environ.setdefault("OPENCV_FFMPEG_IS_THREAD_SAFE", "1")


class VideoCapture(Protocol):
    """The part of `cv2.VideoCapture` that edgevision uses."""

    def isOpened(self) -> bool:  # noqa: N802  OpenCV's own name
        """Whether there is something to read from."""

    def grab(self) -> bool:
        """Wait for the next frame; False at the end, on an error, on a time-out and for a broken frame."""

    def retrieve(self) -> tuple[bool, Any]:
        """Decode the grabbed frame."""

    def get(self, prop: int) -> float:
        """The value of a property, 0 where it is unknown."""

    def set(self, prop: int, value: float) -> bool:
        """Ask for a value of a property."""

    def release(self) -> None:
        """Close it."""


BROKEN_IN_A_ROW = 10
"""Frames. OpenCV answers to a broken frame as to the end of it all; after this many it is believed."""

DRIVER_MARGIN = 2.0
"""Seconds beyond what the limits given to OpenCV add up to, after which a call has hung."""

_OPENING_MARGIN = 20.0
"""Seconds that opening may take beside its limits: looking up a host name that no server answers for takes long."""

CaptureFactory = Callable[[str, int, Sequence[int]], VideoCapture]
"""Opens a file, URL or device with one of OpenCV's backends and options (property, value, property, value …)."""


def open_video_capture(name: str, backend: int, options: Sequence[int]) -> VideoCapture:
    """The real thing: `cv2.VideoCapture`. Look at `isOpened()` of what comes back. Raises SourceError if it throws."""
    try:
        capture: VideoCapture = cv2.VideoCapture(name, backend, list(options))
    except cv2.error as error:
        # Without the name, which may hold a password.
        raise SourceError(f"OpenCV failed while opening it ({error.err})") from error
    return capture


def grab_bgr(capture: VideoCapture) -> BgrImage | None:
    """Wait for the next frame: (height, width, 3) uint8 in blue, green, red.

    None at the end, on an error or time-out, and for a frame that can't be decoded, after which the next may be fine.
    """
    try:
        ok, image = capture.retrieve() if capture.grab() else (False, None)
    except cv2.error as error:
        log.debug("OpenCV failed on a frame: %s", error)
        return None
    if not ok or image is None or image.size == 0:
        return None
    if image.ndim == 2 or image.shape[2] == 1:
        image = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
    return np.ascontiguousarray(image, dtype=np.uint8)


class LiveVideoCapture(ABC):
    """A live source behind `cv2.VideoCapture`: a USB camera or a network stream.

    `name` is what messages call it. `timeout` in seconds bounds opening and each read, as far as the backend keeps
    to the limit it was given.
    """

    live = True
    finite = False

    def __init__(
        self,
        *,
        name: str,
        timeout: float,
        capture_factory: CaptureFactory,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.skipped = 0
        # Connecting and learning what comes have the limit each, and a read that ends early is followed by another.
        self.opens_within = 2 * timeout + _OPENING_MARGIN
        self.reads_within = 2 * timeout + DRIVER_MARGIN
        self._name = name
        self._timeout = timeout
        self._new_capture = capture_factory
        self._clock = clock
        self._capture: VideoCapture | None = None
        self._source: str | None = None

    @abstractmethod
    def _connect(self) -> VideoCapture:
        """An opened capture, set up as wished. Raises SourceError."""

    def open(self) -> None:
        """Connect. Raises SourceError, or SourceTimeoutError when nothing answers in time."""
        self.close()
        self._capture = self._connect()

    def read(self, wanted: Wanted | None = None) -> Picture:
        """Wait for the next picture. Frames that can't be decoded are passed over and counted.

        Raises SourceTimeoutError after `timeout` without a picture, SourceError when the source has gone.
        """
        if self._capture is None:
            raise SourceError(f"{self._name} is not open")
        start = self._clock()
        for failures in range(BROKEN_IN_A_ROW + 1):
            image = grab_bgr(self._capture)
            if image is not None:
                if failures:
                    self.skipped += failures
                    log.warning("skipped %d broken frames of %s", failures, self._name)
                return Picture(image, source=self._source)
            if self._ran_out(start):
                raise SourceTimeoutError(f"{self._name} gave no picture for {self._timeout:g} s")
        raise SourceError(f"{self._name} stopped: {self._why_it_stopped()}")

    def close(self) -> None:
        """Let go of the device or connection."""
        capture, self._capture = self._capture, None
        if capture is not None:
            try:
                capture.release()
            except cv2.error as error:
                log.warning("closing %s failed: %s", self._name, error)

    def abandon(self) -> None:  # noqa: B027  not for the subclasses to fill
        """Nothing: OpenCV crashes when a capture is released under a call that hangs in it."""

    def _why_it_stopped(self) -> str:
        return "no more pictures come from it"

    def _ran_out(self, start: float) -> bool:
        # Backends count in whole milliseconds or seconds of their own: a little less than the limit is a time-out too.
        return self._clock() - start >= 0.9 * self._timeout
