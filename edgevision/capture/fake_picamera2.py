"""A stand-in for picamera2: pictures in the place of a Raspberry Pi's cameras.

With EDGEVISION_FAKE_CAMERA set, `source: {type: picamera2}` runs on any machine. Each camera is a folder of pictures,
shown one after the other and round again, a single picture, or `bars`, eight vertical colour bars. Two cameras are
written `FOLDER:bars`. Pictures are stretched to the stream's size. Taking the folder away while it runs is like pulling
the cable: no more frames, and no such camera at the next open; putting it back mends it. Tests can do worse to it
through `faults` (edgevision/capture/fake_faults.py), also from outside the process.

It has the part of Picamera2's interface that edgevision uses, and behaves as the real class does, also where that
hurts: odd sizes become even, YUV420 rows are padded to the hardware's stride, a capture
without a limit blocks for ever when no frame comes, and one that timed out stays queued and blocks stop(). The
same tests run against both (tests/capture/test_picamera2_contract_*.py).
"""

import math
import threading
import time
import weakref
from collections.abc import Mapping
from concurrent.futures import CancelledError
from enum import Enum
from pathlib import Path
from typing import Any, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from edgevision.capture.fake_faults import LOOK_AGAIN, faults
from edgevision.capture.fake_scene import BARS, Scene, Streams, is_there
from edgevision.capture.frame import BgrImage
from edgevision.capture.yuv import bgr_to_i420
from edgevision.record import record

FRAMES_EACH = 4
"""Frames for which a picture is shown, as libcamera's virtual camera does."""

_STRIDE_ALIGNMENT = 128
"""Bytes. The Raspberry Pi 5's; rows of luma and of chroma start at multiples of it and of half of it."""

_FORMAT = "YUV420"


class Range(Enum):
    """libcamera.ColorSpace.Range."""

    Full = 0
    Limited = 1


@record
class ColorSpace:
    """libcamera.ColorSpace, of which only the range matters here."""

    range: Range

    @staticmethod
    def Sycc() -> "ColorSpace":  # noqa: N802  libcamera's own name
        """JPEG's: BT.601, full range."""
        return ColorSpace(Range.Full)

    @staticmethod
    def Smpte170m() -> "ColorSpace":  # noqa: N802  libcamera's own name
        """Standard definition video's: BT.601, limited range."""
        return ColorSpace(Range.Limited)


@record
class Transform:
    """libcamera.Transform: mirrored, upside down, or both."""

    hflip: int = 0
    vflip: int = 0


class CompletedRequest:
    """One frame of all streams. Hold it as long as needed, then release it, or the camera runs out of buffers."""

    def __init__(self, camera: "Picamera2", streams: Mapping[str, NDArray[np.uint8]]) -> None:
        self._camera = camera
        self._streams = streams
        self._held = True

    def make_array(self, name: str) -> NDArray[np.uint8]:
        """A copy of the pixels of "main" or "lores": (height * 3 / 2, stride)."""
        return self._pixels(name).copy()

    def _pixels(self, name: str) -> NDArray[np.uint8]:
        if name not in self._streams:
            raise RuntimeError(f"Stream {name!r} is not defined")
        if faults.at(self._camera._number, "broken"):
            raise RuntimeError("failed to find buffer")
        return self._streams[name]

    def release(self) -> None:
        """Give the buffer back; once only."""
        if not self._held:
            raise RuntimeError("CompletedRequest: lock now has negative ref_count")
        self._held = False
        self._camera._give_back()


class MappedArray:
    """A stream's pixels as make_array() gives them, without a copy, inside the `with` only.

    Raises BufferError at its end if anything refers to them still, as old versions of picamera2 do.
    """

    def __init__(self, request: CompletedRequest, stream: str) -> None:
        self._request = request
        self._stream = stream
        self.array: NDArray[np.uint8] | None = None

    def __enter__(self) -> "MappedArray":
        # By way of `data`, what is made of it refers to this array, not to that of the stream.
        self.array = np.asarray(self._request._pixels(self._stream).data)
        return self

    def __exit__(self, *_: object) -> None:
        array, self.array = self.array, None
        if array is None:
            return
        held = weakref.ref(array)
        del array
        if held() is not None:
            raise BufferError("cannot close exported pointers exist")


