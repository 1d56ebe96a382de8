"""What a check found."""

import re
from typing import Literal

from edgevision.record import record

Status = Literal["ok", "warning", "problem"]

_REMEDY = re.compile(
    r": (?=`?(?:add|allow|ask|build|check|choose|compile|convert|copy|edgevision|echo|fit|get|give|install|keep|leave"
    r"|look|make|name|plug|put|renew|run|set|start|stop|sudo|take|try|unplug|update|use|write)\b)"
)
"""Where a sentence of edgevision's errors goes on with what to do."""


@record
class Finding:
    """One line for the user: `check` is what was looked at, `text` what was seen, `remedy` what to do about it.

    `wrong_configuration`: it is a mistake in the configuration file, or a model that it names can't be used.
    """

    check: str
    status: Status
    text: str
    remedy: str | None = None
    wrong_configuration: bool = False


def ok(check: str, text: str) -> Finding:
    """All is well."""
    return Finding(check, "ok", text)


def warning(check: str, text: str, remedy: str | None = None) -> Finding:
    """It works, but not as well as it could, or not for long."""
    return Finding(check, "warning", text, remedy)


def problem(check: str, text: str, remedy: str) -> Finding:
    """It doesn't work."""
    return Finding(check, "problem", text, remedy)


def said(check: str, status: Status, sentence: str, otherwise: str | None = None) -> Finding:
    """A finding that an error tells, `what happened: what to do`; `otherwise` is the remedy where it names none."""
    text, remedy = divided(sentence)
    return Finding(check, status, text, remedy or otherwise)


def mistake(check: str, sentence: str, otherwise: str = "correct the file") -> Finding:
    """A line of a ConfigError."""
    text, remedy = divided(sentence)
    return Finding(check, "problem", text, remedy or otherwise, wrong_configuration=True)


def divided(sentence: str) -> tuple[str, str | None]:
    """What happened and what to do, of a sentence that says both.

    >>> divided("nothing listens there: check that the broker runs")
    ('nothing listens there', 'check that the broker runs')
    """
    text, *remedy = _REMEDY.split(sentence, maxsplit=1)
    return text, remedy[0] if remedy else None
