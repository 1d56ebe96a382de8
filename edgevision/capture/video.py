"""Video files."""

import logging
import time
from collections.abc import Callable
from pathlib import Path

import cv2

from edgevision.capture.frame import BgrImage, Picture
from edgevision.capture.opencv_log import silence_opencv
from edgevision.capture.source import Wanted
from edgevision.capture.video_capture import BROKEN_IN_A_ROW, CaptureFactory, VideoCapture, grab_bgr, open_video_capture
from edgevision.errors import SourceError

log = logging.getLogger(__name__)

_USUAL_FPS = 25.0
_POSSIBLE_FPS = (0.01, 1000.0)
_MOST_BROKEN_IN_A_ROW = 1000
"""Frames. A damaged header may claim any number of them."""

_LATEST_CATCH_UP = 1.0
"""Seconds. Someone later than this goes on from now instead of racing to catch up."""


class VideoFile:
    """The frames of a video file, turned upright where the file says how it was held.

    `loop` starts again at the end. `realtime` gives each frame when the clip's own clock says so instead of as fast as
    they are taken; together with `loop` the file behaves like a live camera. Frames that can't be decoded, and those
    missing at the end of a cut off file, are passed over with a warning and counted in `skipped`.

    `Picture.source` is the path, `Picture.clock` counts the frames so far, of all rounds, at the clip's own rate.
    `clock` and `sleep` count in seconds.
    """

    def __init__(
        self,
        *,
        path: Path,
        loop: bool = False,
        realtime: bool = False,
        capture_factory: CaptureFactory = open_video_capture,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.live = loop and realtime
        self.finite = not loop
        self.skipped = 0
        self._path = path
        self._new_capture = capture_factory
        self._realtime = realtime
        self._clock = clock
        self._sleep = sleep
        self._capture: VideoCapture | None = None
        self._given = 0
        self._broken = 0
        self._position = 0.0
        self._start = 0.0
        self._elapsed = 0.0

    def open(self) -> None:
        """Open the file at its beginning. Raises SourceError when it is missing, unreadable or no video."""
        self.close()
        silence_opencv()
        try:
            with self._path.open("rb"):
                pass
        except OSError as error:
            raise SourceError(f"can't open video {self._path}: {error.strerror or error}") from error
        for backend in (cv2.CAP_FFMPEG, cv2.CAP_ANY):
            capture = self._new_capture(str(self._path), backend, ())
            if capture.isOpened():
                self._capture = capture
                self._given = self._broken = 0
                return
            capture.release()
        raise SourceError(f"can't open video {self._path}: it is no video, is cut off, or has an unknown codec")

    def read(self, wanted: Wanted | None = None) -> Picture | None:
        """The next frame, in `realtime` when it is due; None after the last one.

        Raises SourceError when it is not open, and with `loop` when a whole round held no frame.
        """
        while True:
            if self._capture is None:
                raise SourceError(f"video {self._path} is not open")
            image = self._next_image(self._capture)
            if image is not None:
                if self._realtime:
                    self._wait_until_due(self._capture)
                return Picture(image, source=str(self._path), clock=self._elapsed)
            if self.finite:
                return None
            if not self._given:
                raise SourceError(f"video {self._path} has no frame that can be decoded")
            self.open()

    def close(self) -> None:
        """Close the file."""
        capture, self._capture = self._capture, None
        if capture is not None:
            capture.release()

    def _next_image(self, capture: VideoCapture) -> BgrImage | None:
        expected = round(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        missing = expected - self._given - self._broken
        for failures in range(min(max(missing, BROKEN_IN_A_ROW), _MOST_BROKEN_IN_A_ROW) + 1):
            image = grab_bgr(capture)
            if image is not None:
                if failures:
                    self._skip(failures, f"after frame {self._given + self._broken} can't be decoded")
                self._given += 1
                self._elapsed += (failures + 1) / _fps(capture)
                return image
        # Some containers know only their length in seconds, so that OpenCV's count is off by a few frames.
        if missing > expected // 50:
            self._skip(missing, f"of {expected} are missing at the end")
        return None

    def _skip(self, count: int, where: str) -> None:
        self._broken += count
        self.skipped += count
        log.warning("video %s: %d frame(s) %s", self._path, count, where)

    def _wait_until_due(self, capture: VideoCapture) -> None:
        now = self._clock()
        position = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        if self._given == 1:  # the first of this round
            self._start, self._position = now - position, position
            return
        if position <= self._position:
            position = self._position + 1 / _fps(capture)
        self._position = position
        ahead = self._start + position - now
        if ahead > 0:
            self._sleep(ahead)
        elif -ahead > _LATEST_CATCH_UP:
            self._start = now - position


def _fps(capture: VideoCapture) -> float:
    """Frames a second, as the file says it where that can be."""
    fps = capture.get(cv2.CAP_PROP_FPS)
    return fps if _POSSIBLE_FPS[0] <= fps <= _POSSIBLE_FPS[1] else _USUAL_FPS
