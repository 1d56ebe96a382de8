"""The section `source` of a camera: where its pictures come from, one class a `type`."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from edgevision.config.checks import Between, fault, stream_url
from edgevision.config.paths import DevicePath, Pictures, ReadableFile
from edgevision.config.section import Section


def _width_and_height(value: object) -> object:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise fault("is not a size, [width, height]")
    return value


def _secret_stream_url(url: SecretStr) -> SecretStr:
    stream_url(url.get_secret_value())
    return url


Size = Annotated[
    tuple[Annotated[int, Between(16, 16384)], Annotated[int, Between(16, 16384)]], BeforeValidator(_width_and_height)
]
FrameRate = Annotated[float, Between(0.1, 240)]
Timeout = Annotated[float, Between(0.1, 600)]


class Picamera2Source(Section):
    """A camera of the Raspberry Pi, by libcamera."""

    type: Literal["picamera2"]
    """The Pi's own cameras."""

    index: Annotated[int, Between(0, 15)] = 0
    """Which camera, counted from 0 as `rpicam-hello --list-cameras` shows them."""

    size: Size = (1280, 720)
    """Width and height of the frames, in pixels."""

    fps: FrameRate = 10
    """Frames a second that the camera is asked for."""

    hflip: bool = False
    """Mirror the picture left to right, in the sensor."""

    vflip: bool = False
    """Turn the picture upside down, in the sensor."""

    timeout: Timeout = 5
    """Seconds without a frame after which the camera counts as dead and is opened again; at least two frames' time."""


class V4l2Source(Section):
    """A USB camera, or whatever else is a /dev/video device."""

    type: Literal["v4l2"]
    """A USB camera."""

    device: DevicePath = Path("/dev/video0")
    """The device; a link below /dev/v4l/by-id stays the same when cameras are replugged."""

    size: Size = (1280, 720)
    """Width and height of the frames, in pixels; the camera gives the nearest it has."""

    fps: FrameRate = 10
    """Frames a second that the camera is asked for."""

    timeout: Timeout = 5
    """Seconds without a frame after which the camera counts as dead and is opened again; at least two frames' time."""


class StreamSource(Section):
    """A network camera or another stream that FFmpeg can open."""

    type: Literal["stream"]
    """A stream by its URL."""

    url: Annotated[SecretStr, AfterValidator(_secret_stream_url)]
    """The stream: rtsp://, rtsps://, http://, https:// and the like. Never printed, for it may hold a password."""

    timeout: Timeout = 8
    """Seconds without a frame after which the stream counts as dead and is opened again."""


class VideoSource(Section):
    """A video file, processed whole."""

    type: Literal["video"]
    """A video file."""

    path: ReadableFile
    """The file."""

    loop: bool = False
    """Begin again at the end, for ever; without it the camera ends with the file."""

    realtime: bool = False
    """Play at the file's own speed; with loop it is like a camera: the newest frame wins."""


class ImagesSource(Section):
    """Picture files, each processed once."""

    type: Literal["images"]
    """Picture files."""

    path: Pictures
    """A folder, or a pattern such as pictures/*.jpg."""

    loop: bool = False
    """Begin again after the last one, for ever; without it the camera ends with the pictures."""


SourceSettings = Annotated[
    Picamera2Source | V4l2Source | StreamSource | VideoSource | ImagesSource, Field(discriminator="type")
]
"""Any source; `type` tells which."""
