"""Network streams: RTSP, MJPEG over HTTP and whatever else FFmpeg can open."""

import re
import time
from collections.abc import Callable

import cv2

from edgevision.capture.opencv_log import silence_opencv
from edgevision.capture.video_capture import CaptureFactory, LiveVideoCapture, VideoCapture, open_video_capture
from edgevision.errors import SourceError, SourceTimeoutError


class NetworkStream(LiveVideoCapture):
    """A stream by its URL, which may hold a user name and password.

    `timeout` in seconds bounds connecting and the wait for each picture; looking up a host name may take longer. RTSP
    goes over TCP where the server allows it (OpenCV's own default); OPENCV_FFMPEG_CAPTURE_OPTIONS in the environment,
    for example `rtsp_transport;udp`, changes that. `Picture.source` and all messages show the URL without user,
    password and query.
    """

    def __init__(
        self,
        *,
        url: str,
        timeout: float = 10.0,
        capture_factory: CaptureFactory = open_video_capture,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        shown = public_url(url)
        super().__init__(name=f"stream {shown}", timeout=timeout, capture_factory=capture_factory, clock=clock)
        self._url = url
        self._source = shown

    def _connect(self) -> VideoCapture:
        silence_opencv()
        milliseconds = max(1, round(self._timeout * 1000))
        limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, milliseconds, cv2.CAP_PROP_READ_TIMEOUT_MSEC, milliseconds]
        start = self._clock()
        try:
            capture = self._new_capture(self._url, cv2.CAP_FFMPEG, limits)
        except cv2.error:
            # OpenCV's message may hold the whole URL, password included.
            raise SourceError(f"can't open {self._name}: OpenCV refuses the URL") from None
        if capture.isOpened():
            return capture
        capture.release()
        if self._ran_out(start):
            raise SourceTimeoutError(f"{self._name} did not answer within {self._timeout:g} s")
        raise SourceError(
            f"can't open {self._name}: check the address, user and password, and that the camera is on; "
            "`ffprobe URL` shows more"
        )


def public_url(url: str) -> str:
    """The URL as it may be shown: without user, password, query and fragment.

    When a careless `?`, `#` or `@` makes it unclear where the password ends, only the scheme is left.

    >>> public_url("rtsp://admin:secret@192.168.1.20:554/main?token=abc")
    'rtsp://192.168.1.20:554/main'
    """
    scheme, mark, rest = url.partition("://")
    if not mark:
        return "(URL not shown)"
    place, *hidden = re.split(r"[?#]", rest, maxsplit=1)
    if "@" not in place and any("@" in part for part in hidden):
        return f"{scheme}://…"
    return f"{scheme}://{place.rpartition('@')[2]}"
