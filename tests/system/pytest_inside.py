"""Running the repository's own tests inside a root."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.system import working_tree
from tests.system.roots.enter import Bind, command_in, environment

_SCRATCH = "/scratch"
_REPORT = "report.xml"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run of pytest ended: exit status, what it printed, how many tests passed, why others were skipped."""

    status: int
    output: str
    passed: int
    skipped: tuple[str, ...]

    def require_all_passed(self) -> None:
        """Fails, showing the whole output, when a test failed or was skipped, or none was there."""
        if self.status != 0 or self.passed == 0 or self.skipped:
            pytest.fail(f"{self.passed} passed, skipped: {self.skipped or 'none'}\n{self.output}", pytrace=False)


def run_pytest(
    root: Path,
    interpreter: str,
    tree: Path,
    scratch: Path,
    tests: Sequence[str],
    binds: Sequence[Bind] = (),
    **variables: str,
) -> Outcome:
    """Run `tests` of the working tree's copy by `interpreter` in `root`, with these environment variables."""
    options = ["-p", "no:cacheprovider", f"--junitxml={_SCRATCH}/{_REPORT}", f"--rootdir={working_tree.INSIDE}"]
    paths = [f"{working_tree.INSIDE}/{test}" for test in tests]
    settings = {
        "PYTHONPATH": working_tree.INSIDE,
        "HYPOTHESIS_STORAGE_DIRECTORY": f"{_SCRATCH}/hypothesis",
        **variables,
    }
    done = subprocess.run(
        command_in(
            root,
            [interpreter, "-m", "pytest", *options, *paths],
            [*working_tree.binds(tree), Bind(scratch, _SCRATCH, writable=True), *binds],
        ),
        env=environment(**settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    report = scratch / _REPORT
    cases = list(ElementTree.parse(report).iter("testcase")) if report.exists() else []
    skipped = tuple(skip.get("message", "") for case in cases for skip in case.iter("skipped"))
    passed = sum(not _has_outcome(case) for case in cases)
    return Outcome(done.returncode, done.stdout, passed, skipped)


def _has_outcome(case: ElementTree.Element) -> bool:
    return any(case.find(tag) is not None for tag in ("skipped", "failure", "error"))
