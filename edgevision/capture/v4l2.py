"""USB cameras and others that Linux shows as /dev/video*."""

import errno
import logging
import math
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

import cv2

from edgevision.capture.opencv_log import silence_opencv
from edgevision.capture.video_capture import (
    DRIVER_MARGIN,
    CaptureFactory,
    LiveVideoCapture,
    VideoCapture,
    open_video_capture,
)
from edgevision.errors import SourceError

log = logging.getLogger(__name__)

_LARGEST_UNCOMPRESSED = 640 * 480
"""Pixels. Above this, USB 2 has room for few uncompressed frames a second, so the camera is asked for JPEGs."""

_BUFFERS = 2
"""One that is read while the camera fills the other; each further one would make pictures a frame older."""

_SELECT_TIMEOUT = "OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT"

_WHAT_TO_DO = {
    errno.ENOENT: "there is no such device; is the camera plugged in? `v4l2-ctl --list-devices` shows what there is",
    errno.EACCES: "no permission; add the user to the group video (`sudo usermod -aG video USER`) and log in again",
    errno.EBUSY: "it is in use by another program; `fuser -v DEVICE` shows which",
    errno.ENODEV: "the camera has been unplugged",
}


class V4l2Camera(LiveVideoCapture):
    """A camera by its device node, for example `/dev/video0` or a stable link of `/dev/v4l/by-id/`.

    `size` (width, height) in pixels and `fps` are asked for; None leaves the camera's own. A camera that gives another
    is warned of and used.

    `timeout` in seconds bounds the wait for a picture. OpenCV's V4L2 backend has only one limit for the process, in
    whole seconds, read once: the first camera that is opened sets it, unless OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT is in
    the environment already.
    """

    def __init__(
        self,
        *,
        device: Path,
        size: tuple[int, int] | None = None,
        fps: float | None = None,
        timeout: float = 10.0,
        capture_factory: CaptureFactory = open_video_capture,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        # A camera that gives a frame every ten seconds is not dead in between.
        timeout = max(timeout, 2 / fps if fps else 0)
        super().__init__(name=f"camera {device}", timeout=timeout, capture_factory=capture_factory, clock=clock)
        self._device = device
        self._size = size
        self._fps = fps

    def _connect(self) -> VideoCapture:
        silence_opencv()
        _check_device(self._device)
        # CAP_PROP_READ_TIMEOUT_MSEC is FFmpeg's and GStreamer's; V4L2 refuses to open with it.
        limit = os.environ.setdefault(_SELECT_TIMEOUT, str(max(1, math.ceil(self._timeout))))
        if limit.isdecimal():
            self.reads_within = max(self.reads_within, self._timeout + int(limit) + DRIVER_MARGIN)
        capture = self._new_capture(str(self._device), cv2.CAP_V4L2, ())
        if not capture.isOpened():
            capture.release()
            raise SourceError(
                f"can't open {self._name}: it is in use by another program (`fuser -v {self._device}`), or it gives no "
                "pictures (a camera may have several nodes; `v4l2-ctl --list-devices` shows them)"
            )
        self._set_up(capture)
        return capture

    def _why_it_stopped(self) -> str:
        try:
            _check_device(self._device)
        except _DeviceError as error:
            return error.advice
        return super()._why_it_stopped()

    def _set_up(self, capture: VideoCapture) -> None:
        if self._size is not None:
            width, height = self._size
            if width * height > _LARGEST_UNCOMPRESSED:
                # The pixel format has to come before the size: V4L2 offers each format's own sizes.
                capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
            capture.set(cv2.CAP_PROP_FRAME_WIDTH, width)
            capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height)
        if self._fps is not None:
            capture.set(cv2.CAP_PROP_FPS, self._fps)
        capture.set(cv2.CAP_PROP_BUFFERSIZE, _BUFFERS)
        got_size = (round(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), round(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)))
        if self._size is not None and got_size != tuple(self._size):
            log.warning("%s gives %d x %d instead of %d x %d", self._name, *got_size, *self._size)
        got_fps = capture.get(cv2.CAP_PROP_FPS)
        if self._fps is not None and got_fps > 0 and abs(got_fps - self._fps) > 0.5:
            log.warning("%s gives %g instead of %g frames a second", self._name, got_fps, self._fps)


class _DeviceError(SourceError):
    """The node can't be opened; `advice` says why and what to do."""

    def __init__(self, device: Path, advice: str) -> None:
        super().__init__(f"can't open camera {device}: {advice}")
        self.advice = advice


def _check_device(device: Path) -> None:
    """Raise _DeviceError with what to do if the node can't be opened: OpenCV would only say that it can't."""
    try:
        is_device = stat.S_ISCHR(device.stat().st_mode)
        if is_device:
            os.close(os.open(device, os.O_RDWR | os.O_NONBLOCK))
    except OSError as error:
        code = {errno.EPERM: errno.EACCES, errno.ENXIO: errno.ENODEV}.get(error.errno or 0, error.errno)
        raise _DeviceError(device, _WHAT_TO_DO.get(code or 0, error.strerror or str(error))) from error
    if not is_device:
        raise _DeviceError(device, "it is a file, not a camera's device")
