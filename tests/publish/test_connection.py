"""A connection that listens: what `edgevision watch` and the demo build on."""

import time
from dataclasses import replace

import pytest

from edgevision.errors import BrokerError
from edgevision.publish.broker import BrokerSettings
from edgevision.publish.connection import Connection
from edgevision.publish.message import Message
from tests.mosquitto import Mosquitto
from tests.publish.conftest import Protocol, both_protocols, settings
from tests.publish.scripted_broker import CONNACK_5, ScriptedBroker


@both_protocols
def test_a_subscriber_receives_what_is_published(mosquitto: Mosquitto, protocol: Protocol) -> None:
    received: list[tuple[str, bytes]] = []
    broker = settings(mosquitto, protocol)
    connection = Connection(
        broker, None, None, 5.0, lambda topic, payload, _retained: received.append((topic, payload))
    )
    assert connection.open(5.0, lambda: False)
    connection.subscribe(["a/#"], 5.0)
    connection.send(Message("a/b", b"\x00\xff"))
    deadline = time.monotonic() + 5.0
    while not received and time.monotonic() < deadline:
        connection.step(0.1)
    connection.close(time.monotonic() + 1.0)
    assert received == [("a/b", b"\x00\xff")]


@pytest.mark.parametrize(("suback", "words"), [(b"", "didn't answer"), (b"\x90\x04\x00\x01\x00\x87", "ACL")])
def test_a_subscription_without_consent_is_told(suback: bytes, words: str) -> None:
    with ScriptedBroker(CONNACK_5 + suback) as broker:
        connection = Connection(BrokerSettings(broker.host, broker.port), None, None, 5.0)
        assert connection.open(5.0, lambda: False)
        with pytest.raises(BrokerError, match=words):
            connection.subscribe(["a"], 0.5)
        connection.drop()


def test_a_ping_just_when_the_keepalive_s_own_is_due_is_not_taken_for_one_without_answer(mosquitto: Mosquitto) -> None:
    connection = Connection(replace(settings(mosquitto), keepalive=1), None, None, 5.0)
    assert connection.open(5.0, lambda: False)
    time.sleep(1.1)  # in which nobody looked
    connection.ping()
    deadline = time.monotonic() + 5.0
    while not connection.pongs and time.monotonic() < deadline:
        connection.step(0.1)
    connection.drop()
    assert connection.pongs


def test_a_broker_that_leaves_a_ping_without_answer_is_given_up() -> None:
    with ScriptedBroker(CONNACK_5) as broker:
        connection = Connection(BrokerSettings(broker.host, broker.port, keepalive=1), None, None, 5.0)
        assert connection.open(5.0, lambda: False)
        connection.ping()
        with pytest.raises(BrokerError, match="fell silent"):
            for _ in range(50):
                connection.step(0.1)
        connection.drop()


def test_a_broker_that_is_only_written_to_gets_its_signs_of_life(mosquitto: Mosquitto) -> None:
    connection = Connection(replace(settings(mosquitto), keepalive=1), None, None, 5.0)
    assert connection.open(5.0, lambda: False)
    until = time.monotonic() + 2.5
    while time.monotonic() < until:
        assert connection.write(Message("a", b"")) or connection.send(Message("a", b""))
        connection.step(0.05)
    connection.drop()
    assert connection.pongs
