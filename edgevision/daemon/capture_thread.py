"""One thread a camera: opens its source, reads it, and opens it again when it dies."""

import logging
import threading
import time
from collections.abc import Callable

from edgevision.backoff import Backoff
from edgevision.capture.frame import BgrImage, Frame, GreyImage, Picture, Unwanted
from edgevision.capture.small_grey import small_grey
from edgevision.capture.transform import WHOLE, make_frame, rotate
from edgevision.daemon.camera import Camera
from edgevision.daemon.frame_queue import FrameQueue, NoPicture
from edgevision.daemon.threads import SupervisedThread
from edgevision.errors import SourceError
from edgevision.scene.moment import Moment
from edgevision.scene.motion import MotionGate

log = logging.getLogger(__name__)

MOST_FAILURES = 6
"""In a row, of a source that ends: half a minute. A file that can't be opened must not keep a job from ending."""

SETTLED = 10.0
"""Seconds for which frames must come before a source counts as mended: one that gives a frame and dies is not."""


class CaptureThread(SupervisedThread):
    """Feeds one camera's frames to `queue`, those worth a look, until the source ends or `stop` is set."""

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
        settings = camera.settings
        self._gate = MotionGate(settings.masks, settings.crop or WHOLE) if camera.gated else None
        self._verdict: bool | None = None
        """Whether the picture at hand is worth a look, where the source has asked."""
        self._recording: float | None = None
        """Where the recording is, by its own clock; None for a camera."""
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
                self._no_picture(over=True)
                self._camera.counters.ended = True
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
                    self._no_picture(over=True)
                    return
                self._no_picture(over=False)
                log.log(_level(self._failures), "camera %s: %s; trying again in %.0f s", self._camera.name, error, wait)
            finally:
                source.close()
            self._stop_asked.wait(wait)

    def _read_to_end(self) -> None:
        source = self._camera.source
        while not self._stop_asked.is_set():
            self._verdict = None
            picture = source.read(self._wanted)
            if picture is None:
                level = logging.INFO if self._seq else logging.WARNING
                log.log(level, "camera %s: the source has ended after %d frames", self._camera.name, self._seq)
                return
            now = self._monotonic()
            if self._camera.counters.stalled:
                log.info("camera %s: frames come", self._camera.name)
            if self._failures and now - self._opened >= SETTLED:
                self._backoff.reset()
                self._failures = 0
            dropped = False if isinstance(picture, Unwanted) else self._hand_on(self._stamped(picture, now))
            self._seq += 1
            counters = self._camera.counters
            with counters.lock:
                counters.stalled = False
                counters.captured += 1
                counters.dropped += dropped

    def _stamped(self, picture: Picture, now: float) -> Frame:
        settings = self._camera.settings
        frame = make_frame(
            picture,
            camera=self._camera.name,
            seq=self._seq,
            time=time.time(),
            monotonic=now,
            degrees=settings.rotate,
            crop=settings.crop or WHOLE,
        )
        if picture.clock is not None:
            self._recording = picture.clock
        return frame

    def _hand_on(self, frame: Frame) -> bool:
        """Whether another frame was dropped for it."""
        if self._camera.source.finite:
            self._wait_for_broker()
        # Of sources that tell by a small picture, `read` has asked already.
        verdict = self._worth_a_look(lambda: frame.image, frame.clock) if self._verdict is None else self._verdict
        return verdict and self._put(frame)

    def _wanted(self, grey: Callable[[], GreyImage]) -> bool:
        turned = self._camera.settings.rotate
        self._verdict = self._worth_a_look(lambda: rotate(grey(), turned), self._monotonic())
        return self._verdict

    def _worth_a_look(self, image: Callable[[], BgrImage | GreyImage], clock: float) -> bool:
        """Whether the model is to see a frame; `image`, turned already, is had only if it must be."""
        controls = self._camera.controls
        if not controls.detect:
            return controls.snapshot_wanted
        if self._gate is None:
            return True
        wanted = controls.occupied or controls.snapshot_wanted
        if not self._gate.due(clock, wanted=wanted):
            return False
        return self._gate.passes(small_grey(image(), self._camera.settings.crop or WHOLE), clock, wanted=wanted)

    def _no_picture(self, over: bool) -> None:
        clock = self._monotonic() if self._recording is None else self._recording
        self._put(NoPicture(self._camera.name, Moment(clock, time.time()), over))

    def _put(self, what: Frame | NoPicture) -> bool:
        """Hand it on; True when a frame was dropped for it, or with it."""
        return self._queue.put_newest(what) if self._camera.source.live else not self._queue.put_when_free(what)


def _level(failures: int) -> int:
    """A camera that is away for days fills no log: after the first failures, one in ten (five minutes) is a warning."""
    return logging.WARNING if failures <= 6 or failures % 10 == 0 else logging.DEBUG
