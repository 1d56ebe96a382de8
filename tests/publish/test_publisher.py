"""The publisher against a real mosquitto: it finds it, keeps it, comes back to it and leaves it properly."""

import os
import struct
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import MQTTErrorCode

from edgevision.publish.client import Publisher
from edgevision.publish.message import Message
from tests.mosquitto import Mosquitto, Received, wait_until
from tests.publish.conftest import QUICK, STATUS, Protocol, StartPublisher, both_protocols, settings

INFO = Message("edgevision/pi/info", b"{}", qos=1, retain=True)

LONELY = """
import sys, time
from edgevision.publish.broker import BrokerSettings
from edgevision.publish.client import Publisher
publisher = Publisher(BrokerSettings("127.0.0.1", int(sys.argv[1])), "edgevision/pi/status")
publisher.start()
time.sleep(60)
"""


@both_protocols
def test_says_online_then_what_was_announced_on_connect(
    mosquitto: Mosquitto, start_publisher: StartPublisher, protocol: Protocol
) -> None:
    subscriber = mosquitto.subscribe("#")
    publisher = Publisher(settings(mosquitto, protocol), STATUS, QUICK)
    publisher.announce(INFO)
    publisher.start()
    received = subscriber.wait_for(lambda messages: len(messages) == 2)
    assert received == [Received(STATUS, b"online", 1, True), Received(INFO.topic, b"{}", 1, True)]
    assert publisher.stop(5.0)


@both_protocols
def test_starts_with_the_broker_away_then_connects(
    tmp_path: Path, start_publisher: StartPublisher, protocol: Protocol
) -> None:
    broker = Mosquitto(tmp_path)
    before = time.monotonic()
    publisher = start_publisher(settings(broker, protocol))
    assert time.monotonic() - before < 0.5
    assert not publisher.connected.wait(0.2)
    with broker:
        assert publisher.connected.wait(5.0)
        broker.subscribe(STATUS).wait_for_payload(STATUS, b"online")


@both_protocols
def test_announces_again_after_the_broker_was_killed(
    mosquitto: Mosquitto, start_publisher: StartPublisher, protocol: Protocol
) -> None:
    publisher = start_publisher(settings(mosquitto, protocol))
    publisher.announce(INFO)
    publisher.announce(Message(INFO.topic, b'{"newest":1}', qos=1))
    assert publisher.connected.wait(5.0)
    mosquitto.kill()
    wait_until(lambda: not publisher.connected.is_set(), "the loss to be noticed")
    mosquitto.start()
    subscriber = mosquitto.subscribe("edgevision/#")
    subscriber.wait_for_payload(STATUS, b"online")
    subscriber.wait_for_payload(INFO.topic, b'{"newest":1}')
    assert publisher.connected.wait(5.0)
    assert publisher.publish(Message("edgevision/pi/stats", b"works again"))
    subscriber.wait_for_payload("edgevision/pi/stats", b"works again")


def test_a_late_subscriber_finds_the_retained_state(mosquitto: Mosquitto, start_publisher: StartPublisher) -> None:
    publisher = start_publisher(settings(mosquitto))
    publisher.announce(INFO)
    assert publisher.connected.wait(5.0)
    assert publisher.publish(Message("edgevision/pi/stats", b"not retained"))
    wait_until(lambda: publisher.depth == 0, "everything to be sent")
    received = mosquitto.subscribe("#").catch_up()
    assert {message.topic: message.payload for message in received} == {STATUS: b"online", INFO.topic: b"{}"}
    assert all(message.retain for message in received)


def test_the_broker_says_offline_when_the_process_is_killed(mosquitto: Mosquitto) -> None:
    subscriber = mosquitto.subscribe(STATUS)
    with subprocess.Popen([sys.executable, "-c", LONELY, str(mosquitto.port)]) as process:
        try:
            subscriber.wait_for_payload(STATUS, b"online")
        finally:
            process.kill()
    received = subscriber.wait_for_payload(STATUS, b"offline")
    assert received[-1] == Received(STATUS, b"offline", 1, True)


def test_without_a_connection_qos_0_is_dropped_and_counted_and_qos_1_is_held(
    tmp_path: Path, start_publisher: StartPublisher
) -> None:
    broker = Mosquitto(tmp_path)
    publisher = start_publisher(settings(broker))
    assert not publisher.publish(Message("a", b"lost"))
    assert publisher.publish(Message("a", b"kept", qos=1))
    assert (publisher.dropped, publisher.depth) == (1, 1)
    for _ in range(1000):
        publisher.publish(Message("b", b"", qos=1))
    assert (publisher.dropped, publisher.depth) == (2, 1000)
    with broker:
        wait_until(lambda: publisher.depth == 0, "what was held to be acknowledged")