class Picamera2:
    """The stand-in's Picamera2. `cameras` of the class says what stands for each camera."""

    cameras: ClassVar[tuple[Path, ...]] = (BARS,)
    _in_use: ClassVar[set[int]] = set()

    @classmethod
    def global_camera_info(cls) -> list[dict[str, Any]]:
        """The cameras that are there. Their place in the list is what Picamera2() takes, `Num` is the system's."""
        there = [n for n, path in enumerate(cls.cameras) if not faults.at(n, "no_camera") and is_there(path)]
        return [{"Model": "stand-in", "Location": 2, "Id": str(cls.cameras[n]), "Num": n} for n in there]

    def __init__(self, camera_num: int = 0) -> None:
        found = self.global_camera_info()
        if camera_num >= len(found):
            raise RuntimeError(f"No camera number {camera_num} found")
        self._number = found[camera_num]["Num"]
        self._hang("blocks_on_open")
        if faults.at(self._number, "busy") or self._number in self._in_use:
            cause = RuntimeError("Failed to acquire camera: Device or resource busy")
            raise RuntimeError("Camera __init__ sequence did not complete.") from cause
        self._in_use.add(self._number)
        self._path = self.cameras[self._number]
        self._changed = threading.Condition()
        self._configuration: dict[str, Any] = {}
        self._frame_time = 1 / 30
        self._started_at: float | None = None
        self._last_frame = -1
        self._jobs: list[object] = []
        self._buffers_out = 0
        self._is_open = True

    camera_controls: ClassVar[dict[str, tuple[Any, Any, Any]]] = {"FrameDurationLimits": (1_000, 10_000_000, 33_333)}

    @property
    def frames(self) -> int:
        """How many have come since start(), also those that nobody took."""
        with self._changed:
            return self._newest() + 1

    def create_video_configuration(self, main: dict[str, Any], lores: dict[str, Any] | None = None, **more: Any) -> Any:
        """A configuration to hand to configure(). Odd sizes are cut to even ones."""
        defaults = {"transform": Transform(), "colour_space": ColorSpace.Smpte170m(), "buffer_count": 6}
        return defaults | more | {"main": _even(main), "lores": _even(lores) if lores else None}

    def configure(self, configuration: dict[str, Any]) -> None:
        """Take a configuration. Raises RuntimeError if the camera can't do it."""
        if self._started_at is not None:
            raise RuntimeError("Camera must be stopped before configuring")
        self._configuration = {}
        main, lores = configuration["main"], configuration["lores"]
        for name, stream in (("main", main), ("lores", lores)):
            if stream and stream["format"] != _FORMAT:
                raise RuntimeError(f"Bad format {stream['format']} in stream {name}")
        if lores and (lores["size"][0] > main["size"][0] or lores["size"][1] > main["size"][1]):
            raise RuntimeError("lores stream dimensions may not exceed main stream")
        if lores and faults.at(self._number, "no_lores"):
            raise RuntimeError("Configuration failed")
        streams = {name: _padded(stream) for name, stream in (("main", main), ("lores", lores)) if stream}
        self._configuration = configuration | streams
        self._scene = Scene(self._path, self._scale)

    def camera_configuration(self) -> dict[str, Any]:
        """What configure() made of it, with each stream's stride in bytes."""
        return self._configuration

    def set_controls(self, controls: Mapping[str, Any]) -> None:
        """Set the frame rate, the one control there is. Raises RuntimeError on others."""
        for name, value in controls.items():
            if name not in self.camera_controls:
                raise RuntimeError(f"Control {name} is not advertised by libcamera")
            self._frame_time = max(value[0], self.camera_controls[name][0]) / 1_000_000

    def start(self) -> None:
        """Let frames come."""
        if not self._configuration:
            raise RuntimeError("Camera has not been configured")
        with self._changed:
            self._started_at = time.monotonic()
            self._last_frame = -1
            self._buffers_out = 0

    def capture_request(self, wait: float | None = None) -> CompletedRequest:
        """The newest frame, or the next if that one has been taken already.

        Raises TimeoutError after `wait` seconds; the capture then stays queued and takes a frame that comes later.
        Without `wait` it blocks until there is a frame, or until cancel_all_and_flush() (CancelledError).
        """
        if faults.at(self._number, "failing"):
            raise RuntimeError("camera frontend has timed out")
        deadline = None if wait is None else time.monotonic() + wait
        self._hang("blocked")
        job = object()
        with self._changed:
            self._jobs.append(job)
            while (frame := self._frame_for(job)) is None:
                left = math.inf if deadline is None else deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError
                self._changed.wait(min(left, self._next_look()))
        return CompletedRequest(self, self._scene.picture(frame // FRAMES_EACH))

    def cancel_all_and_flush(self) -> None:
        """Drop the captures that are queued."""
        with self._changed:
            self._jobs.clear()
            self._changed.notify_all()

    def stop(self) -> None:
        """Stop the frames. Waits behind captures that are queued."""
        with self._changed:
            if self._started_at is None:
                return
            job = object()
            self._jobs.append(job)
            while self._jobs[:1] != [job]:
                if job not in self._jobs:
                    raise CancelledError
                self._frame_for(self._jobs[0])
                self._changed.wait(LOOK_AGAIN)
            self._jobs.pop()
            self._started_at = None

    def close(self) -> None:
        """Stop, and let another have the camera."""
        self._hang("hangs_on_close")
        with self._changed:
            self._started_at = None
            if self._is_open:
                self._in_use.discard(self._number)
            self._is_open = False

    def _hang(self, fault: str) -> None:
        for_good = faults.at(self._number, fault) and faults.for_good
        while for_good or faults.at(self._number, fault):
            time.sleep(LOOK_AGAIN)

    def _frame_for(self, job: object) -> int | None:
        # The number of the frame that goes to `job`, None while there is none for it. Captures that timed out before
        # it take theirs first, and nobody gives those buffers back.
        if job not in self._jobs:
            raise CancelledError
        newest = self._newest()
        if newest == self._last_frame:
            return None
        if newest // FRAMES_EACH != self._last_frame // FRAMES_EACH and not is_there(self._path):
            return None
        self._last_frame = newest
        self._buffers_out += 1
        return newest if self._jobs.pop(0) is job else None

    def _newest(self) -> int:
        # The number of the newest frame; that of the one taken last while no other can come.
        if self._started_at is None or faults.at(self._number, "stalled"):
            return self._last_frame
        newest = int((time.monotonic() - self._started_at) / self._frame_time)
        if newest <= self._last_frame or self._buffers_out >= self._configuration["buffer_count"]:
            return self._last_frame
        return newest

    def _next_look(self) -> float:
        """Seconds until the next frame, or until a fault may be over."""
        since = time.monotonic() - (self._started_at or 0.0)
        due = (self._last_frame + 1) * self._frame_time - since
        return due if due > 0 and self._started_at is not None else LOOK_AGAIN

    def _give_back(self) -> None:
        with self._changed:
            self._buffers_out = max(0, self._buffers_out - 1)

    def _scale(self, picture: BgrImage) -> Streams:
        transform = self._configuration["transform"]
        full_range = self._configuration["colour_space"].range is Range.Full
        upright = picture[:: -1 if transform.vflip else 1, :: -1 if transform.hflip else 1]
        streams = {name: self._configuration[name] for name in ("main", "lores") if self._configuration[name]}
        return {
            name: bgr_to_i420(_scale(upright, stream["size"]), stream["stride"], full_range=full_range)
            for name, stream in streams.items()
        }


def _scale(picture: BgrImage, size: tuple[int, int]) -> BgrImage:
    height, width = picture.shape[:2]
    upright = np.ascontiguousarray(picture)  # cv2 takes no views with negative steps
    if size == (width, height):
        return upright
    return np.asarray(cv2.resize(upright, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _even(stream: dict[str, Any]) -> dict[str, Any]:
    width, height = stream["size"]
    return stream | {"size": (width - width % 2, height - height % 2)}


def _padded(stream: dict[str, Any]) -> dict[str, Any]:
    return stream | {"stride": -(-stream["size"][0] // _STRIDE_ALIGNMENT) * _STRIDE_ALIGNMENT}
