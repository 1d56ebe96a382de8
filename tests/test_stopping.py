"""SIGTERM ends the daemon with 0 and in order, also at bad moments and with drivers that hang."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.daemon_process import ROOT, environment
from tests.mosquitto import Mosquitto, wait_until
from tests.test_main_job import BASE, configuration, pictures

CLOSED_AT_EXIT = """
import atexit
from edgevision.capture import fake_picamera2
make = fake_picamera2.Picamera2.__init__
def make_and_close_at_exit(camera, *arguments):
    make(camera, *arguments)
    atexit.register(camera.close)  # as the real Picamera2 does
fake_picamera2.Picamera2.__init__ = make_and_close_at_exit
"""

HANGS_WHILE_CLOSING = f"{CLOSED_AT_EXIT}fake_picamera2.faults.hangs_on_close = True"
HANGS_WHILE_READING = f"{CLOSED_AT_EXIT}fake_picamera2.faults.stalled = fake_picamera2.faults.hangs_on_close = True"

TERMINATED_WHILE_MODELS_LOAD = """
import os, signal
import edgevision.cli.run as run
load = run.open_models
def load_and_be_terminated(*arguments, **options):
    models = load(*arguments, **options)
    os.kill(os.getpid(), signal.SIGTERM)
    return models
run.open_models = load_and_be_terminated
"""

HANGS_WHILE_MODELS_LOAD = """
import time
import edgevision.cli.run as run
def load(*arguments, **options):
    print("loading", file=sys.stderr, flush=True)
    time.sleep(60)
run.open_models = load
"""


class PreparedDaemon:
    """`edgevision run` in a process where `preparation` has been executed first; killed at the end of the context."""

    def __init__(self, folder: Path, preparation: str, config: dict[str, Any]) -> None:
        path = folder / "edgevision.yaml"
        path.write_text(yaml.safe_dump(config))
        self._log = folder / "daemon.log"
        code = f"import sys\n{preparation}\nfrom edgevision.cli.main import main\nmain()"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", code, "run", "-c", str(path)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment({"EDGEVISION_FAKE_CAMERA": "bars"}),
                cwd=ROOT,
            )

    def __enter__(self) -> "PreparedDaemon":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait(10)

    @property
    def log(self) -> str:
        """What it has logged."""
        return self._log.read_text(errors="replace")


@pytest.mark.parametrize("preparation", [HANGS_WHILE_CLOSING, HANGS_WHILE_READING], ids=["closing", "reading"])
def test_a_camera_that_hangs_does_not_keep_the_daemon_from_ending(
    tmp_path: Path, broker: Mosquitto, preparation: str
) -> None:
    camera = {"source": {"type": "picamera2", "timeout": 60}, "publish": "all"}
    subscriber = broker.subscribe(f"{BASE}/#")
    with PreparedDaemon(tmp_path, preparation, configuration(broker, front=camera)) as daemon:
        subscriber.wait_for_payload(f"{BASE}/status", b"online", timeout=30)
        if preparation is HANGS_WHILE_CLOSING:
            subscriber.wait_for(lambda seen: any(one.topic.endswith("detections") for one in seen), "a frame")
        daemon.process.send_signal(signal.SIGTERM)
        assert daemon.process.wait(10) == 0, daemon.log
    subscriber.wait_for_payload(f"{BASE}/status", b"offline")
    assert subscriber.messages[-1].topic == f"{BASE}/status"
    assert "did not stop in time: capture front" in daemon.log


def test_a_camera_that_has_hung_before_does_not_keep_the_daemon_from_ending(tmp_path: Path, broker: Mosquitto) -> None:
    camera = {"source": {"type": "picamera2", "timeout": 1}}
    subscriber = broker.subscribe(f"{BASE}/status")
    with PreparedDaemon(tmp_path, HANGS_WHILE_READING, configuration(broker, front=camera)) as daemon:
        subscriber.wait_for_payload(f"{BASE}/status", b"online", timeout=30)
        wait_until(lambda: "hangs while closing" in daemon.log, "the daemon to give it up", timeout=30)
        daemon.process.send_signal(signal.SIGTERM)
        assert daemon.process.wait(10) == 0, daemon.log
    subscriber.wait_for_payload(f"{BASE}/status", b"offline")


def test_sigterm_while_models_load_ends_with_0_and_in_order(tmp_path: Path, broker: Mosquitto) -> None:
    subscriber = broker.subscribe(f"{BASE}/#")
    config = configuration(broker, front=pictures(loop=True))
    with PreparedDaemon(tmp_path, TERMINATED_WHILE_MODELS_LOAD, config) as daemon:
        assert daemon.process.wait(30) == 0, daemon.log
    assert daemon.log.rstrip().endswith("stopped")
    assert "Traceback" not in daemon.log
    # Too early for the broker to be told at all, told by the last will of a connection just begun, or told in order.
    assert [one.payload for one in subscriber.catch_up() if one.topic == f"{BASE}/status"] in (
        [],
        [b"offline"],
        [b"online", b"offline"],
    )


def test_sigterm_does_not_wait_for_an_edge_tpu_that_hangs_while_models_load(tmp_path: Path, broker: Mosquitto) -> None:
    config = configuration(broker, front=pictures(loop=True))
    with PreparedDaemon(tmp_path, HANGS_WHILE_MODELS_LOAD, config) as daemon:
        wait_until(lambda: "loading" in daemon.log, "the models to load", timeout=30)
        daemon.process.send_signal(signal.SIGTERM)
        assert daemon.process.wait(10) == 0, daemon.log
    assert daemon.log.rstrip().endswith("stopped")
