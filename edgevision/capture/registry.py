"""From a camera's settings to its source."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from edgevision.capture.images import ImageFiles
from edgevision.capture.lores import View, lores_size
from edgevision.capture.picamera2 import Picamera2Camera
from edgevision.capture.source import Source
from edgevision.capture.stream import NetworkStream
from edgevision.capture.v4l2 import V4l2Camera
from edgevision.capture.video import VideoFile

if TYPE_CHECKING:
    from edgevision.config.sources import SourceSettings


def make_source(settings: SourceSettings, view: View | None = None) -> Source:
    """The source that the settings describe, not opened yet. Nothing is looked at or imported before open().

    A camera that scales by itself gives a small picture besides, for what a model sees: `view`, which others disregard.
    """
    if settings.type == "picamera2":
        return Picamera2Camera(
            index=settings.index,
            size=settings.size,
            fps=settings.fps,
            hflip=settings.hflip,
            vflip=settings.vflip,
            timeout=settings.timeout,
            lores=None if view is None else lores_size(settings.size, view),
        )
    if settings.type == "v4l2":
        return V4l2Camera(device=settings.device, size=settings.size, fps=settings.fps, timeout=settings.timeout)
    if settings.type == "stream":
        return NetworkStream(url=settings.url.get_secret_value(), timeout=settings.timeout)
    if settings.type == "video":
        return VideoFile(path=settings.path, loop=settings.loop, realtime=settings.realtime)
    if settings.type == "images":
        return ImageFiles(path=settings.path, loop=settings.loop)
    assert_never(settings)
