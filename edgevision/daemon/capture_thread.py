"""One thread a camera: opens its source, reads it, and opens it again when it dies."""

import logging
import threading
import time
from collections.abc import Callable

from edgevision.backoff import Backoff
from edgevision.capture.frame import Frame, Picture
from edgevision.capture.transform import WHOLE, make_frame
from edgevision.daemon.camera import Camera
from edgevision.daemon.frame_queue import FrameQueue
from edgevision.daemon.threads import SupervisedThread
from edgevision.errors import SourceError

log = logging.getLogger(__name__)

MOST_FAILURES = 6
"""In a row, of a source that ends: half a minute. A file that can't be opened must not keep a job from ending."""

SETTLED = 10.0
"""Seconds for which frames must come before a source counts as mended: one that gives a frame and dies is not."""


class CaptureThread(SupervisedThread):
    """Feeds one camera's frames to `queue` until the source ends or `stop` is set."""

    def __init__(
        self,
        camera: Camera,
        queue: FrameQueue,
        stop: threading.Event,
        wait_for_broker: Callable[[], None],
        on_death: Callable[[SupervisedThread], None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`wait_for_broker` returns once messages can be sent, or at stop: frames of a source that ends wait for it."""
        super().__init__(f"capture {camera.name}", on_death)
        self._camera = camera
        self._queue = queue
        self._stop_asked = stop
        self._wait_for_broker = wait_for_broker
        self._monotonic = monotonic
        self._opened = 0.0
        self._backoff = Backoff()
        self._failures = 0
        self._seq = 0

    def work(self) -> None:
        """Read to the end of the source; after a failure wait, longer each time, and open it again.

        A source that ends is given up after some failures; a camera never.
        """
        source = self._camera.source
        while not self._stop_asked.is_set():
            try:
                source.open()
                self._opened = self._monotonic()
                self._read_to_end()
                return
            except SourceError as error:
                wait = self._backoff.wait()
                self._camera.counters.stalled = True
                self._failures += 1
                if source.finite and self._failures >= MOST_FAILURES:
                    self._camera.counters.given_up = True
                    log.log(
                        logging.ERROR,
                        "camera %s: %s; given up after %d tries",
                        self._camera.name,
                        error,
                        self._failures,
                    )
                    return
                log.log(_level(self._failures), "camera %s: %s; trying again in %.0f s", self._camera.name, error, wait)
            finally:
                source.close()
            self._stop_asked.wait(wait)

    def _read_to_end(self) -> None:
        source = self._camera.source
        while not self._stop_asked.is_set():
            picture = source.read()
            if picture is None:
                level = logging.INFO if self._seq else logging.WARNING
                log.log(level, "camera %s: the source has ended after %d frames", self._camera.name, self._seq)
                return
            if self._camera.counters.stalled:
                log.info("camera %s: frames come", self._camera.name)
            frame = self._stamped(picture)
            if self._failures and frame.monotonic - self._opened >= SETTLED:
                self._backoff.reset()
                self._failures = 0
            self._hand_on(frame)

    def _stamped(self, picture: Picture) -> Frame:
        settings = self._camera.settings
        frame = make_frame(
            picture,
            camera=self._camera.name,
            seq=self._seq,
            time=time.time(),
            monotonic=self._monotonic(),
            degrees=settings.rotate,
            crop=settings.crop or WHOLE,
        )
        self._seq += 1
        return frame

    def _hand_on(self, frame: Frame) -> None:
        source = self._camera.source
        if source.finite:
            self._wait_for_broker()
        dropped = self._queue.put_newest(frame) if source.live else not self._queue.put_when_free(frame)
        counters = self._camera.counters
        with counters.lock:
            counters.stalled = False
            counters.captured += 1
            counters.dropped += dropped


def _level(failures: int) -> int:
    """A camera that is away for days fills no log: after the first failures, one in ten (five minutes) is a warning."""
    return logging.WARNING if failures <= 6 or failures % 10 == 0 else logging.DEBUG
