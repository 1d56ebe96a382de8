"""The service `edgevision`, as systemd tells of it."""

import os
import re
import shlex
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import edgevision
from edgevision import __version__
from edgevision.doctor.finding import Finding, ok, problem, warning
from edgevision.doctor.holders import UNIT
from edgevision.doctor.machine import Machine
from edgevision.record import record

_ASKED = (
    "LoadState",
    "ActiveState",
    "SubState",
    "Result",
    "ExecMainStatus",
    "MainPID",
    "User",
    "SupplementaryGroups",
    "ExecStart",
    "Environment",
    "ExecMainStartTimestampMonotonic",
)
_ANSWERS_WITHIN = 4.0
_WRONG_CONFIGURATION = "78"
_LOG = f"journalctl -u {UNIT.removesuffix('.service')} -n 50"


@record
class Service:
    """A unit that systemd knows. `program` is the path that it starts, `started` its time by the monotonic clock."""

    installed: bool
    active: str
    detail: str
    result: str
    exit_status: str
    pid: int
    user: str | None
    groups: tuple[str, ...]
    program: Path | None
    started: float
    environment: tuple[str, ...] = ()


def read_service(machine: Machine) -> Service | None:
    """Ask systemd; None where it doesn't run."""
    answer = machine.run(["systemctl", "show", UNIT, f"--property={','.join(_ASKED)}"], _ANSWERS_WITHIN)
    if answer is None or answer.status != 0:
        return None
    told = dict(line.split("=", 1) for line in answer.stdout.splitlines() if "=" in line)
    program = re.search(r"path=(\S+) ;", told.get("ExecStart", ""))
    return Service(
        installed=told.get("LoadState") == "loaded",
        active=told.get("ActiveState", ""),
        detail=told.get("SubState", ""),
        result=told.get("Result", ""),
        exit_status=told.get("ExecMainStatus", ""),
        pid=_number(told.get("MainPID", "")),
        user=told.get("User") or None,
        groups=tuple(told.get("SupplementaryGroups", "").split()),
        program=Path(program[1]) if program else None,
        started=_number(told.get("ExecMainStartTimestampMonotonic", "")) / 1e6,
        environment=_words(told.get("Environment", "")),
    )


def environment(machine: Machine, service: Service | None) -> Mapping[str, str]:
    """This process's environment, and below it the service's, whose secrets root alone sees, and while it runs."""
    entries = [] if service is None else list(service.environment)
    if service is not None and service.pid:
        with suppress(OSError):
            entries += os.fsdecode((machine.roots.proc / str(service.pid) / "environ").read_bytes()).split("\0")
    theirs = {name: value for name, mark, value in (entry.partition("=") for entry in entries) if mark}
    return {**theirs, **os.environ}


def look_at_service(machine: Machine, service: Service | None) -> list[Finding]:
    """Whether it runs, and is of this version."""
    if service is None:
        return [ok("service", "no systemd here that could run edgevision")]
    if not service.installed:
        return [ok("service", "edgevision isn't installed as a service of systemd")]
    match service.active:
        case "active" | "reloading":
            return [_version(machine, service)]
        case "failed" if service.exit_status == _WRONG_CONFIGURATION:
            return [
                problem(
                    "service",
                    "it stopped, for its configuration was wrong (78)",
                    "sudo systemctl restart edgevision, once nothing here is wrong with the configuration",
                )
            ]
        case "failed":
            return [problem("service", f"it has failed ({service.result})", f"{_LOG} shows why")]
        case "activating" if service.detail == "auto-restart":
            return [problem("service", "it ends again and again, and is being restarted", f"{_LOG} shows why")]
        case "activating":
            return [warning("service", "it is starting", f"if it never gets ready, {_LOG} shows why")]
    return [warning("service", f"it doesn't run ({service.active})", "sudo systemctl enable --now edgevision")]


def _version(machine: Machine, service: Service) -> Finding:
    runs = f"it runs (process {service.pid})"
    if service.program is None or _same_folder(service.program.parent, Path(sys.prefix) / "bin"):
        # The change time of a file is when it was put here, whatever time the package gave it.
        installed = Path(edgevision.__file__).stat().st_ctime
        if service.started and installed > time.time() - time.monotonic() + service.started:
            return warning(
                "service",
                f"{runs}, but was started before edgevision was upgraded",
                "sudo systemctl restart edgevision",
            )
        return ok("service", f"{runs}, version {__version__}")
    answer = machine.run([str(service.program), "--version"], _ANSWERS_WITHIN)
    theirs = answer.stdout.split()[-1:] if answer is not None and answer.status == 0 else []
    if theirs and theirs != [__version__]:
        return warning(
            "service", f"{runs}, version {theirs[0]}; this is {__version__}", f"{service.program} doctor looks at it"
        )
    return ok("service", f"{runs}, version {theirs[0] if theirs else 'unknown'}")


def _same_folder(one: Path, other: Path) -> bool:
    with suppress(OSError):
        return one.samefile(other)
    return False


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def _words(text: str) -> tuple[str, ...]:
    """A list of systemd's, of which some may be in quotes."""
    with suppress(ValueError):
        return tuple(shlex.split(text))
    return ()
