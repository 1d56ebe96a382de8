"""What systemd says of the service."""

import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from edgevision import __version__
from edgevision.doctor.finding import Finding
from edgevision.doctor.machine import Answer, Machine
from edgevision.doctor.service import environment, look_at_service, read_service

RUNNING = {
    "LoadState": "loaded",
    "ActiveState": "active",
    "SubState": "running",
    "Result": "success",
    "ExecMainStatus": "0",
    "MainPID": "708",
    "User": "edgevision",
    "SupplementaryGroups": "video render",
    "ExecStart": "{ path=/opt/edgevision/bin/edgevision ; argv[]=/opt/edgevision/bin/edgevision run ; }",
}


def machine(folder: Path, unit: Mapping[str, str], version: str = __version__) -> Machine:
    def run(command: Sequence[str], _seconds: float) -> Answer | None:
        if command[0] == "systemctl":
            return Answer(0, "".join(f"{name}={value}\n" for name, value in unit.items()))
        return Answer(0, f"edgevision {version}\n") if command[1:] == ["--version"] else None

    return Machine(folder, run)


def look(here: Machine) -> Finding:
    (finding,) = look_at_service(here, read_service(here))
    return finding


def test_a_service_that_runs(tmp_path: Path) -> None:
    here = machine(tmp_path, RUNNING)
    service = read_service(here)
    assert service is not None
    assert (service.pid, service.user, service.groups) == (708, "edgevision", ("video", "render"))
    finding = look(here)
    assert finding.status == "ok"
    assert __version__ in finding.text


def test_a_service_of_another_version(tmp_path: Path) -> None:
    finding = look(machine(tmp_path, RUNNING, version="0.0.1"))
    assert finding.status == "warning"
    assert "/opt/edgevision/bin/edgevision doctor" in (finding.remedy or "")


def test_a_service_that_was_upgraded_since_it_was_started(tmp_path: Path) -> None:
    ours = {**RUNNING, "ExecStart": f"{{ path={sys.prefix}/bin/edgevision ; }}"}
    before = look(machine(tmp_path, {**ours, "ExecMainStartTimestampMonotonic": "1"}))
    after = look(machine(tmp_path, {**ours, "ExecMainStartTimestampMonotonic": f"{time.monotonic() * 1e6:.0f}"}))
    assert after.status == "ok"
    if before.status == "ok":
        pytest.skip("this machine was started after edgevision was installed")
    assert before.remedy == "sudo systemctl restart edgevision"


@pytest.mark.parametrize(
    ("unit", "status", "words"),
    [
        ({"ActiveState": "failed", "Result": "watchdog", "ExecMainStatus": "6"}, "problem", "watchdog"),
        (
            {"ActiveState": "failed", "Result": "exit-code", "ExecMainStatus": "78"},
            "problem",
            "configuration was wrong",
        ),
        ({"ActiveState": "activating", "SubState": "auto-restart"}, "problem", "again and again"),
        ({"ActiveState": "activating", "SubState": "start"}, "warning", "starting"),
        ({"ActiveState": "inactive"}, "warning", "doesn't run"),
        ({"LoadState": "not-found"}, "ok", "isn't installed"),
    ],
)
def test_a_service_that_does_not_run(tmp_path: Path, unit: dict[str, str], status: str, words: str) -> None:
    finding = look(machine(tmp_path, {**RUNNING, **unit}))
    assert finding.status == status
    assert words in finding.text


@pytest.mark.parametrize("answer", [None, Answer(None), Answer(1, "", "System has not been booted with systemd")])
def test_where_there_is_no_systemd_nothing_is_wrong(tmp_path: Path, answer: Answer | None) -> None:
    assert look(Machine(tmp_path, lambda _command, _seconds: answer)).status == "ok"


def test_variables_that_the_unit_sets_are_known_though_it_does_not_run(tmp_path: Path) -> None:
    here = machine(tmp_path, {**RUNNING, "MainPID": "0", "Environment": 'A=1 "EDGEVISION_FAKE_CAMERA=/a b"'})
    assert environment(here, read_service(here))["EDGEVISION_FAKE_CAMERA"] == "/a b"


def test_secrets_come_from_the_running_service_where_they_may_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "proc" / "708"
    folder.mkdir(parents=True)
    (folder / "environ").write_bytes(b"MQTT_PASSWORD=theirs\0HOME=/theirs\0")
    monkeypatch.setenv("HOME", "/mine")
    here = machine(tmp_path, RUNNING)
    complete = environment(here, read_service(here))
    assert (complete["MQTT_PASSWORD"], complete["HOME"]) == ("theirs", "/mine")
