"""`edgevision doctor`."""

import json
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from edgevision import __version__
from edgevision.cli.exit_status import DONE, FAILED, WRONG_CONFIGURATION
from edgevision.cli.text_table import printable
from edgevision.config.defaults import DEFAULT_CONFIG
from edgevision.doctor.examination import examine
from edgevision.doctor.finding import Finding

_STYLES = {"ok": "green", "warning": "yellow", "problem": "bold red"}


def see_doctor(path: Path, *, as_json: bool) -> None:
    """Look at everything, print what was found, and exit: 78 for a wrong configuration, 1 for a problem, else 0."""
    logging.getLogger("edgevision").addHandler(logging.NullHandler())  # the findings tell what is worth telling
    report = examine(path, services_own=path == DEFAULT_CONFIG)
    if as_json:
        print(json.dumps(to_json(report.findings), ensure_ascii=False))
    elif sys.stdout.isatty():
        _draw(report.findings)
    else:
        print("\n".join(lines(report.findings)))
    status = exit_status(report.findings)
    if report.hung:
        # The interpreter would wait at its exit for what hangs.
        sys.stdout.flush()
        os._exit(status)
    sys.exit(status)


def exit_status(findings: Sequence[Finding]) -> int:
    """What the findings come to."""
    if any(finding.wrong_configuration for finding in findings):
        return WRONG_CONFIGURATION
    return FAILED if any(finding.status == "problem" for finding in findings) else DONE


def to_json(findings: Sequence[Finding]) -> dict[str, object]:
    """The findings for programs."""
    entries = [
        {"check": finding.check, "status": finding.status, "text": finding.text, "remedy": finding.remedy}
        for finding in findings
    ]
    return {"version": __version__, "findings": entries}


def lines(findings: Sequence[Finding]) -> list[str]:
    """A line each: status, what was looked at, what was seen, and how to mend it."""
    width = max(len(finding.check) for finding in findings)
    return [
        printable(f"{finding.status:7}  {finding.check:{width}}  {': '.join(filter(None, _texts(finding)))}")
        for finding in findings
    ]


def _draw(findings: Sequence[Finding]) -> None:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True, style="bold")
    grid.add_column(overflow="fold")
    for finding in findings:
        text, remedy = _texts(finding)
        told = Text(printable(text))
        if remedy:
            told.append(f"\n{printable(remedy)}", style="cyan")
        grid.add_row(Text(finding.status, style=_STYLES[finding.status]), Text(printable(finding.check)), told)
    Console(highlight=False).print(grid)


def _texts(finding: Finding) -> tuple[str, str | None]:
    return finding.text, finding.remedy
