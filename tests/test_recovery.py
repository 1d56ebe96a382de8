"""Cameras fail under the whole daemon: they are had back, others go on meanwhile, and what can't be mended ends it."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.capture.mjpeg_server import mjpeg_server
from tests.capture.pictures import encode, quadrants
from tests.daemon_process import DaemonProcess
from tests.mosquitto import Mosquitto, Received, Subscriber
from tests.test_main_job import BASE, configuration, newest_stalled

JPEG = encode(quadrants(320, 240), ".jpg")
PROMISED = 10.0
"""Seconds within which frames come again."""


def camera(**source: Any) -> dict[str, Any]:
    return {"source": source, "publish": "all", "motion": {"enabled": False}}


def pi_camera(index: int) -> dict[str, Any]:
    return camera(type="picamera2", index=index, size=[320, 240], fps=5)


def sequence(subscriber: Subscriber, name: str) -> list[int]:
    """The numbers of the camera's frames that have come."""
    return [json.loads(payload)["seq"] for payload in subscriber.payloads(f"{BASE}/{name}/detections")]


def wait_for_more(subscriber: Subscriber, name: str, seconds: float = PROMISED) -> None:
    """Wait for three more frames of the camera."""
    wanted = len(sequence(subscriber, name)) + 3
    subscriber.wait_for(lambda _: len(sequence(subscriber, name)) >= wanted, f"frames of {name}", timeout=seconds)


def wait_for_stall(subscriber: Subscriber, name: str) -> None:
    """Wait until statistics say that the camera gives no frames."""
    subscriber.wait_for(lambda seen: newest_stalled(list(seen)).get(name, False), f"{name} to stall", timeout=PROMISED)


def newest_rate(seen: Sequence[Received]) -> float | None:
    """How many frames a second the newest statistics count for `front`."""
    stats = [json.loads(one.payload) for one in seen if one.topic == f"{BASE}/stats"]
    return stats[-1]["cameras"]["front"]["capture_fps"] if stats else None


class FaultyCameras:
    """Two Pi cameras of the stand-in, and what is wrong with them."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "faults"
        self.env = {"EDGEVISION_FAKE_CAMERA": "bars:bars", "EDGEVISION_FAKE_CAMERA_FAULTS": str(self._path)}

    def have(self, faults: str) -> None:
        """From now on, those that the text names."""
        new = self._path.with_suffix(".new")
        new.write_text(faults)
        os.replace(new, self._path)  # noqa: PTH105  as short, and known to be atomic


@pytest.mark.parametrize("fault", ["blocked", "stalled", "broken"])
def test_a_pi_camera_that_hangs_or_stalls_is_had_back_and_the_other_goes_on(
    tmp_path: Path, broker: Mosquitto, fault: str
) -> None:
    faulty, subscriber = FaultyCameras(tmp_path), broker.subscribe(f"{BASE}/#")
    config = configuration(broker, front=pi_camera(0), yard=pi_camera(1))
    with DaemonProcess(tmp_path, config, env=faulty.env) as daemon:
        for name in ("front", "yard"):
            wait_for_more(subscriber, name, 60)
        faulty.have(f"{fault} 0")
        wait_for_stall(subscriber, "front")
        wait_for_more(subscriber, "yard")
        assert not newest_stalled(list(subscriber.messages))["yard"]
        faulty.have("")
        wait_for_more(subscriber, "front")
        assert daemon.stop() == 0, daemon.log
    numbers = sequence(subscriber, "front")
    assert numbers == sorted(set(numbers))
    assert ("another thread takes its place" in daemon.log) is (fault == "blocked")
    assert "did not stop in time" not in daemon.log


def test_a_pi_camera_whose_driver_never_answers_again_is_had_back_by_another_thread(
    tmp_path: Path, broker: Mosquitto
) -> None:
    faulty, subscriber = FaultyCameras(tmp_path), broker.subscribe(f"{BASE}/#")
    with DaemonProcess(tmp_path, configuration(broker, front=pi_camera(0)), env=faulty.env) as daemon:
        wait_for_more(subscriber, "front", 60)
        faulty.have("blocked for_good")
        subscriber.wait_for(lambda seen: newest_rate(seen) == 0, "no more frames", timeout=PROMISED)
        faulty.have("")
        wait_for_more(subscriber, "front")
        assert daemon.stop() == 0, daemon.log
    assert daemon.log.count("front: hangs (reading for ") == 1
    assert "did not stop in time: capture front" in daemon.log, "the thread that was left behind"


def test_a_pi_camera_that_can_not_even_be_closed_ends_the_daemon_in_order_for_a_new_process_to_have_it_back(
    tmp_path: Path, broker: Mosquitto
) -> None:
    faulty, subscriber = FaultyCameras(tmp_path), broker.subscribe(f"{BASE}/#")
    config = configuration(broker, front=pi_camera(0), yard=pi_camera(1))
    with DaemonProcess(tmp_path, config, env=faulty.env) as daemon:
        wait_for_more(subscriber, "front", 60)
        faulty.have("stalled hangs_on_close 0")
        assert daemon.wait(40) == 1
        assert "given up: only a new process can have it back" in daemon.log
    subscriber.wait_for_payload(f"{BASE}/status", b"offline")
    faulty.have("")
    with DaemonProcess(tmp_path, config, env=faulty.env) as daemon:
        wait_for_more(subscriber, "front", 60)
        assert daemon.stop() == 0, daemon.log


def test_a_stream_whose_server_has_gone_is_had_back_and_the_other_camera_goes_on(
    tmp_path: Path, broker: Mosquitto
) -> None:
    subscriber = broker.subscribe(f"{BASE}/#")
    with mjpeg_server([JPEG], "loop") as server:
        port = server.server_port
        config = configuration(broker, gate=camera(type="stream", url=server.url), yard=pi_camera(0))
        daemon = DaemonProcess(tmp_path, config, env=FaultyCameras(tmp_path).env).__enter__()
        for name in ("gate", "yard"):
            wait_for_more(subscriber, name, 60)
    wait_for_stall(subscriber, "gate")
    wait_for_more(subscriber, "yard")
    with mjpeg_server([JPEG], "loop", port=port):
        wait_for_more(subscriber, "gate")
        assert daemon.stop() == 0, daemon.log


def test_a_stream_that_fails_for_the_fourth_time_ends_the_daemon_in_order_and_with_1(
    tmp_path: Path, broker: Mosquitto
) -> None:
    subscriber = broker.subscribe(f"{BASE}/#")
    with mjpeg_server([JPEG] * 20, "close") as server:
        config = configuration(broker, gate=camera(type="stream", url=server.url), yard=pi_camera(0))
        with DaemonProcess(tmp_path, config, env=FaultyCameras(tmp_path).env) as daemon:
            assert daemon.wait(60) == 1
    subscriber.wait_for_payload(f"{BASE}/status", b"offline")
    assert daemon.log.count("given up: it had come back 3 times within 10 minutes") == 1
    assert daemon.log.count("gate: frames come") == 4
    assert daemon.log.rstrip().endswith("stopped")
    assert "Traceback" not in daemon.log
    assert sequence(subscriber, "yard"), "the other camera went on"
