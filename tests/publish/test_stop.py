"""stop(): what is held is delivered, `offline` is said once, and the limit is kept whatever the broker does."""

import socket
import threading
import time
from pathlib import Path

import pytest

from edgevision.publish.broker import BrokerSettings
from edgevision.publish.client import Publisher, Timing
from edgevision.publish.message import Message
from tests.mosquitto import Mosquitto, wait_until
from tests.publish.conftest import STATUS, Protocol, StartPublisher, both_protocols, settings


@both_protocols
def test_stop_delivers_what_it_holds_and_says_offline_once(
    mosquitto: Mosquitto, start_publisher: StartPublisher, protocol: Protocol
) -> None:
    subscriber = mosquitto.subscribe("#")
    publisher = start_publisher(settings(mosquitto, protocol))
    assert publisher.connected.wait(5.0)
    numbers = [str(number).encode() for number in range(150)]
    for number in numbers:
        assert publisher.publish(Message("qos/0", number))
        assert publisher.publish(Message("qos/1", number, qos=1))
    assert publisher.stop(5.0)
    assert publisher.stop(5.0), "the second time"
    assert not publisher.publish(Message("too", b"late"))
    wait_until(lambda: "disconnected." in mosquitto.log_path.read_text(), "mosquitto to see the goodbye")
    received = subscriber.wait_for_payload(STATUS, b"offline")
    assert (subscriber.payloads("qos/0"), subscriber.payloads("qos/1")) == (numbers, numbers)
    assert received[-1].topic == STATUS
    assert mosquitto.subscribe(STATUS).wait_for_payload(STATUS, b"offline")[-1].retain
    assert subscriber.payloads(STATUS) == [b"online", b"offline"]


def test_stop_keeps_its_limit_when_the_broker_is_frozen(mosquitto: Mosquitto, start_publisher: StartPublisher) -> None:
    publisher = start_publisher(settings(mosquitto))
    assert publisher.connected.wait(5.0)
    mosquitto.freeze()
    before = time.monotonic()
    assert not publisher.stop(1.0)
    assert time.monotonic() - before < 1.2
    assert not any(thread.name == "publisher" for thread in threading.enumerate())
    mosquitto.thaw()
    mosquitto.subscribe(STATUS).wait_for_payload(STATUS, b"offline")


def test_stop_is_quick_when_the_broker_is_away(tmp_path: Path, start_publisher: StartPublisher) -> None:
    publisher = Publisher(settings(Mosquitto(tmp_path)), STATUS, Timing(first_retry=30.0))
    publisher.start()
    before = time.monotonic()
    assert not publisher.stop(5.0)
    assert time.monotonic() - before < 1.0


def test_stop_does_not_wait_for_a_name_look_up_that_hangs(
    tmp_path: Path, start_publisher: StartPublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    looking_up, answered = threading.Event(), threading.Event()

    def hang(*_: object) -> None:
        looking_up.set()
        answered.wait(30.0)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    publisher = start_publisher(BrokerSettings("broker.example", 1883))
    assert looking_up.wait(5.0)
    before = time.monotonic()
    assert not publisher.stop(5.0)
    assert publisher.publish(Message("a", b"", qos=1)) is False
    assert time.monotonic() - before < 1.0
    answered.set()


def test_what_is_held_gets_one_more_attempt_on_stop(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path)
    publisher = Publisher(settings(broker), STATUS, Timing(first_retry=30.0))
    publisher.start()
    assert publisher.publish(Message("a", b"held", qos=1, retain=True))
    assert not publisher.connected.wait(0.2)
    with broker:
        assert publisher.stop(5.0)
        broker.subscribe("a").wait_for_payload("a", b"held")
        broker.subscribe(STATUS).wait_for_payload(STATUS, b"offline")


def test_stop_before_start_does_nothing(tmp_path: Path) -> None:
    assert not Publisher(settings(Mosquitto(tmp_path)), STATUS).stop(5.0)
