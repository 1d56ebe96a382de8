"""The Pi's own cameras: whether libcamera can be had here, whether it sees them, and who uses them."""

import json
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edgevision.child_process import how_it_ended
from edgevision.config.sources import Picamera2Source
from edgevision.doctor.case import Case
from edgevision.doctor.finding import Finding, ok, problem, said, warning
from edgevision.doctor.holders import is_edgevision, lockers, openers, told
from edgevision.doctor.machine import Machine
from edgevision.doctor.versions import pi_camera_wanted
from edgevision.record import record

_ANSWERS_WITHIN = 12.0
"""Seconds; importing picamera2 takes four on a Raspberry Pi 3."""

_CABLE = "check the camera's cable with the Pi switched off; rpicam-hello --list-cameras shows what there is"


@record
class Seen:
    """The models of the cameras that libcamera lists, in its order; `stand_in`: pictures are shown in their place."""

    models: tuple[str, ...]
    stand_in: bool


def look_at_pi_cameras(case: Case) -> list[Finding]:
    """libcamera, and each Pi camera of the configuration; nothing where none is wanted."""
    if not pi_camera_wanted(case):
        return []
    seen = list_cameras(case.machine)
    if isinstance(seen, Finding):
        return [seen, *(_unasked(name) for name in _wanted(case))]
    libcamera = ok("libcamera", f"it can be used here, and lists {', '.join(seen.models) or 'no camera'}")
    if seen.stand_in:
        libcamera = ok("libcamera", f"not used: pictures stand in for {len(seen.models)} of the Pi's cameras")
    in_use = None if seen.stand_in else _in_use(case.machine)
    return [libcamera, *(_camera(name, index, seen, in_use) for name, index in _wanted(case).items())]


def list_cameras(machine: Machine) -> Seen | Finding:
    """What libcamera lists in a child process, or why it can't be asked."""
    answer = machine.run([sys.executable, "-P", "-m", "edgevision.doctor.pi_camera_child"], _ANSWERS_WITHIN)
    if answer is None or answer.status is None:
        text = f"libcamera gave no answer within {_ANSWERS_WITHIN:g} s"
        return problem("libcamera", text, f"start the Pi anew; if that doesn't help, {_CABLE}")
    try:
        content: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        text = f"listing the cameras {how_it_ended(answer.status, answer.stderr)}"
        return problem("libcamera", text, "sudo apt full-upgrade, and start the Pi anew")
    if "error" in content:
        why = why_not_visible(machine, sys.path, Path(sys.prefix))
        return why or said("libcamera", "problem", str(content["error"]), "sudo apt install python3-picamera2")
    return Seen(tuple(content["cameras"]), content["stand_in"])


def why_not_visible(machine: Machine, path: Sequence[str], prefix: Path) -> Finding | None:
    """Why this Python doesn't find apt's picamera2 or libcamera; None where that isn't the reason.

    `path` is sys.path, `prefix` sys.prefix.
    """
    apt = machine.apt_packages
    if not (apt / "picamera2").is_dir() or not (apt / "libcamera").is_dir():
        return None
    if str(apt) not in path:
        return problem(
            "libcamera",
            f"apt's picamera2 and libcamera are here ({apt}), but the virtual environment {prefix} shuts them out",
            f"set include-system-site-packages = true in {prefix}/pyvenv.cfg, or make it anew with"
            " /usr/bin/python3 -m venv --system-site-packages",
        )
    suffix = sysconfig.get_config_var("SOABI") or ""
    built = [module.name for module in (apt / "libcamera").glob("_libcamera.*.so")]
    if built and not any(suffix in name for name in built):
        return problem(
            "libcamera",
            f"apt's libcamera ({built[0]}) is built for another Python than this one ({suffix})",
            "make the virtual environment anew with /usr/bin/python3 -m venv --system-site-packages",
        )
    return None


def _wanted(case: Case) -> dict[str, int]:
    cameras = {} if case.config is None else case.config.settings.cameras
    return {name: camera.source.index for name, camera in cameras.items() if isinstance(camera.source, Picamera2Source)}


def _unasked(name: str) -> Finding:
    return problem(f"camera {name}", "can't be looked for, for libcamera can't be asked", "see to libcamera first")


def _camera(name: str, index: int, seen: Seen, in_use: Finding | str | None) -> Finding:
    check = f"camera {name}"
    if index >= len(seen.models):
        found = f"only {len(seen.models)}, counted from 0" if seen.models else "none at all"
        return problem(check, f"libcamera sees no Pi camera {index} ({found})", _CABLE)
    text = f"Pi camera {index} is there ({seen.models[index]})"
    match in_use:
        case None:
            return ok(check, text)
        case str():
            return ok(check, f"{text}, {in_use}")
    if len(seen.models) > 1:
        # The kernel says which device is locked, but not which of libcamera's cameras it belongs to.
        return warning(check, f"{text}; one of the cameras is {in_use.text}", in_use.remedy)
    return problem(check, f"{text}, {in_use.text}", in_use.remedy or "")


def _in_use(machine: Machine) -> Finding | str | None:
    """Who uses the Pi's cameras: words where that is all right, a finding where it isn't."""
    nodes = sorted(machine.roots.dev.glob("media[0-9]*"))
    proc = machine.roots.proc
    users = lockers(proc, nodes)
    strangers = [user for user in users if not is_edgevision(proc, user.pid)]
    if strangers:
        return problem("", f"in use by {told(strangers)}", f"stop it: kill {strangers[0].pid}")
    if users:
        return f"in use by {told(users)}, an edgevision"
    open_here = {user for opened in openers(proc, nodes).values() for user in opened}
    idle = sorted(open_here, key=lambda user: user.pid)
    return f"free ({told(idle)} looks at it)" if idle else "free"
