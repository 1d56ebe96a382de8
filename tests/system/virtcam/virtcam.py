"""Lets the real picamera2 drive libcamera's virtual camera; has to be imported before picamera2 (see sitecustomize.py).

picamera2 is written for the Pi's own camera pipeline. The virtual one of libcamera 0.4.0 differs in three ways that
Python can bridge, a section each below (the C files beside this one bridge the rest). All else is real: configuration,
allocation, requests, jobs, timeouts, metadata.
"""

import sys
from types import ModuleType
from typing import Any

import cv2
import libcamera
import numpy as np
from numpy.typing import NDArray

# 1. picamera2 imports its preview windows with itself, and those want pykms, which Debian doesn't have. They ask it for
#    nothing but the names of pixel formats.


class _Names(type):
    def __getattr__(cls, name: str) -> str:
        return name


_pykms: Any = ModuleType("pykms")
_pykms.PixelFormat = _Names("PixelFormat", (), {})
sys.modules.setdefault("pykms", _pykms)

from picamera2 import picamera2 as camera  # noqa: E402
from picamera2 import request  # noqa: E402
from picamera2.allocators import dmaallocator  # noqa: E402

# 2. There is no sensor, so no raw stream, which picamera2 always asks for when it opens a camera.

_generate_configuration = libcamera.Camera.generate_configuration
_ROLE = libcamera.StreamRole


def _generate_without_raw(self: Any, roles: list[Any]) -> Any:
    return _generate_configuration(self, [_ROLE.Viewfinder if role == _ROLE.Raw else role for role in roles])


libcamera.Camera.generate_configuration = _generate_without_raw

# 3. The only pixel format is NV12: a plane of Y, then one of U and V in turn. The stream runs in that, while
#    picamera2's configuration goes on naming the format that was asked for; arrays are made from the NV12 buffer.

_update_stream_config = camera.Picamera2._update_stream_config
_make_array_shared = request.Helpers._make_array_shared


def _keep_wanted_format(self: Any, stream_config: dict[str, Any], libcamera_stream_config: Any) -> None:
    wanted = stream_config["format"]
    _update_stream_config(self, stream_config, libcamera_stream_config)
    stream_config["format"] = wanted


def _make_array(self: Any, buffer: Any, config: dict[str, Any]) -> Any:
    if config["format"] == "NV12":
        return _make_array_shared(self, buffer, config)
    width, height = config["size"]
    rows = height * 3 // 2
    return array_from_nv12(np.asarray(buffer)[: rows * width].reshape(rows, width), config["format"])


def array_from_nv12(nv12: NDArray[np.uint8], pixel_format: str) -> NDArray[np.uint8]:
    """The array that picamera2 would give for `pixel_format`, of a buffer of shape (height * 3 / 2, width).

    As everywhere in libcamera, "RGB888" is B, G, R in memory. Raises KeyError for a format that isn't made here.
    """
    height, width = nv12.shape[0] * 2 // 3, nv12.shape[1]
    luma, chroma = nv12[:height], nv12[height:].reshape(height // 2, width // 2, 2)
    if pixel_format == "YUV420":
        planes = (luma, chroma[..., 0], chroma[..., 1])
        return np.concatenate([plane.reshape(-1) for plane in planes]).reshape(nv12.shape)
    # The virtual camera's NV12 is full range. OpenCV's own conversions from NV12 take it for 16 to 235; YCrCb's don't.
    cr, cb = (cv2.resize(np.ascontiguousarray(chroma[..., i]), (width, height)) for i in (1, 0))
    bgr = cv2.cvtColor(np.dstack([luma, cr, cb]), cv2.COLOR_YCrCb2BGR)
    conversion = {
        "RGB888": None,
        "BGR888": cv2.COLOR_BGR2RGB,
        "XRGB8888": cv2.COLOR_BGR2BGRA,
        "XBGR8888": cv2.COLOR_BGR2RGBA,
    }[pixel_format]
    return (bgr if conversion is None else cv2.cvtColor(bgr, conversion)).astype(np.uint8, copy=False)


camera.Picamera2._update_stream_config = _keep_wanted_format
request.Helpers._make_array_shared = _make_array


class _TwoPlanes:
    """Stands in for the allocator's `libcamera`: it gives every buffer one plane, and NV12 is refused without two."""

    class FrameBuffer:
        Plane = libcamera.FrameBuffer.Plane

        def __new__(cls, planes: list[Any]) -> Any:
            luma, chroma = planes[0], cls.Plane()  # luma stays the object it is: the allocator looks buffers up by it
            luma_length = luma.length * 2 // 3
            chroma.fd, chroma.offset, chroma.length = luma.fd, luma_length, luma.length - luma_length
            luma.length = luma_length
            return libcamera.FrameBuffer([luma, chroma])


dmaallocator.libcamera = _TwoPlanes
