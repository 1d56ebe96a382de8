"""What may go wrong while `edgevision run` starts, and what the next start makes of it."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.daemon_process import ROOT, DaemonProcess, environment
from tests.mosquitto import Mosquitto, wait_until
from tests.test_stopping import PreparedDaemon

CRASHES = """
import signal
from edgevision.inference.model import Model
Model.{method} = lambda *_, **__: signal.raise_signal(signal.SIGSEGV)
"""
"""In the thread that is at it, as a library's crash: os.kill() leaves it to any other, and this one goes on."""

FAKE_CAMERA = {"EDGEVISION_FAKE_CAMERA": "bars"}


def configuration(broker: Mosquitto | None, folder: Path) -> dict[str, Any]:
    """One camera that gives frames, each of which is for the model."""
    port = broker.port if broker is not None else 1
    return {
        "device": "pi",
        "mqtt": {"host": "127.0.0.1", "port": port},
        "cameras": {"front": {"source": {"type": "picamera2"}, "publish": "all", "motion": {"enabled": False}}},
        "state_dir": str(folder / "state"),
    }


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_pipe_that_nobody_writes_to_is_not_waited_for_at_the_end(tmp_path: Path, number: signal.Signals) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    command = [sys.executable, "-m", "edgevision", "run", "-c", str(path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, cwd=ROOT, start_new_session=True) as process:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        wait_until(lambda: children.read_text() != "", "the reading")
        # As Ctrl-C and systemd do: both processes get it.
        os.killpg(process.pid, number)
        said = process.communicate(timeout=20)[1]
    assert process.returncode == 0
    assert said == b""


def test_no_secret_is_on_a_command_line_or_in_the_state_folder(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "broker") as broker:
        config = configuration(broker, tmp_path)
        config["mqtt"] |= {"username": "joe", "password": "hunter2"}
        with DaemonProcess(tmp_path, config, FAKE_CAMERA) as daemon:
            wait_until(lambda: "frames come" in daemon.log, "frames")
            assert b"hunter2" not in Path(f"/proc/{daemon.process.pid}/cmdline").read_bytes()
            daemon.configure({**config, "stats": {"interval": 5}})
            wait_until(lambda: "was read again" in daemon.log, "the other configuration")
            assert daemon.stop() == 0
        assert "hunter2" not in daemon.log
    assert not any(b"hunter2" in file.read_bytes() for file in (tmp_path / "state").iterdir())


@pytest.mark.parametrize("method", ["__init__", "run_prepared"], ids=["when it opens", "at its first frame"])
def test_a_model_that_crashed_a_start_is_not_known_to_the_next(tmp_path: Path, method: str) -> None:
    known = tmp_path / "state" / "known-models-pi.json"
    config = configuration(None, tmp_path)
    with DaemonProcess(tmp_path, config, FAKE_CAMERA) as daemon:
        wait_until(known.exists, "the model to be known", timeout=30)
        assert daemon.stop() == 0
    assert known.exists()
    with PreparedDaemon(tmp_path, CRASHES.format(method=method), config) as crashing:
        assert crashing.process.wait(30) == -signal.SIGSEGV
    assert not known.exists()
    with DaemonProcess(tmp_path, config, FAKE_CAMERA) as daemon:
        wait_until(known.exists, "the model to be known again", timeout=30)
        assert daemon.stop() == 0


def test_the_broker_hears_nothing_of_a_start_that_a_wrong_model_ends(tmp_path: Path) -> None:
    model = tmp_path / "model.tflite"
    model.write_bytes(b"    TFL3" + bytes(1000))
    with Mosquitto(tmp_path / "broker") as broker:
        subscriber = broker.subscribe("#")
        config = {**configuration(broker, tmp_path), "model": {"path": str(model)}}
        with DaemonProcess(tmp_path, config, environment(FAKE_CAMERA)) as daemon:
            assert daemon.wait(60) == 78
        assert subscriber.catch_up() == []
    assert len(daemon.log.splitlines()) == 1
    assert f"{daemon.config}:" in daemon.log
