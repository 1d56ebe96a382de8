"""Raspberry Pi cameras, through Picamera2."""

import logging
import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

from edgevision.capture.frame import GreyImage, Picture, Unwanted
from edgevision.capture.picamera2_library import CameraLibrary, load_picamera2
from edgevision.capture.source import Wanted
from edgevision.capture.yuv import i420
from edgevision.errors import SourceError, SourceHangsError, SourceTimeoutError

log = logging.getLogger(__name__)

_FORMAT = "YUV420"
"""Of both streams: every Raspberry Pi has it, and it is half as many bytes to copy for each frame as BGR would be."""

_BUFFERS = 4
"""One is held here, one is the newest that Picamera2 keeps ready, two are with the camera. Few, as CMA memory is."""

_LIBRARY_ERRORS = (RuntimeError, OSError, ValueError, LookupError, TypeError, AttributeError, CancelledError)
"""What Picamera2 and libcamera raise when something is wrong with camera, configuration or their versions."""

CLOSING = "close "
"""How the names of threads begin that close a camera; one that is still there has hung in the driver."""

_OPENS_WITHIN = 30.0
"""Seconds. Starting a camera and closing it take two or three on a busy Pi Zero."""

_READ_MARGIN = 1.0
"""Seconds beyond the time limit after which a read has hung: the library keeps to its limit, but on a busy machine."""


class _Hold:
    """That some source has a camera: `abandoned` by whoever hangs in it, to be let go of by `closer`."""

    abandoned = False
    closer: threading.Thread | None = None
    deadline = 0.0

    def wait(self) -> bool:
        """Wait until the closer's time is up; whether the camera is free then, or nobody closes it."""
        if self.closer is None:
            return not self.abandoned
        self.closer.join(max(self.deadline - time.monotonic(), 0))
        return not self.closer.is_alive()


_holds: dict[int, _Hold] = {}
_holds_lock = threading.Lock()


