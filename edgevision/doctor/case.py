"""What the checks are given."""

from collections.abc import Callable
from pathlib import Path

from edgevision.config.config import Config
from edgevision.doctor.finding import Finding
from edgevision.doctor.machine import Machine
from edgevision.doctor.service import Service
from edgevision.doctor.user import User
from edgevision.record import record


@record
class Case:
    """The machine, the configuration (None: there is none that could be read), the service (None: no systemd), and the
    user for whom permissions are judged."""

    machine: Machine
    path: Path
    config: Config | None
    service: Service | None
    user: User


Check = Callable[[Case], list[Finding]]
"""Looks at something and says what it saw. It may wait, but not for ever."""
