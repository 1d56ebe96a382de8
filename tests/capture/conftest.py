"""The camera on which edgevision's contract with picamera2 is tried: the stand-in or the real class.

Plain `pytest` uses the stand-in. With EDGEVISION_TEST_PICAMERA2=real the same tests use the real Picamera2, whose
camera 0 has to be libcamera's virtual one, made ready by whoever starts this; EDGEVISION_TEST_PICTURES is then the
empty folder that its pictures come from.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import pytest

from edgevision.capture.fake_faults import faults
from edgevision.capture.picamera2_library import STAND_IN_VARIABLE, CameraLibrary, load_picamera2
from tests.capture.pictures import quadrants

REAL = os.environ.get("EDGEVISION_TEST_PICAMERA2") == "real"
SIZE = (640, 480)
SMALL = (320, 240)
TIMEOUT = 2.0


@dataclass(frozen=True)
class Rig:
    """A camera that looks at `quadrants`, and how to break it."""

    library: CameraLibrary
    stalled: Callable[[], AbstractContextManager[None]]


@contextmanager
def _stand_in_stalled() -> Iterator[None]:
    faults.stalled = True
    try:
        yield
    finally:
        faults.clear()


@contextmanager
def _real_stalled() -> Iterator[None]:
    import libcamera

    real, held = libcamera.Camera.queue_request, []

    def hold(_: object, request: object) -> int:
        held.append(request)
        return 0

    libcamera.Camera.queue_request = hold
    try:
        yield
    finally:
        libcamera.Camera.queue_request = real


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the pictures come from, with `quadrants` in it."""
    # The real camera system reads its pictures once, when the first camera is looked for.
    path = Path(os.environ["EDGEVISION_TEST_PICTURES"]) if REAL else tmp_path_factory.mktemp("pictures")
    picture = path / "0.jpg"
    picture.unlink(missing_ok=True)
    assert not list(path.iterdir()), f"{path} has to be empty: its pictures would be seen as well"
    cv2.imwrite(str(picture), quadrants(*SIZE), [cv2.IMWRITE_JPEG_QUALITY, 98])
    return path


@pytest.fixture
def rig(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Rig:
    """Camera 0, in nobody's hands."""
    if REAL:
        monkeypatch.delenv(STAND_IN_VARIABLE, raising=False)
        return Rig(load_picamera2(), _real_stalled)
    monkeypatch.setenv(STAND_IN_VARIABLE, str(folder))
    return Rig(load_picamera2(), _stand_in_stalled)