class Picamera2Camera:
    """A camera on the CSI connector, by its number in `rpicam-hello --list-cameras`.

    The hardware gives the main picture of `size` (width, height) and, if the camera can do it, the same view scaled to
    the size `lores`, both from one exposure. `lores` is even and no larger than `size`; where it has another shape, its
    pixels aren't square. `timeout` in seconds bounds the wait for a picture, `close_timeout` the wait for the library
    when closing.
    """

    live = True
    finite = False

    def __init__(
        self,
        *,
        index: int = 0,
        size: tuple[int, int] = (1280, 720),
        fps: float = 10.0,
        hflip: bool = False,
        vflip: bool = False,
        timeout: float = 10.0,
        lores: tuple[int, int] | None = None,
        close_timeout: float = 5.0,
    ) -> None:
        self.skipped = 0
        self._index = index
        self._name = f"camera {index}"
        self._size = size
        self._fps = fps
        self._flip = {"hflip": int(hflip), "vflip": int(vflip)}
        # A camera that gives a frame every ten seconds is not dead in between.
        self._timeout = max(timeout, 2 / fps)
        self.opens_within = _OPENS_WITHIN + close_timeout
        self.reads_within = self._timeout + _READ_MARGIN
        self._lores = lores
        self._close_timeout = close_timeout
        self._camera: Any = None
        self._mapped: Any = None
        self._hold: _Hold | None = None
        self._breaks = False
        self._main_size = size
        self._lores_size: tuple[int, int] | None = None
        self._full_range = True

    def open(self) -> None:
        """Start the camera. Raises SourceError: no picamera2, no such camera, in use, or it can't be configured.

        SourceHangsError: this process could not let go of it before.
        """
        self.close()
        library = load_picamera2()
        self._mapped = library.MappedArray
        self._take()
        try:
            self._require_camera(library)
            self._camera = library.Picamera2(self._index)
        except SourceError:
            self._let_go()
            raise
        except _LIBRARY_ERRORS as error:
            self._let_go()
            if _is_busy(error):
                raise SourceError(
                    f"{self._name} is in use by another program: `fuser -v /dev/media* /dev/video*` shows which"
                ) from error
            raise SourceError(f"can't open {self._name}: {_chain(error)}") from error
        try:
            self._configure(library)
            self._camera.start()
        except _LIBRARY_ERRORS as error:
            self.close()
            raise SourceError(f"can't start {self._name}: {_chain(error)}") from error

    @property
    def given(self) -> int | None:
        """How many frames the camera has given since open(), with those that nobody read; None: that isn't known."""
        frames: int | None = getattr(self._camera, "frames", None)
        return frames

    def read(self, wanted: Wanted | None = None) -> Picture | Unwanted:
        """Wait for the newest picture. The luma of its smallest stream is what `wanted` may look at.

        Raises SourceTimeoutError after `timeout` without one (a loose cable, a sensor that hangs), SourceError when
        the camera failed. Only close() and open() help after that.
        """
        camera = self._camera
        if camera is None:
            raise SourceError(f"{self._name} is not open")
        deadline = time.monotonic() + self._timeout
        came, why = "no picture", "is its cable firmly in place?"
        while (left := deadline - time.monotonic()) > 0:
            # Without `wait` a stalled sensor would block this thread for ever.
            try:
                request = camera.capture_request(wait=left)
            except TimeoutError:
                break
            except _LIBRARY_ERRORS as error:
                raise SourceError(f"{self._name} failed: {_chain(error)}") from error
            try:
                # What isn't wanted isn't even copied.
                if wanted is not None and not wanted(partial(self._luma, request)):
                    return Unwanted()
                picture = self._picture(request)
                self._breaks = False
                return picture
            except _BrokenFrameError as error:
                self.skipped += 1
                # The first of many is enough: a camera may give nothing else for days.
                log.log(
                    logging.DEBUG if self._breaks else logging.WARNING,
                    "skipping broken frames of %s: %s",
                    self._name,
                    error,
                )
                self._breaks = True
                came, why = "only broken frames", str(error)
            finally:
                request.release()
        raise SourceTimeoutError(f"{self._name} gave {came} for {self._timeout:g} s: {why}")

    def close(self) -> None:
        """Stop the camera and give it back.

        libcamera may hang when the sensor does, so this is done by a thread of its own, which is left behind after
        `close_timeout`: the camera then stays taken until that thread ends or the process does.
        """
        hold = self._begin_to_close()
        if hold is not None and not hold.wait():
            log.error("%s hangs while closing; it can't be used until edgevision is restarted", self._name)

    def abandon(self) -> None:
        """Try to close it from outside, while the thread that has it hangs in it; whoever opens it next waits."""
        with _holds_lock:
            if self._hold is not None:
                self._hold.abandoned = True
        self._begin_to_close()

    def _begin_to_close(self) -> _Hold | None:
        with _holds_lock:
            camera, hold, self._camera = self._camera, self._hold, None
            if camera is None or hold is None:
                return None
            self._hold = None
            hold.closer = threading.Thread(
                target=_close, args=(camera, self._index, self._name), name=CLOSING + self._name, daemon=True
            )
            hold.deadline = time.monotonic() + self._close_timeout
            hold.closer.start()
        return hold

    def _take(self) -> None:
        # Before 0.3.38, a second Picamera2 for an open camera fails and takes away the first one's frames.
        with _holds_lock:
            before = _holds.get(self._index)
        if before is not None and not before.wait():
            raise SourceHangsError(f"{self._name} hangs in its driver; only a restart of edgevision can mend that")
        with _holds_lock:
            if self._index in _holds:
                raise SourceError(
                    f"{self._name} is already open in this process: two cameras of the configuration have this index"
                )
            self._hold = _holds[self._index] = _Hold()

    def _let_go(self) -> None:
        self._hold = None
        _forget(self._index)

    def _require_camera(self, library: CameraLibrary) -> None:
        # Asking first, as the constructor raises another error in each version.
        try:
            count = len(library.Picamera2.global_camera_info())
        except _LIBRARY_ERRORS as error:
            raise SourceError(f"libcamera can't list the cameras: {_chain(error)}") from error
        if self._index >= count:
            found = f"only {count} found, counted from 0" if count else "no camera found"
            raise SourceError(
                f"there is no {self._name} ({found}): check the cable with the Pi switched off; "
                "`rpicam-hello --list-cameras` shows what there is"
            )

    def _configure(self, library: CameraLibrary) -> None:
        wanted = {
            "main": {"size": self._size, "format": _FORMAT},
            "transform": library.Transform(**self._flip),
            "colour_space": library.ColorSpace.Sycc(),
            "buffer_count": _BUFFERS,
        }
        try:
            lores = None if self._lores is None else {"size": self._lores, "format": _FORMAT}
            self._camera.configure(self._camera.create_video_configuration(lores=lores, **wanted))
        except _LIBRARY_ERRORS as error:
            if self._lores is None:
                raise
            log.info("%s has no lores stream (%s)", self._name, _chain(error))
            self._camera.configure(self._camera.create_video_configuration(**wanted))
        self._read_back(self._camera.camera_configuration())
        self._set_frame_rate()

    def _read_back(self, configuration: dict[str, Any]) -> None:
        main, lores = configuration["main"], configuration.get("lores")
        if main["format"] != _FORMAT:
            raise RuntimeError(f"it gives {main['format']}, not {_FORMAT}; a USB camera needs type: v4l2")
        if tuple(main["size"]) != tuple(self._size):
            log.warning("%s gives %d x %d instead of %d x %d", self._name, *main["size"], *self._size)
        self._main_size = tuple(main["size"])
        self._lores_size = tuple(lores["size"]) if lores and lores["format"] == _FORMAT else None
        colour_range = getattr(configuration.get("colour_space"), "range", None)
        self._full_range = getattr(colour_range, "name", "Full") == "Full"

    def _set_frame_rate(self) -> None:
        limits = self._camera.camera_controls.get("FrameDurationLimits")
        if limits is None:
            return
        shortest, longest = limits[:2]
        # Microseconds. Outside the limits of the sensor's mode, the nearest it can do.
        duration = max(shortest, min(longest, round(1_000_000 / self._fps)))
        self._camera.set_controls({"FrameDurationLimits": (duration, duration)})

    def _luma(self, request: Any) -> GreyImage:
        stream, (width, height) = ("lores", self._lores_size) if self._lores_size else ("main", self._main_size)
        # Copied, for old versions unmap the camera's memory at the end, and fail if anything refers to it still.
        with _whole(), self._mapped(request, stream) as mapped:
            return np.array(mapped.array[:height, :width], dtype=np.uint8)

    def _picture(self, request: Any) -> Picture:
        with _whole():
            main = i420(request.make_array("main"), *self._main_size, full_range=self._full_range)
            if self._lores_size is None:
                return Picture(main)
            return Picture(main, i420(request.make_array("lores"), *self._lores_size, full_range=self._full_range))


