"""All checks, side by side, in a fixed order, and none of them for ever."""

import logging
import os
import threading
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from edgevision.doctor.broker import look_at_broker
from edgevision.doctor.cameras import look_at_camera
from edgevision.doctor.case import Case, Check
from edgevision.doctor.clock import look_at_clock
from edgevision.doctor.configuration import look_at_configuration
from edgevision.doctor.disk import look_at_disk
from edgevision.doctor.finding import Finding, problem
from edgevision.doctor.heat import look_at_heat
from edgevision.doctor.machine import Machine
from edgevision.doctor.models import look_at_accelerator, look_at_models
from edgevision.doctor.permissions import look_at_permissions
from edgevision.doctor.pi_cameras import look_at_pi_cameras
from edgevision.doctor.service import environment, look_at_service, read_service
from edgevision.doctor.user import user_in_question
from edgevision.doctor.versions import look_at_numpy, look_at_versions
from edgevision.record import record

log = logging.getLogger(__name__)

OUR_VARIABLES = "EDGEVISION_"

WITHIN = 18.0
"""Seconds for all checks, which are made at the same time."""


@record
class Report:
    """What was found; `hung`: a check goes on in a thread that nobody waits for any more."""

    findings: tuple[Finding, ...]
    hung: bool


def examine(
    path: Path, machine: Machine | None = None, within: float = WITHIN, *, services_own: bool = False
) -> Report:
    """Make all checks of the configuration `path` and the machine that it is on; the findings in a fixed order.

    What needs a configuration is left out where it can't be read: that is a finding itself. Variables of the running
    service's environment that are edgevision's own become this process's. `services_own`: `path` is the file that the
    service reads, if there is one.
    """
    machine = machine or Machine()
    service = read_service(machine)
    user_and_groups = (service.user, service.groups) if service is not None and service.installed else (None, ())
    user = user_in_question(*user_and_groups, services_own=services_own)
    environ = environment(machine, service)
    # Which camera library and which Edge TPU library are taken is asked of this process's own environment.
    os.environ.update({name: value for name, value in environ.items() if name.startswith(OUR_VARIABLES)})
    config, first = look_at_configuration(path, machine, user, environ)
    case = Case(machine, path, config, service, user)
    findings, hung = side_by_side(_checks(case), case, within)
    return Report((*first, *findings), hung)


def side_by_side(checks: Sequence[tuple[str, Check]], case: Case, within: float) -> tuple[list[Finding], bool]:
    """The findings of all checks in their order, and whether one of them was still at it after `within` seconds."""
    answers: dict[int, list[Finding]] = {}
    threads = [
        threading.Thread(target=_make, args=(number, name, check, case, answers), name=name, daemon=True)
        for number, (name, check) in enumerate(checks)
    ]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + within
    for thread in threads:
        thread.join(max(deadline - time.monotonic(), 0))
    late = "try again; what it looks at hangs, or is overloaded"
    findings: list[Finding] = []
    for number, (name, _) in enumerate(checks):
        findings += answers[number] if number in answers else [problem(name, f"no answer within {within:g} s", late)]
    return findings, any(thread.is_alive() for thread in threads)


def _checks(case: Case) -> list[tuple[str, Check]]:
    cameras = {} if case.config is None else case.config.settings.cameras
    return [
        ("version", look_at_versions),
        ("service", lambda case: look_at_service(case.machine, case.service)),
        ("numpy", look_at_numpy),
        ("libcamera", look_at_pi_cameras),
        *((f"camera {name}", partial(look_at_camera, name, camera)) for name, camera in cameras.items()),
        ("permissions", look_at_permissions),
        ("model", look_at_models),
        ("accelerator", look_at_accelerator),
        ("broker", look_at_broker),
        ("clock", look_at_clock),
        ("temperature", look_at_heat),
        ("disk", look_at_disk),
    ]


def _make(number: int, name: str, check: Check, case: Case, answers: dict[int, list[Finding]]) -> None:
    try:
        answers[number] = check(case)
    except Exception as error:  # one check that stumbles over an odd machine must not hide the others
        log.debug("the check of %s failed", name, exc_info=True)
        answers[number] = [problem(name, f"the check itself failed ({error!r})", "report it: it is edgevision's fault")]
