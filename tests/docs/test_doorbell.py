"""docs/examples/doorbell.py, with a real daemon and a real broker."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from tests.daemon_process import DaemonProcess
from tests.docs.porch import BASE, EXAMPLES, porch
from tests.mosquitto import Mosquitto, wait_until

CAT = b'{"label": "cat", "type": "start", "start": "2026-11-21T02:03:04.567Z"}'
NOT_OURS = (b" ", b"\xff\xfe", b"[1, 2]", b"{}", b'{"label": "a", "type": "start", "start": 7}', b"[" * 60_000)


@contextmanager
def doorbell(broker: Mosquitto, folder: Path, *, waits: bool = True) -> Iterator[Path]:
    """Runs the script until Ctrl-C; what it says is in the file. Nothing may have gone wrong in the end."""
    said = folder / "said"
    command = [sys.executable, str(EXAMPLES / "doorbell.py"), "--host", broker.host, "--port", str(broker.port)]
    with said.open("w") as output:
        process = subprocess.Popen(
            [*command, "--folder", str(folder / "kept")], stdout=output, stderr=subprocess.STDOUT, cwd=folder
        )
    try:
        if waits:
            wait_for(said, "Listening")
        yield said
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0, said.read_text()
    finally:
        process.kill()
        process.wait(10)


def wait_for(said: Path, text: str, times: int = 1) -> None:
    wait_until(lambda: said.read_text().count(text) >= times, f"{text!r} in what the script says", timeout=30)


def test_what_comes_and_goes_is_told_with_its_duration_and_the_picture_is_kept(
    tmp_path: Path, broker: Mosquitto
) -> None:
    subscriber = broker.subscribe(f"{BASE}/front/events", f"{BASE}/front/snapshot", f"{BASE}/status")
    with doorbell(broker, tmp_path) as said, DaemonProcess(tmp_path, porch(tmp_path, broker)) as daemon:
        assert daemon.wait() == 0, daemon.log
        wait_for(said, "left after")
        subscriber.wait_for_payload(f"{BASE}/status", b"offline")
        events = [json.loads(payload) for payload in subscriber.payloads(f"{BASE}/front/events")]
        assert [event["type"] for event in events] == ["start", "end"]
        start, end = (datetime.fromisoformat(events[1][key]).astimezone() for key in ("start", "end"))
        picture = tmp_path / "kept" / f"porch-pi-front-{start:%Y%m%d-%H%M%S}.jpg"
        wait_until(picture.is_file, "the picture")
    assert said.read_text().splitlines()[1:] == [
        f"{start:%H:%M:%S} front: person came, {picture}",
        f"{end:%H:%M:%S} front: person left after {(end - start) / timedelta(seconds=1):.1f} s",
    ]
    assert picture.read_bytes() == subscriber.payloads(f"{BASE}/front/snapshot")[-1]


def test_what_is_not_edgevisions_is_passed_over(tmp_path: Path, broker: Mosquitto) -> None:
    with doorbell(broker, tmp_path) as said:
        for payload in NOT_OURS:
            broker.publish("edgevision/other/door/events", payload)
        broker.publish("edgevision/other/door/events", CAT)
        wait_for(said, "door: cat came")
        broker.publish("edgevision/other/door/snapshot", b"no JPEG")
        broker.publish("edgevision/other/door/events", CAT)
        wait_for(said, "door: cat came", times=2)
    assert len(said.read_text().splitlines()) == 3
    assert not list((tmp_path / "kept").iterdir())


def test_a_picture_of_before_is_not_kept_as_that_of_what_came_last(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "broker", persistence=True) as broker:
        broker.publish("edgevision/other/door/snapshot", b"\xff\xd8 of yesterday", "-r")
        with doorbell(broker, tmp_path) as said:
            broker.publish("edgevision/other/door/events", CAT)
            wait_for(said, "door: cat came")
            broker.restart()
            wait_for(said, "Listening", times=2)
            broker.publish("edgevision/other/door/events", CAT)
            wait_for(said, "door: cat came", times=2)
    assert not list((tmp_path / "kept").iterdir())


def test_it_waits_for_a_broker_that_is_away_and_finds_it_again(tmp_path: Path, broker: Mosquitto) -> None:
    broker.stop()
    with doorbell(broker, tmp_path, waits=False) as said:
        wait_for(said, "can't be reached")
        broker.start()
        wait_for(said, "Listening")
        broker.restart()
        wait_for(said, "Listening", times=2)
        with DaemonProcess(tmp_path, porch(tmp_path, broker)):
            wait_for(said, "left after")
