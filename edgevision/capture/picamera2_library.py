"""Where the class Picamera2 comes from: the real library, or the stand-in that is shipped with edgevision."""

import importlib
import os
from pathlib import Path
from typing import Any

from edgevision.errors import SourceError
from edgevision.record import record

STAND_IN_VARIABLE = "EDGEVISION_FAKE_CAMERA"
"""Environment variable that puts pictures in the place of Pi cameras: a folder, a picture or `bars` for each camera,
with a colon between two."""


@record
class CameraLibrary:
    """What edgevision uses of picamera2 and libcamera. They come without types, hence Any."""

    Picamera2: Any
    MappedArray: Any
    Transform: Any
    ColorSpace: Any


def load_picamera2() -> CameraLibrary:
    """The stand-in if EDGEVISION_FAKE_CAMERA is set, else the real library.

    Raises SourceError with what to install when the real one can't be imported.
    """
    cameras = os.environ.get(STAND_IN_VARIABLE)
    if cameras:
        fake = importlib.import_module("edgevision.capture.fake_picamera2")
        fake.Picamera2.cameras = tuple(Path(camera) for camera in cameras.split(os.pathsep))
        return CameraLibrary(fake.Picamera2, fake.MappedArray, fake.Transform, fake.ColorSpace)
    try:
        picamera2 = importlib.import_module("picamera2")
        libcamera = importlib.import_module("libcamera")
        return CameraLibrary(picamera2.Picamera2, picamera2.MappedArray, libcamera.Transform, libcamera.ColorSpace)
    except ModuleNotFoundError as error:
        raise SourceError(
            f"the Python module {error.name} is missing: `sudo apt install python3-picamera2`, and make the virtual "
            "environment with `python3 -m venv --system-site-packages`"
        ) from error
    except AttributeError as error:
        raise SourceError(
            f"picamera2 is not the one that edgevision needs ({error}): `sudo apt install --only-upgrade "
            "python3-picamera2 python3-libcamera`, and see that nothing else on Python's path has such a name"
        ) from error
    except (ImportError, OSError, ValueError) as error:
        # Typically "numpy.dtype size changed": pip has put its own NumPy over the one that apt's modules are built for.
        raise SourceError(
            f"picamera2 is installed but can't be loaded ({error}): if pip has replaced apt's NumPy, remove that from "
            "the virtual environment with `pip uninstall numpy`"
        ) from error
