"""A Pi without a battery wakes in 1970: events wait for the time, and come with the right one."""

import json
import threading
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from edgevision.capture.frame import Picture
from edgevision.capture.source import Wanted
from edgevision.config.loader import parse_config
from edgevision.daemon.clock import Clock
from edgevision.daemon.daemon import Daemon
from edgevision.daemon.models import open_models
from edgevision.daemon.stop_request import StopRequest
from edgevision.inference.detection import Box, Detection
from edgevision.inference.model import Model, Outputs
from edgevision.inference.prepared import Prepared
from tests.daemon.cameras import Found
from tests.mosquitto import Mosquitto, wait_until

BASE = "edgevision/test"
PICTURE = Picture(np.zeros((8, 8, 3), np.uint8))
SOMEBODY = Detection("person", 0.9, Box(0.1, 0.1, 0.4, 0.9))
FIFTY_YEARS = 50 * 365.25 * 86_400


class Camera:
    """Gives ten pictures a second."""

    live = True
    finite = False
    skipped = 0

    def open(self) -> None:
        pass

    def read(self, wanted: Wanted | None = None) -> Picture | None:
        time.sleep(0.1)
        return PICTURE

    def close(self) -> None:
        pass


class Pi:
    """A machine whose clock is fifty years late until somebody sets it, and who stands before its camera."""

    def __init__(self) -> None:
        self.late = FIFTY_YEARS
        self.somebody = True
        self.clock = self.wake()

    def wake(self) -> Clock:
        """A clock as a process that starts now finds it."""
        return Clock(
            wall=lambda: time.time() - self.late,
            is_synchronized=lambda: self.late == 0,
            floor=1_700_000_000.0,
            is_vouched_for=lambda _: False,
        )

    def run(self, prepared: Prepared, least: float) -> Outputs:
        return Found([SOMEBODY] if self.somebody else [])


@pytest.fixture
def pi(monkeypatch: pytest.MonkeyPatch) -> Pi:
    pi = Pi()
    monkeypatch.setattr("edgevision.daemon.works.make_source", lambda *_: Camera())
    monkeypatch.setattr(Model, "run_prepared", pi.run)
    return pi


class Running:
    """The daemon on that machine, as long as the `with` block lasts."""

    def __init__(self, broker: Mosquitto, clock: Clock) -> None:
        settings: dict[str, Any] = {
            "device": "test",
            "mqtt": {"host": broker.host, "port": broker.port},
            "state_dir": str(broker.log_path.parent / "state"),
            "cameras": {
                "front": {"source": {"type": "v4l2"}, "motion": {"enabled": False}, "events": {"max_lost": 0.3}}
            },
        }
        config = parse_config(yaml.safe_dump(settings).encode(), Path("edgevision.yaml"))
        self._stop = StopRequest()
        daemon = Daemon(config, open_models(config, measure_threads=False), self._stop, clock=clock)
        self._thread = threading.Thread(target=daemon.run)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.make()
        self._thread.join(15)
        assert not self._thread.is_alive()


def seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def test_events_wait_for_the_time_and_come_with_the_right_one(broker: Mosquitto, pi: Pi) -> None:
    listener = broker.subscribe(f"{BASE}/#")

    def events() -> list[dict[str, Any]]:
        return [json.loads(payload) for payload in listener.payloads(f"{BASE}/front/events")]

    def clock(_: object) -> str | None:
        return next((json.loads(info)["clock"] for info in reversed(listener.payloads(f"{BASE}/info"))), None)

    began = time.time()
    with Running(broker, pi.clock):
        listener.wait_for_payload(f"{BASE}/front/count/person", b"1")
        listener.wait_for(lambda seen: clock(seen) == "wrong", "the clock to be told")
        pi.somebody = False
        listener.wait_for_payload(f"{BASE}/front/count/person", b"0")
        pi.somebody = True
        listener.wait_for_payload(f"{BASE}/front/count/person", b"1")
        listener.catch_up()
        assert events() == []
        pi.late = 0
        wait_until(lambda: len(events()) >= 3, "the events")
        listener.wait_for(lambda seen: clock(seen) == "synchronized", "the clock to be told")
    ended = time.time()
    listener.catch_up()
    assert [event["type"] for event in events()] == ["start", "end", "start", "end"]
    for event in events():
        times = [seconds(event[key]) for key in ("start", "time")]
        assert all(began - 0.2 <= moment <= ended + 0.2 for moment in times)
    first, second = events()[0], events()[2]
    assert seconds(first["start"]) < seconds(second["start"])
    assert first["start"] == events()[1]["start"]
    # It was held when the clock was wrong, and told when it was right.
    assert seconds(second["start"]) == pytest.approx(seconds(events()[3]["start"]), abs=0.1)


def test_events_of_a_process_that_died_meanwhile_get_the_right_time_too(broker: Mosquitto, pi: Pi) -> None:
    listener = broker.subscribe(f"{BASE}/#")
    began = time.time()
    with Running(broker, pi.clock):
        listener.wait_for_payload(f"{BASE}/front/count/person", b"1")
    listener.catch_up()
    assert listener.payloads(f"{BASE}/front/events") == []
    pi.somebody = False
    with Running(broker, pi.wake()):
        listener.wait_for_payload(f"{BASE}/status", b"online")
        pi.late = 0
        wait_until(lambda: len(listener.payloads(f"{BASE}/front/events")) == 2, "the events")
    listener.catch_up()
    for payload in listener.payloads(f"{BASE}/front/events"):
        assert began - 0.2 <= seconds(json.loads(payload)["start"]) <= time.time() + 0.2
