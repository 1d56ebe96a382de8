"""What runs here, and which NumPy it has."""

import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from edgevision import __version__
from edgevision.doctor.case import Case
from edgevision.doctor.finding import Finding, mistake, ok, problem, warning
from edgevision.doctor.machine import Machine
from edgevision.errors import ModelError
from edgevision.inference.runtime import load_runtime
from edgevision.record import record

NEED_APTS_NUMPY = ("picamera2", "simplejpeg")
"""What apt builds against its own NumPy."""


@record
class Installed:
    """A distribution: its version and the folder of modules that it is in."""

    version: str
    folder: Path


def installed(name: str, path: Sequence[str]) -> list[Installed]:
    """All copies of the distribution `name` in the folders of `path` (as sys.path); the first one is imported."""
    found = []
    for folder in map(Path, dict.fromkeys(path)):
        for entry in [*folder.glob(f"{name}-*.dist-info"), *folder.glob(f"{name}-*.egg-info")]:
            found.append(Installed(entry.stem.removeprefix(f"{name}-").partition("-")[0], folder))
    return found


def look_at_versions(case: Case) -> list[Finding]:
    """Versions of edgevision and of what it stands on."""
    try:
        runtime = str(load_runtime())
    except ModelError as error:
        return [mistake("version", str(error))]
    picamera2 = [f"picamera2 {copy.version}" for copy in installed("picamera2", sys.path)[:1]]
    facts = [
        f"edgevision {__version__}",
        runtime,
        *picamera2,
        f"OpenCV {cv2.__version__}",
        f"NumPy {np.__version__}",
        f"Python {platform.python_version()}",
        " ".join(filter(None, (_system(case.machine), platform.machine()))),
        case.machine.model,
    ]
    return [ok("version", ", ".join(filter(None, facts)))]


def look_at_numpy(case: Case) -> list[Finding]:
    """Whether pip has put a NumPy before apt's that apt's modules weren't built for."""
    return [numpy_finding(case.machine, sys.path, pi_camera_wanted(case))]


def numpy_finding(machine: Machine, path: Sequence[str], pi_camera: bool) -> Finding:
    """Of the folders of `path` (as sys.path); `pi_camera`: one is wanted."""
    copies = installed("numpy", path)
    if not copies:
        return ok("numpy", "of unknown origin")
    used = copies[0]
    theirs = [copy for copy in copies if copy.folder == machine.apt_packages]
    dependent = [
        name for name in NEED_APTS_NUMPY if any(copy.folder == machine.apt_packages for copy in installed(name, path))
    ]
    if used in theirs:
        return ok("numpy", f"NumPy {used.version}, apt's")
    text = f"NumPy {used.version}, pip's ({used.folder})"
    if not theirs or not dependent:
        return ok("numpy", text)
    if used.version.partition(".")[0] == theirs[0].version.partition(".")[0]:
        return ok("numpy", f"{text}; apt's {theirs[0].version} is hidden, but of the same kind")
    text = f"{text} hides apt's {theirs[0].version}, which apt's {' and '.join(dependent)} are built for"
    remedy = f"{sys.executable} -m pip uninstall numpy"
    return problem("numpy", text, remedy) if pi_camera else warning("numpy", text, remedy)


def pi_camera_wanted(case: Case) -> bool:
    """Whether a camera of the configuration is a Pi's; without a configuration: whether there may be one."""
    if case.config is None:
        return case.machine.is_raspberry_pi
    return any(camera.source.type == "picamera2" for camera in case.config.settings.cameras.values())


def _system(machine: Machine) -> str:
    try:
        lines = (machine.root / "etc/os-release").read_text(errors="replace").splitlines()
    except OSError:
        return f"{os.uname().sysname} {os.uname().release}"
    names = [line.partition("=")[2].strip('"') for line in lines if line.startswith("PRETTY_NAME=")]
    return names[0] if names else "Linux"
