"""All checks together: in order, bounded, and none in the way of another."""

import threading
from pathlib import Path

from edgevision.doctor.case import Case
from edgevision.doctor.examination import examine, side_by_side
from edgevision.doctor.finding import Finding, ok
from edgevision.doctor.machine import Machine
from tests.doctor.cases import no_program, unconfigured


def test_a_check_that_hangs_is_told_and_holds_up_no_other(tmp_path: Path) -> None:
    over = threading.Event()

    def hangs(_case: Case) -> list[Finding]:
        over.wait()
        return []

    def answers(_case: Case) -> list[Finding]:
        return [ok("second", "fine")]

    findings, hung = side_by_side([("first", hangs), ("second", answers)], unconfigured(tmp_path), within=0.3)
    over.set()
    assert [(one.check, one.status) for one in findings] == [("first", "problem"), ("second", "ok")]
    assert hung


def test_findings_come_in_the_checks_order_whoever_is_ready_first(tmp_path: Path) -> None:
    ready = threading.Event()

    def late(_case: Case) -> list[Finding]:
        assert ready.wait(10)
        return [ok("late", "")]

    def early(_case: Case) -> list[Finding]:
        ready.set()
        return [ok("early", "")]

    findings, hung = side_by_side([("late", late), ("early", early)], unconfigured(tmp_path), within=10)
    assert [one.check for one in findings] == ["late", "early"]
    assert not hung


def test_a_check_that_stumbles_is_a_finding(tmp_path: Path) -> None:
    def stumbles(_case: Case) -> list[Finding]:
        raise ZeroDivisionError("odd machine")

    (finding,), hung = side_by_side([("odd", stumbles)], unconfigured(tmp_path), within=10)
    assert finding.status == "problem"
    assert "odd machine" in finding.text
    assert not hung


def test_without_a_configuration_the_rest_is_still_looked_at(tmp_path: Path) -> None:
    report = examine(tmp_path / "none.yaml", Machine(tmp_path, no_program))
    checks = [finding.check for finding in report.findings]
    assert checks[:4] == ["configuration", "version", "service", "numpy"]
    assert {"permissions", "accelerator", "clock", "temperature"} <= set(checks)
    assert not report.hung
    assert [finding.check for finding in report.findings if finding.wrong_configuration] == ["configuration"]
