"""A configuration that is wrong or the same, and signals and changes at the wrong moment: they harm nothing."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from tests.daemon_process import ROOT
from tests.mosquitto import Mosquitto, wait_until
from tests.reloading import (
    BASE,
    PEOPLE,
    assert_without_a_gap,
    config,
    frames,
    running,
    wait_for_frames,
    wait_for_info,
)


def test_a_wrong_file_harms_nothing_and_is_told(tmp_path: Path, broker: Mosquitto) -> None:
    listener = broker.subscribe(f"{BASE}/#")
    with running(tmp_path, config(broker)) as daemon:
        wait_for_frames(listener)
        assert wait_for_info(listener, '"configuration": {"error": null}')
        daemon.configure(config(broker, model={"threshold": 1.7}))
        info = wait_for_info(listener, "1.7 is not between 0 and 1")
        assert "edgevision.yaml:" in info["configuration"]["error"]
        wait_until(lambda: "1.7 is not between 0 and 1" in daemon.log, "the mistake in the log")
        wait_for_frames(listener)
        daemon.configure(config(broker, model={"path": "/nowhere.tflite", "threshold": 0.6}))
        wait_for_info(listener, "/nowhere.tflite")
        daemon.configure(config(broker, model={"threshold": 0.6}))
        wait_for_info(listener, '"configuration": {"error": null}')
        listener.wait_for_payload(f"{BASE}/front/threshold", b"0.60")
        wait_for_frames(listener)
        assert daemon.stop() == 0
    assert_without_a_gap(frames(listener))


def test_nothing_happens_where_nothing_has_changed(tmp_path: Path, broker: Mosquitto) -> None:
    listener = broker.subscribe(f"{BASE}/#")
    with running(tmp_path, config(broker)) as daemon:
        wait_for_frames(listener)
        for _ in range(3):
            daemon.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "nothing has changed" in daemon.log, "the reload", 20)
        os.utime(daemon.config)
        wait_until(lambda: daemon.log.count("nothing has changed") >= 2, "the reload after the touch", 20)
        wait_for_frames(listener)
        assert daemon.stop() == 0
    assert_without_a_gap(frames(listener))
    assert daemon.log.count("frames come") == 1


def test_a_hangup_in_the_middle_of_the_start_does_not_end_it(tmp_path: Path, broker: Mosquitto) -> None:
    listener = broker.subscribe(f"{BASE}/#")
    with running(tmp_path, config(broker)) as daemon:
        wait_until(lambda: _heeds_hangups(daemon.process.pid), "its signal handlers")
        daemon.process.send_signal(signal.SIGHUP)
        wait_for_frames(listener)
        assert daemon.stop() == 0


def test_a_pipe_in_the_file_s_place_keeps_no_later_change_waiting(tmp_path: Path, broker: Mosquitto) -> None:
    listener = broker.subscribe(f"{BASE}/#")
    with running(tmp_path, config(broker)) as daemon:
        wait_for_frames(listener)
        daemon.config.unlink()
        os.mkfifo(daemon.config)
        daemon.process.send_signal(signal.SIGHUP)
        wait_for_info(listener, "is a pipe or a device")
        daemon.configure(config(broker, model={"threshold": 0.6}))
        listener.wait_for_payload(f"{BASE}/front/threshold", b"0.60", 20)
        wait_for_info(listener, '"configuration": {"error": null}')
        assert daemon.stop() == 0


def test_a_storm_of_hangups_keeps_no_end_waiting(tmp_path: Path, broker: Mosquitto) -> None:
    listener = broker.subscribe(f"{BASE}/#")
    with running(tmp_path, config(broker)) as daemon:
        wait_for_frames(listener)
        over = threading.Event()

        def storm() -> None:
            while not over.is_set() and daemon.process.poll() is None:
                daemon.process.send_signal(signal.SIGHUP)

        hangups = threading.Thread(target=storm)
        hangups.start()
        try:
            wait_for_frames(listener)
            assert daemon.stop() == 0
        finally:
            over.set()
            hangups.join()
    assert_without_a_gap(frames(listener))
    assert daemon.log.count("frames come") == 1


def test_a_hangup_asks_for_a_reload_also_where_the_terminal_is_not_our_session_s(
    tmp_path: Path, broker: Mosquitto
) -> None:
    listener = broker.subscribe(f"{BASE}/#")
    control, terminal = os.openpty()
    daemon = running(tmp_path, config(broker))
    command = [sys.executable, "-m", "edgevision", "run", "-c", str(daemon.config)]
    environment = {**os.environ, "EDGEVISION_FAKE_CAMERA": PEOPLE}
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=terminal, stderr=terminal, env=environment
    ) as process:
        os.close(terminal)
        try:
            wait_for_frames(listener)
            process.send_signal(signal.SIGHUP)
            wait_for_frames(listener)
            daemon.configure(config(broker, model={"threshold": 0.6}))
            listener.wait_for_payload(f"{BASE}/front/threshold", b"0.60", 20)
            os.close(control)  # now it has hung up
            process.send_signal(signal.SIGHUP)
            assert process.wait(20) == 0
        finally:
            process.kill()


def test_a_change_in_the_middle_of_the_start_is_noticed(tmp_path: Path, broker: Mosquitto) -> None:
    listener = broker.subscribe(f"{BASE}/front/threshold")
    with running(tmp_path, config(broker)) as daemon:
        wait_until(lambda: "TensorFlow Lite" in daemon.log, "the model to be opened")
        daemon.configure(config(broker, model={"threshold": 0.6}))
        listener.wait_for_payload(f"{BASE}/front/threshold", b"0.60", 20)
        assert daemon.stop() == 0


def _heeds_hangups(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status").read_text()
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt"))
    return bool(int(caught.split()[1], 16) & 1 << (signal.SIGHUP - 1))
