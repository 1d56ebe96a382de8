"""`edgevision doctor`, as one types it."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from edgevision import __version__
from edgevision.cli.doctor import exit_status
from edgevision.doctor.finding import mistake, ok, problem, warning
from tests.daemon_process import ROOT, DaemonProcess, edgevision, environment
from tests.mosquitto import Mosquitto
from tests.test_main_job import configuration, pictures

PROBLEMS_OF_THIS_MACHINE = ("temperature", "throttling", "power", "disk", "service", "clock")


def write(folder: Path, config: dict[str, Any]) -> Path:
    path = folder / "edgevision.yaml"
    path.write_text(yaml.safe_dump(config))
    return path


def by_check(stdout: str) -> dict[str, str]:
    return {one["check"]: one["status"] for one in json.loads(stdout)["findings"]}


def test_all_is_well_with_a_broker_and_pictures_while_the_daemon_runs(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "broker", users={"vision": "a-secret"}) as broker:
        config = configuration(broker, front=pictures(loop=True))
        config["mqtt"] |= {"username": "vision", "password": "a-secret"}
        status = broker.subscribe("edgevision/test/status")
        with DaemonProcess(tmp_path, config) as daemon:
            status.wait_for_payload("edgevision/test/status", b"online")
            done = edgevision("doctor", "-c", tmp_path / "edgevision.yaml", "--json")
            assert daemon.stop() == 0
        status.wait_for_payload("edgevision/test/status", b"offline")
        assert status.payloads("edgevision/test/status") == [b"online", b"offline"]
    content = json.loads(done.stdout)
    assert content.keys() == {"version", "findings"}
    assert content["version"] == __version__
    assert all(finding.keys() == {"check", "status", "text", "remedy"} for finding in content["findings"])
    found = by_check(done.stdout)
    for check in ("configuration", "camera front", "model person", "accelerator", "broker", "broker rights"):
        assert found[check] == "ok", done.stdout
    wrong = [check for check, how in found.items() if how == "problem"]
    assert set(wrong) <= set(PROBLEMS_OF_THIS_MACHINE)
    assert done.returncode == (1 if wrong else 0)
    assert "a-secret" not in done.stdout + done.stderr


def test_a_dead_broker_is_one_problem_among_many_findings(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "broker") as broker:
        config = configuration(broker, front=pictures())
        config["mqtt"]["password"] = "a-secret"
    done = edgevision("doctor", "-c", write(tmp_path, config))
    assert done.returncode == 1
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("problem  broker ")]
    assert "nothing listens there" in line
    assert "check that the broker runs" in line
    assert "ok       model person" in done.stdout
    assert "a-secret" not in done.stdout + done.stderr
    assert "\x1b" not in done.stdout


def test_a_wrong_configuration_is_78_and_the_rest_is_still_told(tmp_path: Path) -> None:
    path = write(tmp_path, {"mqtt": {"port": 0}, "cameras": {"front": {"sauce": {}}}})
    done = edgevision("doctor", "-c", path)
    assert done.returncode == 78
    assert f"problem  configuration  {path}:" in done.stdout
    assert "version" in done.stdout
    assert "Traceback" not in done.stderr
    missing = edgevision("doctor", "-c", tmp_path / "none.yaml", "--json")
    assert missing.returncode == 78
    assert by_check(missing.stdout)["configuration"] == "problem"


def test_a_terminal_gets_colours_and_no_line_too_long(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "edgevision", "doctor", "-c", str(tmp_path / "none.yaml")]
    env = environment({"TERM": "xterm", "COLUMNS": "60"})
    env.pop("NO_COLOR", None)
    done = subprocess.Popen(command, stdout=theirs, stderr=subprocess.PIPE, cwd=ROOT, env=env)
    os.close(theirs)
    text = b""
    while True:
        try:
            chunk = os.read(ours, 65536)
        except OSError:  # Linux's way to say that the other side is closed
            break
        if not chunk:
            break
        text += chunk
    os.close(ours)
    assert done.wait(60) == 78
    assert b"\x1b[1;31mproblem" in text
    assert b"\x1b[32mok" in text


@pytest.mark.parametrize(
    ("findings", "status"),
    [
        ([ok("a", "x"), warning("b", "y")], 0),
        ([ok("a", "x"), problem("b", "y", "z")], 1),
        ([problem("b", "y", "z"), mistake("c", "f:1:1: z")], 78),
    ],
)
def test_the_exit_status(findings: list[Any], status: int) -> None:
    assert exit_status(findings) == status