class _BrokenFrameError(Exception):
    """A frame whose pixels can't be had."""


@contextmanager
def _whole() -> Iterator[None]:
    try:
        yield
    except _LIBRARY_ERRORS as error:
        raise _BrokenFrameError(_chain(error)) from error


def _close(camera: Any, index: int, name: str) -> None:
    try:
        try:
            # stop() waits behind a capture that timed out, and a frame that came late would be lost to that capture.
            if hasattr(camera, "cancel_all_and_flush"):
                camera.cancel_all_and_flush()
            camera.stop()
        except _LIBRARY_ERRORS as error:
            log.warning("stopping %s failed: %s", name, _chain(error))
        camera.close()
    except _LIBRARY_ERRORS as error:
        log.warning("closing %s failed: %s", name, _chain(error))
    finally:
        _forget(index)


def _forget(index: int) -> None:
    with _holds_lock:
        _holds.pop(index, None)


def _chain(error: BaseException) -> str:
    """The error's text and that of what caused it: Picamera2's own says only that something failed."""
    texts: list[str] = []
    cause: BaseException | None = error
    while cause is not None:
        texts.append(str(cause) or type(cause).__name__)
        cause = cause.__cause__ or cause.__context__
    return ": ".join(texts)


def _is_busy(error: BaseException) -> bool:
    return "busy" in _chain(error).lower()
