"""The daemon watches over its threads, and stops them in order whatever happened."""

import logging
import threading
from pathlib import Path

import numpy as np
import pytest
import yaml

from edgevision.capture.frame import Picture
from edgevision.capture.source import Wanted
from edgevision.cli.exit_status import FAILED
from edgevision.cli.run import exit_status_of
from edgevision.config.loader import parse_config
from edgevision.daemon.daemon import Daemon
from edgevision.daemon.models import open_models
from edgevision.daemon.reporter import Reporter
from edgevision.daemon.stop_request import StopRequest
from edgevision.inference.detection import Detection
from edgevision.inference.model import Model, Outputs
from edgevision.inference.prepared import Prepared
from edgevision.publish.client import Publisher
from edgevision.publish.connection import Connection
from tests.daemon.cameras import Found
from tests.mosquitto import Mosquitto

BASE = "edgevision/test"
PICTURE = Picture(np.zeros((8, 8, 3), np.uint8))
TOO_LATE = 15.0
"""Seconds after which a daemon that has noticed nothing is stopped, so that the test can say so."""


class LiveSource:
    """A camera that never fails."""

    live = True
    finite = False
    skipped = 0

    def open(self) -> None:
        pass

    def read(self, wanted: Wanted | None = None) -> Picture | None:
        return PICTURE

    def close(self) -> None:
        pass


class BuggySource(LiveSource):
    """A camera whose code has a mistake."""

    def read(self, wanted: Wanted | None = None) -> Picture | None:
        raise KeyError("a mistake of ours")


def make_daemon(broker: Mosquitto, source: LiveSource, stop: StopRequest, monkeypatch: pytest.MonkeyPatch) -> Daemon:
    """A daemon whose one camera, `front`, is `source`."""
    text = yaml.safe_dump(
        {
            "device": "test",
            "mqtt": {"host": broker.host, "port": broker.port},
            "state_dir": str(broker.log_path.parent / "state"),
            "cameras": {"front": {"source": {"type": "picamera2"}, "motion": {"enabled": False}}},
        }
    )
    monkeypatch.setattr("edgevision.daemon.works.make_source", lambda *_: source)
    config = parse_config(text.encode(), Path("edgevision.yaml"))
    return Daemon(config, open_models(config, measure_threads=False), stop)


def exit_status_unless_too_late(daemon: Daemon, stop: StopRequest) -> int:
    """The exit status; a daemon that goes on as if nothing had happened is stopped, and then says 0."""
    timer = threading.Timer(TOO_LATE, stop.make)
    timer.start()
    try:
        return exit_status_of(daemon)
    finally:
        timer.cancel()


def fail(*_: object, **__: object) -> None:
    raise KeyError("a mistake of ours")


@pytest.mark.parametrize(
    ("thread", "what_fails"),
    [("capture front", None), ("inference person", (Model, "run_prepared")), ("report person", (Reporter, "inferred"))],
)
def test_a_thread_that_dies_ends_the_daemon_with_1_and_its_traceback_is_logged_once(
    broker: Mosquitto,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    thread: str,
    what_fails: tuple[type, str] | None,
) -> None:
    stop = StopRequest()
    subscriber = broker.subscribe(f"{BASE}/status")
    if what_fails is not None:
        monkeypatch.setattr(*what_fails, fail)
    daemon = make_daemon(broker, BuggySource() if what_fails is None else LiveSource(), stop, monkeypatch)
    assert exit_status_unless_too_late(daemon, stop) == FAILED
    tracebacks = [record for record in caplog.records if record.exc_info]
    assert [(record.levelno, record.getMessage()) for record in tracebacks] == [(logging.ERROR, f"{thread} died")]
    assert "a mistake of ours" in caplog.text
    assert not any(one.name.startswith(("capture", "inference", "report")) for one in threading.enumerate())
    # Too quick for the broker to be told at all, or told in order.
    assert [one.payload for one in subscriber.catch_up()] in ([], [b"online", b"offline"])


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_publisher_that_dies_ends_the_daemon_with_1(broker: Mosquitto, monkeypatch: pytest.MonkeyPatch) -> None:
    stop = StopRequest()
    monkeypatch.setattr(Connection, "open", fail)
    assert exit_status_unless_too_late(make_daemon(broker, LiveSource(), stop, monkeypatch), stop) == FAILED


def test_a_stop_is_no_failure_and_the_frame_in_work_is_published_before_offline(
    broker: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, broker_told = StopRequest(), threading.Event()
    tell_broker = Publisher.stop

    def stop_publisher(publisher: Publisher, timeout: float) -> bool:
        try:
            return tell_broker(publisher, timeout)
        finally:
            broker_told.set()

    def run_slowly(model: Model, prepared: Prepared, least: float) -> Outputs:
        assert daemon._publisher.connected.wait(10)
        stop.make()
        # The daemon stops while this frame is in work; a broker told too early is told before it is done.
        broker_told.wait(1)
        return Found([Detection("person", 0.9)])

    monkeypatch.setattr(Publisher, "stop", stop_publisher)
    monkeypatch.setattr(Model, "run_prepared", run_slowly)
    subscriber = broker.subscribe(f"{BASE}/front/detections", f"{BASE}/status")
    daemon = make_daemon(broker, LiveSource(), stop, monkeypatch)
    assert daemon.run()
    assert daemon.hung == []
    subscriber.wait_for_payload(f"{BASE}/status", b"offline")
    topics = [message.topic.removeprefix(f"{BASE}/") for message in subscriber.messages]
    assert topics == ["status", "front/detections", "status"]
