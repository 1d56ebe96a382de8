"""A publisher that connects before there is anything to say."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from edgevision.publish.client import Publisher
from edgevision.publish.entry import Entry
from edgevision.publish.outbox import Outbox
from tests.mosquitto import Mosquitto, wait_until
from tests.publish.conftest import QUICK, STATUS, Protocol, both_protocols, settings

COMMAND = "edgevision/pi/front/detect/set"


def is_connected(mosquitto: Mosquitto) -> bool:
    """Whether the broker has taken a connection."""
    return "as edgevision-pi" in mosquitto.log_path.read_text()


@both_protocols
def test_it_is_connected_but_says_nothing_before_it_may(mosquitto: Mosquitto, protocol: Protocol) -> None:
    subscriber = mosquitto.subscribe("#")
    publisher = Publisher(settings(mosquitto, protocol), STATUS, QUICK)
    publisher.start(quiet=True)
    wait_until(lambda: is_connected(mosquitto), "the connection")
    assert not publisher.connected.wait(0.3)
    heard: list[bytes] = []
    publisher.listen([COMMAND], lambda _, payload: heard.append(payload))
    publisher.speak()
    # A command in answer to the first word is heard.
    subscriber.wait_for_payload(STATUS, b"online")
    mosquitto.publish(COMMAND, b"OFF")
    wait_until(lambda: heard == [b"OFF"], "the command")
    assert mosquitto.log_path.read_text().count("as edgevision-pi") == 1
    assert publisher.stop(5.0)
    subscriber.wait_for_payload(STATUS, b"offline")
    assert subscriber.payloads(STATUS) == [b"online", b"offline"]


def test_stopped_before_it_may_speak_it_goes_without_a_word(mosquitto: Mosquitto, tmp_path: Path) -> None:
    before = Outbox(tmp_path / "outbox.sqlite3")
    before.open(lambda: None, lambda _: None)
    before.put(Entry("edgevision/pi/front/events", b'{"id": "1", "time": "2026-11-21T00:00:00.000Z"}', 1))
    before.close(5.0)
    subscriber = mosquitto.subscribe("#")
    outbox = Outbox(tmp_path / "outbox.sqlite3")
    publisher = Publisher(settings(mosquitto), STATUS, replace(QUICK, answer=2.0), outbox=outbox)
    publisher.start(quiet=True)
    wait_until(lambda: is_connected(mosquitto), "the connection")
    started = time.monotonic()
    publisher.stop(30.0)
    assert time.monotonic() - started < 20
    wait_until(lambda: "Received DISCONNECT" in mosquitto.log_path.read_text(), "the goodbye")
    assert subscriber.catch_up() == []


def test_a_connection_that_breaks_meanwhile_is_made_anew(
    mosquitto: Mosquitto, caplog: pytest.LogCaptureFixture
) -> None:
    publisher = Publisher(settings(mosquitto), STATUS, QUICK)
    publisher.start(quiet=True)
    wait_until(lambda: is_connected(mosquitto), "the connection")
    mosquitto.restart()
    publisher.speak()
    assert publisher.connected.wait(20)
    assert publisher.stop(5.0)


def test_may_speak_before_there_is_a_connection(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path)
    publisher = Publisher(settings(broker), STATUS, QUICK)
    publisher.start(quiet=True)
    publisher.speak()
    with broker:
        assert publisher.connected.wait(20)
        assert publisher.stop(5.0)