def test_what_is_to_be_kept_is_held_though_its_qos_be_0(tmp_path: Path, start_publisher: StartPublisher) -> None:
    broker = Mosquitto(tmp_path)
    publisher = start_publisher(settings(broker))
    assert publisher.publish(Message("a", b"kept", retain=True, keep=True))
    assert (publisher.dropped, publisher.depth) == (0, 1)
    with broker:
        broker.subscribe("a").wait_for_payload("a", b"kept")


def test_qos_1_in_flight_is_sent_again_after_a_lost_connection(
    mosquitto: Mosquitto, start_publisher: StartPublisher
) -> None:
    publisher = start_publisher(settings(mosquitto))
    assert publisher.connected.wait(5.0)
    mosquitto.freeze()
    for number in range(30):  # more than the 20 that paho sends without an acknowledgement
        assert publisher.publish(Message("a", str(number).encode(), qos=1, retain=True))
    mosquitto.kill()
    wait_until(lambda: not publisher.connected.is_set(), "the loss to be noticed")
    mosquitto.start()
    mosquitto.subscribe("a").wait_for_payload("a", b"29")
    wait_until(lambda: publisher.depth == 0, "all acknowledgements")


def test_a_stalled_network_costs_no_more_memory_than_promised(
    mosquitto: Mosquitto, start_publisher: StartPublisher
) -> None:
    publisher = start_publisher(settings(mosquitto))
    assert publisher.connected.wait(5.0)
    mosquitto.freeze()
    picture = bytes(1024 * 1024)
    taken = sum(publisher.publish(Message("pictures", picture)) for _ in range(100))
    assert 16 <= taken < 40  # some go into the sockets' buffers
    assert publisher.dropped == 100 - taken


def test_threads_publish_side_by_side(mosquitto: Mosquitto, start_publisher: StartPublisher) -> None:
    subscriber = mosquitto.subscribe("threads/#")
    publisher = start_publisher(settings(mosquitto))
    assert publisher.connected.wait(5.0)

    def send(name: int) -> None:
        for number in range(100):
            publisher.publish(Message(f"threads/{name}", str(number).encode(), qos=1))

    threads = [threading.Thread(target=send, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    subscriber.wait_for(lambda messages: len(messages) == 400)
    for name in range(4):
        assert subscriber.payloads(f"threads/{name}") == [str(number).encode() for number in range(100)]


def test_an_error_inside_paho_costs_one_connection_only(
    mosquitto: Mosquitto, start_publisher: StartPublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, errors = Client.loop, [struct.error("a bug of paho's")]

    def fail_once(client: Client, timeout: float = 1.0) -> MQTTErrorCode:
        if errors:
            raise errors.pop()
        return loop(client, timeout)

    monkeypatch.setattr(Client, "loop", fail_once)
    publisher = start_publisher(settings(mosquitto))
    assert publisher.connected.wait(5.0)
    assert not errors


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_dead_network_thread_is_no_secret(mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a bug of ours")

    monkeypatch.setattr("edgevision.publish.client.Connection.step", broken)
    publisher = Publisher(settings(mosquitto), STATUS, QUICK)
    publisher.start()
    wait_until(lambda: publisher.failure is not None, "the failure to show")
    assert isinstance(publisher.failure, RuntimeError)
    assert not publisher.connected.is_set()
    assert not publisher.stop(1.0)


def test_leaves_no_descriptors_behind(tmp_path: Path, start_publisher: StartPublisher) -> None:
    broker = Mosquitto(tmp_path)
    publisher = start_publisher(settings(broker))
    with broker:
        assert publisher.connected.wait(5.0)
        before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - iterdir would hold one open itself
        for _ in range(5):
            broker.kill()
            wait_until(lambda: not publisher.connected.is_set(), "the loss to be noticed")
            broker.start()
            assert publisher.connected.wait(5.0)
        assert len(os.listdir("/proc/self/fd")) <= before + 1  # noqa: PTH208


def test_what_is_to_be_kept_outlives_a_broker_that_dies_with_it_unread(
    mosquitto: Mosquitto,
) -> None:
    # The subscriber is to be there when it comes back.
    publisher = Publisher(settings(mosquitto), STATUS, replace(QUICK, first_retry=2.0, longest_retry=2.0))
    publisher.start()
    assert publisher.connected.wait(10.0)
    wait_until(lambda: publisher.depth == 0, "the announcements to be acknowledged")
    mosquitto.freeze()  # what is written now waits in the kernel, and dies with the broker
    for number in range(50):
        assert publisher.publish(Message("kept", b"%d" % number, keep=True))
    assert publisher.publish(Message("not-kept", b""))
    wait_until(lambda: publisher.depth == 50, "everything to be written")
    mosquitto.kill()
    wait_until(lambda: not publisher.connected.is_set(), "the publisher to notice")
    mosquitto.start()
    subscriber = mosquitto.subscribe("kept")
    subscriber.wait_for(lambda messages: len(messages) == 50, "what was kept")
    assert subscriber.payloads("kept") == [b"%d" % number for number in range(50)]
    wait_until(lambda: publisher.depth == 0, "the confirmation")
    assert publisher.stop(5.0)
