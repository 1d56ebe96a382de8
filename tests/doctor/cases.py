"""Cases for checks: a configuration, and a machine that is a folder."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from edgevision.config.loader import parse_config
from edgevision.doctor.case import Case
from edgevision.doctor.machine import Answer, Machine
from edgevision.doctor.user import User, user_in_question

PICTURES = Path(__file__).parents[2] / "edgevision" / "demo" / "pictures"
NOBODY = User("nobody", 65534, frozenset({65534}), myself=False)


def no_program(_command: Sequence[str], _seconds: float) -> Answer | None:
    """A machine without programs."""
    return None


def case(folder: Path, *, machine: Machine | None = None, user: User | None = None, **config: Any) -> Case:
    """The configuration of those keys, `front` showing pictures if it names no cameras, on a machine below `folder`."""
    path = folder / "edgevision.yaml"
    pictures = {"front": {"source": {"type": "images", "path": str(PICTURES)}}}
    text = yaml.safe_dump({"device": "test", "state_dir": str(folder / "state"), "cameras": pictures, **config})
    machine = machine or Machine(folder / "machine", no_program)
    return Case(machine, path, parse_config(text.encode(), path), None, user or user_in_question(None))


def unconfigured(folder: Path, machine: Machine | None = None) -> Case:
    """No configuration."""
    machine = machine or Machine(folder / "machine", no_program)
    return Case(machine, folder / "none.yaml", None, None, user_in_question(None))
