"""Where it was measured."""

import os
import platform
import time
from typing import Any

import cv2
import numpy as np

import edgevision
from edgevision.inference.runtime import load_runtime
from edgevision.modeltools.bench import this_machine


def describe() -> dict[str, Any]:
    """Machine, versions, and how busy it was, as JSON values."""
    machine = this_machine()
    return {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "architecture": machine.architecture,
        "processor": machine.model,
        "cores": machine.cores,
        "kernel": platform.release(),
        "python": platform.python_version(),
        "runtime": str(load_runtime()),
        "opencv": cv2.__version__,
        "numpy": np.__version__,
        "edgevision": edgevision.__version__,
        "load": list(os.getloadavg()),
    }
