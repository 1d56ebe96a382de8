"""`edgevision run` starts without what it doesn't need, and all else is understood as before."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgevision.cli.plain_run import plain_run
from edgevision.config.defaults import DEFAULT_CONFIG
from tests.daemon_process import DaemonProcess, edgevision
from tests.mosquitto import Mosquitto

ONLY_FOR_OTHERS = ("typer", "rich", "pydantic", "pydantic_core", "yaml", "importlib.metadata", "pip", "aiohttp")


@pytest.mark.parametrize(
    ("arguments", "config"),
    [
        (["run"], DEFAULT_CONFIG),
        (["run", "-c", "a b.yaml"], Path("a b.yaml")),
        (["run", "--config", "/a"], Path("/a")),
        (["run", "-c"], None),
        (["run", "-c", ""], None),
        (["run", "-c", "--help"], None),
        (["run", "--help"], None),
        (["run", "-c", "a", "b"], None),
        (["check", "-c", "a"], None),
        ([], None),
    ],
)
def test_only_a_plain_command_line_goes_the_short_way(arguments: list[str], config: Path | None) -> None:
    assert plain_run(arguments) == config


def test_all_ways_to_write_the_file_come_to_the_same(tmp_path: Path) -> None:
    path = tmp_path / "edgevision.yaml"
    path.write_text("cameras: {}\n")
    ways = (["-c", path], ["--config", path], [f"--config={path}"], [f"-c{path}"])
    said = [edgevision("run", *way) for way in ways]
    assert {one.returncode for one in said} == {78}
    assert len({one.stderr for one in said}) == 1
    assert "at least one camera is needed" in said[0].stderr
    assert edgevision("run", "--confg", path).returncode == 2
    assert "--config" in edgevision("run", "--help").stdout


def test_the_daemon_has_nothing_in_memory_that_only_other_commands_need() -> None:
    code = (
        "import sys, edgevision.cli.main as command, edgevision.cli.run as run, edgevision.daemon.daemon;"
        "run.load_runtime();"
        "print(*sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {*ONLY_FOR_OTHERS} & {*said.stdout.split()}


def test_a_running_daemon_never_had_them(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "broker") as broker:
        subscriber = broker.subscribe("edgevision/pi/front/detections")
        config: dict[str, Any] = {
            "device": "pi",
            "mqtt": {"host": broker.host, "port": broker.port},
            "cameras": {"front": {"source": {"type": "picamera2"}, "publish": "all", "motion": {"enabled": False}}},
        }
        with DaemonProcess(tmp_path, config, {"EDGEVISION_FAKE_CAMERA": "bars"}) as daemon:
            subscriber.wait_for(lambda messages: len(messages) >= 2, "two frames")
            mapped = Path(f"/proc/{daemon.process.pid}/maps").read_text()
            assert daemon.stop() == 0
        subscriber.close()
    assert "pydantic_core" not in mapped
    assert "_yaml" not in mapped
    assert "_ssl." not in mapped, "there is no TLS"
    # It loads OpenSSL, too; NumPy 1 has it for its random numbers.
    assert "_hashlib." not in mapped or np.__version__.startswith("1.")
    assert "multiarray" in mapped, "what is mapped can be seen this way"
