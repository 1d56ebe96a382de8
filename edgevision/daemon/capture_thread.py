"""One thread a camera: opens its source, reads it, and opens it again when it dies."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext

from edgevision.capture.frame import Frame, GreyImage, Picture, Unwanted
from edgevision.capture.source import DriverSource, PatientSource, Wanted
from edgevision.capture.transform import WHOLE, make_frame, rotate
from edgevision.daemon.camera import Camera
from edgevision.daemon.frame_filter import FrameFilter
from edgevision.daemon.frame_queue import FrameQueue, NoPicture
from edgevision.daemon.prepared_frame import Prepare, PreparedFrame
from edgevision.daemon.recovery import Verdict
from edgevision.daemon.threads import SupervisedThread
from edgevision.errors import SourceError, SourceHangsError
from edgevision.scene.moment import Moment

log = logging.getLogger(__name__)

AFTER_AT_MOST = 10.0
"""Seconds for which a thread waits for the one before it to let go of the camera."""

STAYS_LATE = 0.5
"""Seconds between the supervisor's first finding that the thread is late and the one that it believes."""


class CaptureThread(SupervisedThread):
    """Feeds one camera's frames to `queue`, those worth a look, until the source ends or `stop` is set.

    Once `stop` is set it touches neither the queue nor the camera's counters any more, however late it comes back from
    a driver, and only closes its source.
    """

    def __init__(  # noqa: PLR0913 - what it has to do with, each by its name
        self,
        camera: Camera,
        queue: FrameQueue,
        stop: threading.Event,
        wait_for_broker: Callable[[], None],
        on_death: Callable[[SupervisedThread], None],
        on_change: Callable[[], None] = lambda: None,
        *,
        prepare: Prepare | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """`wait_for_broker` returns once messages can be sent, or at stop: frames of a source that ends wait for it.

        `on_change` is called when the camera has been tried, has ended, or is given up (see its counters). `prepare`
        makes a frame ready for the model, which then needn't wait for that.
        """
        # What becomes of a thread that has been abandoned is nobody's business any more.
        super().__init__(f"capture {camera.name}", lambda thread: None if stop.is_set() else on_death(thread))
        self._camera = camera
        self._source = camera.source
        self._driver = self._source if isinstance(self._source, DriverSource) else None
        self._patient = self._source if isinstance(self._source, PatientSource) else None
        self._recovery = camera.recovery
        self._counters = camera.counters
        self._filter = FrameFilter(camera)
        self._turned = camera.settings.rotate
        self._crop = camera.settings.crop or WHOLE
        self._queue = queue
        self._stop_asked = stop
        self._wait_for_broker = wait_for_broker
        self._on_change = on_change
        self._prepare = prepare
        self._monotonic = monotonic
        self._wall = wall
        self._verdict: bool | None = None
        """Whether the picture at hand is worth a look, where the source has asked."""
        self._lay_ready = False
        """Whether the picture at hand came while the thread rested, nobody knows when."""
        self._recording: float | None = None
        """Where the recording is, by its own clock; None for a camera."""
        self._late: tuple[object, float] | None = None
        """How far it was when it was first found to be late, and when that was."""
        self._waited_for = False
        self.after: Sequence[threading.Thread] = ()
        """Threads that may have the camera's device still, to be waited for; to be set before start()."""
        self.begin: Callable[[], None] = _nothing
        """What is to be done then, before the first frame; to be set before start(), too."""

    def work(self) -> None:
        """Read to the end of the source; after a failure wait, longer each time, and open it again, or give it up."""
        deadline = time.monotonic() + AFTER_AT_MOST
        while any(before.is_alive() for before in self.after) and time.monotonic() < deadline:
            if self._stop_asked.wait(0.05):
                return
        self.begin()
        self.after, self.begin = (), _nothing  # which hold on to what has had its day
        while not self._stop_asked.is_set():
            wait = self._one_life()
            if wait is None:
                return
            self._stop_asked.wait(wait)

    def abandon(self, doing: str) -> bool:
        """For the supervisor, while this thread is late with `doing`: whether to put another at work in its place.

        A camera that has never given a frame is left to its thread: another one would only come to hang there, too.
        """
        if self._stop_asked.is_set():
            return False
        # After a pause of the whole process everything is late at first: only what stays late hangs.
        state, now = (self._counters.captured, self._recovery.failures), self._monotonic()
        if self._late is None or self._late[0] != state:
            self._late = state, now
        if now - self._late[1] < STAYS_LATE:
            return False
        if self._driver is None or not self._recovery.came:
            if not self._waited_for:
                self._waited_for = True
                log.warning("camera %s hangs (%s); there is nothing to do but wait", self._camera.name, doing)
            self._tried()
            return False
        self._stop_asked.set()
        self._driver.abandon()
        verdict = self._recovery.failed(now)
        if verdict.wait is not None:
            verdict = Verdict(0.0, "another thread takes its place")
        return self._failed(f"hangs ({doing})", verdict) is not None

    def _one_life(self) -> float | None:
        """Open the source and read it until it ends or fails: seconds after which to try again, None: never."""
        try:
            with self._within_limit("opening"):
                self._source.open()
            self._read_to_end()
            return None
        except SourceError as error:
            if self._stop_asked.is_set():
                return None
            verdict = self._recovery.failed(self._monotonic(), hangs=isinstance(error, SourceHangsError))
            return self._failed(str(error), verdict)
        finally:
            with self._within_limit("closing"):
                self._source.close()

    def _within_limit(self, doing: str) -> AbstractContextManager[None]:
        return nullcontext() if self._driver is None else self.heartbeat.within(self._driver.opens_within, doing)

    def _failed(self, what: str, verdict: Verdict) -> float | None:
        given_up = verdict.wait is None
        level = logging.ERROR if given_up else _level(self._recovery.failures)
        log.log(level, "camera %s: %s; %s", self._camera.name, what, verdict.text)
        self._counters.stalled = True  # whoever sees it finds the reason in the log
        self._no_picture(over=given_up)
        if given_up:
            self._counters.given_up = True
            self._on_change()
        self._tried()
        return verdict.wait

    def _tried(self) -> None:
        if not self._counters.tried:
            self._counters.tried = True
            self._on_change()

    def _read_to_end(self) -> None:
        counters = self._counters
        picture: Picture | Unwanted | None = None
        while True:
            picture = self._next(rest=isinstance(picture, Unwanted))
            if self._stop_asked.is_set():
                return
            if picture is None:
                self._end()
                return
            now = self._monotonic()
            if counters.stalled:
                log.info("camera %s: frames come", self._camera.name)
            self._recovery.picture(now)
            dropped = False if isinstance(picture, Unwanted) else self._hand_on(self._stamped(picture, now))
            if dropped is None:
                return
            if not isinstance(picture, Unwanted):
                picture = None  # so that its memory can be used for the next
            with counters.lock:
                counters.stalled = False
                counters.captured += 1
                counters.dropped += dropped
            if not counters.tried:
                self._tried()

    def _next(self, *, rest: bool) -> Picture | Unwanted | None:
        """The next picture; with `rest`, perhaps after a while in which none is wanted. Not to be used after `stop`."""
        self._verdict = None
        self._lay_ready = rest and self._rest()
        if self._stop_asked.is_set():
            return None
        picture = self._read(self._wanted)
        if self._lay_ready and self._verdict and not self._stop_asked.is_set():
            self._count(1)
            picture = self._read(None)
        return picture

    def _rest(self) -> bool:
        """Wait while no picture is wanted, if the source loses none by that; whether any have come meanwhile."""
        if self._patient is None or (before := self._patient.given) is None:
            return False
        seconds = self._filter.rest(self._monotonic())
        if seconds <= 0 or self._stop_asked.wait(seconds):
            return False
        came = (self._patient.given or 0) - before
        if came <= 0:
            return False
        self._count(came - 1)  # the last of them is yet to be read
        return True

    def _read(self, wanted: Wanted | None) -> Picture | Unwanted | None:
        if self._driver is None:
            return self._source.read(wanted)
        with self.heartbeat.within(self._driver.reads_within, "reading"):
            return self._driver.read(wanted)

    def _count(self, frames: int) -> None:
        with self._counters.lock:
            self._counters.captured += frames

    def _end(self) -> None:
        frames = self._counters.captured
        level = logging.INFO if frames else logging.WARNING
        log.log(level, "camera %s: the source has ended after %d frames", self._camera.name, frames)
        self._no_picture(over=True)
        if self._stop_asked.is_set():  # while that waited for its place
            return
        self._counters.ended = self._counters.tried = True
        self._on_change()

    def _stamped(self, picture: Picture, now: float) -> Frame:
        frame = make_frame(
            picture,
            camera=self._camera.name,
            seq=self._counters.captured,
            time=self._wall(),
            monotonic=now,
            degrees=self._turned,
            crop=self._crop,
        )
        if picture.clock is not None:
            self._recording = picture.clock
        return frame

    def _hand_on(self, frame: Frame) -> bool | None:
        """Whether another frame was dropped for it, or with it; None: `stop` was set before."""
        if self._source.finite:
            self._wait_for_broker()
        if self._camera.controls.fps_limit is not None:
            now = frame.monotonic
            while (delay := self._filter.delay(now)) > 0 and not self._stop_asked.wait(delay):
                now = self._monotonic()
        if self._stop_asked.is_set():
            return None
        # Of sources that tell by a small picture, `read` has asked already.
        passes = self._verdict
        if passes is None:
            passes = self._filter.passes(lambda: frame.image, frame.clock, frame.monotonic)
        return passes and self._put(frame if self._prepare is None else self._prepare(frame))

    def _wanted(self, grey: Callable[[], GreyImage]) -> bool:
        now = self._monotonic()
        self._verdict = self._filter.passes(lambda: rotate(grey(), self._turned), now, now)
        # One that lay ready is only compared: it may be a frame's time old. The next has the time that it says.
        return self._verdict and not self._lay_ready

    def _no_picture(self, over: bool) -> None:
        clock = self._monotonic() if self._recording is None else self._recording
        dropped = self._put(NoPicture(self._camera.name, Moment(clock, self._wall()), over))
        if dropped and self._source.live:  # else it is the notice that nobody takes any more
            with self._counters.lock:
                self._counters.dropped += 1

    def _put(self, what: Frame | PreparedFrame | NoPicture) -> bool:
        """Hand it on; True when a frame was dropped for it, or with it."""
        return self._queue.put_newest(what) if self._source.live else not self._queue.put_when_free(what)


def _nothing() -> None:
    pass


def _level(failures: int) -> int:
    """A camera that is away for days fills no log: after the first failures, one every five minutes is a warning."""
    return logging.WARNING if failures <= 6 or failures % 60 == 0 else logging.DEBUG
