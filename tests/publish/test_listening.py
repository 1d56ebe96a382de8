"""Listening while publishing: what comes is handed on, and nothing that comes, or doesn't, holds up the publishing."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from paho.mqtt.publish import single

from edgevision.publish.broker import BrokerSettings
from edgevision.publish.client import Publisher, Timing
from edgevision.publish.listeners import LONGEST_PAYLOAD
from edgevision.publish.message import Message
from tests.mosquitto import Mosquitto, wait_until
from tests.publish.conftest import QUICK, STATUS, Protocol, both_protocols, settings, wait_for_warning, warnings
from tests.publish.scripted_broker import CONNACK_5, CONNACK_311, ScriptedBroker

COMMAND = "edgevision/pi/front/detect/set"
OTHER = "edgevision/pi/front/snapshot/set"
BIRTH = "homeassistant/status"

SUBSCRIBE = 0x82
PUBLISH = 0x30


def say(broker: Mosquitto, topic: str, payload: bytes, *, retain: bool = False) -> None:
    """What somebody else publishes; the broker has it when this returns."""
    single(topic, payload, qos=1, retain=retain, hostname=broker.host, port=broker.port)


def wait_for_online(broker: Mosquitto) -> None:
    """Waits until the broker has `online`, and so the subscription, too, which comes before it."""
    broker.subscribe(STATUS).wait_for_payload(STATUS, b"online")


class Heard(list[tuple[str, bytes]]):
    """What a handler was given."""

    def __call__(self, topic: str, payload: bytes) -> None:
        self.append((topic, payload))

    def wait_for(self, *messages: tuple[str, bytes]) -> None:
        wait_until(lambda: len(self) >= len(messages), f"{messages} to be heard")
        assert self == list(messages)


@pytest.fixture
def heard() -> Heard:
    return Heard()


StartListening = Callable[..., Publisher]


@pytest.fixture
def start_listening(request: pytest.FixtureRequest) -> StartListening:
    def start(
        broker: BrokerSettings, handler: Callable[[str, bytes], None], timing: Timing = QUICK, *, retained: bool = False
    ) -> Publisher:
        publisher = Publisher(broker, STATUS, timing)
        publisher.listen([COMMAND, OTHER], handler, retained=retained)
        publisher.start()
        request.addfinalizer(lambda: publisher.stop(1.0))
        return publisher

    return start


@both_protocols
def test_a_message_is_handed_on_also_after_the_broker_was_away(
    mosquitto: Mosquitto, start_listening: StartListening, heard: Heard, protocol: Protocol
) -> None:
    publisher = start_listening(settings(mosquitto, protocol), heard)
    wait_for_online(mosquitto)
    say(mosquitto, COMMAND, b"ON")
    say(mosquitto, "edgevision/pi/front/detect", b"not listened to")
    say(mosquitto, OTHER, b"\x00\xff")
    heard.wait_for((COMMAND, b"ON"), (OTHER, b"\x00\xff"))
    mosquitto.kill()
    wait_until(lambda: not publisher.connected.is_set(), "the loss to be noticed")
    mosquitto.start()
    wait_for_online(mosquitto)
    say(mosquitto, COMMAND, b"OFF")
    wait_until(lambda: (COMMAND, b"OFF") in heard, "the command after the restart")


def test_a_command_in_answer_to_online_is_heard(mosquitto: Mosquitto, start_listening: StartListening) -> None:
    # By the bytes: SUBSCRIBE must reach the broker before `online` does.
    with ScriptedBroker(CONNACK_311) as broker:
        start_listening(BrokerSettings(broker.host, broker.port, protocol="3.1.1"), Heard())
        wait_until(lambda: STATUS.encode() in broker.after_connect, "`online`")
        first = broker.after_connect
    assert first[0] == SUBSCRIBE
    assert first.index(COMMAND.encode()) < first.index(STATUS.encode())


@both_protocols
def test_an_old_wish_does_not_undo_a_newer_one(
    tmp_path: Path,
    start_listening: StartListening,
    heard: Heard,
    caplog: pytest.LogCaptureFixture,
    protocol: Protocol,
) -> None:
    with Mosquitto(tmp_path / "broker", persistence=True) as broker:
        say(broker, COMMAND, b"OFF", retain=True)
        publisher = start_listening(settings(broker, protocol), heard)
        wait_for_online(broker)
        say(broker, COMMAND, b"ON", retain=True)  # while we listen it is new, retained or not
        heard.wait_for((COMMAND, b"ON"))
        broker.stop()
        wait_until(lambda: not publisher.connected.is_set(), "the loss to be noticed")
        broker.start()
        wait_for_online(broker)
        say(broker, OTHER, b"")
        heard.wait_for((COMMAND, b"ON"), (OTHER, b""))
    told = [text for text in warnings(caplog) if "without retain" in text]
    assert len(told) == 1
    assert COMMAND in told[0]


def test_who_asks_for_what_was_retained_gets_it(
    mosquitto: Mosquitto, heard: Heard, start_listening: StartListening
) -> None:
    say(mosquitto, COMMAND, b"online", retain=True)
    start_listening(settings(mosquitto), heard, retained=True)
    heard.wait_for((COMMAND, b"online"))


@both_protocols
def test_a_payload_of_any_size_does_no_harm(
    mosquitto: Mosquitto, start_listening: StartListening, heard: Heard, protocol: Protocol
) -> None:
    publisher = start_listening(settings(mosquitto, protocol), heard)
    wait_for_online(mosquitto)
    longest = bytes(LONGEST_PAYLOAD)
    for payload in (longest, longest + b"x", bytes(1024 * 1024)):
        say(mosquitto, COMMAND, payload)
    say(mosquitto, COMMAND, b"ON")
    heard.wait_for((COMMAND, longest), (COMMAND, b"ON"))
    assert publisher.connected.is_set()


def test_a_message_that_would_fill_the_memory_is_not_read_to_its_end(
    mosquitto: Mosquitto, start_listening: StartListening, heard: Heard, caplog: pytest.LogCaptureFixture
) -> None:
    publisher = start_listening(settings(mosquitto, "3.1.1"), heard)
    wait_for_online(mosquitto)
    say(mosquitto, COMMAND, bytes(17 * 1024 * 1024), retain=True)
    wait_for_warning(caplog, "17825", "no command")
    wait_for_online(mosquitto)
    publisher.announce(Message("a", b"goes on", qos=1))
    mosquitto.subscribe("a").wait_for_payload("a", b"goes on")
    assert heard == []
    time.sleep(0.5)
    connected = mosquitto.log_path.read_text().count("as edgevision-pi ")
    assert connected == 2, "or it would be asked for again and again"


def test_a_handler_that_fails_is_told_once_and_costs_nothing_else(
    mosquitto: Mosquitto, start_listening: StartListening, heard: Heard, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(topic: str, payload: bytes) -> None:
        heard(topic, payload)
        raise RuntimeError("a bug of ours")

    publisher = start_listening(settings(mosquitto), fail)
    wait_for_online(mosquitto)
    for number in range(3):
        say(mosquitto, COMMAND, b"%d" % number)
    heard.wait_for(*((COMMAND, b"%d" % number) for number in range(3)))
    assert publisher.failure is None
    assert publisher.connected.is_set()
    assert [record.exc_info is not None for record in caplog.records if "failed" in record.getMessage()] == [True]


def test_a_handler_may_publish_and_announce(mosquitto: Mosquitto, start_listening: StartListening) -> None:
    publishers: list[Publisher] = []

    def answer(_topic: str, payload: bytes) -> None:
        publishers[0].announce(Message("state", payload, qos=1))
        publishers[0].publish(Message("answer", payload, qos=1))

    publishers.append(start_listening(settings(mosquitto), answer))
    wait_for_online(mosquitto)
    subscriber = mosquitto.subscribe("#")
    say(mosquitto, COMMAND, b"ON")
    subscriber.wait_for_payload("state", b"ON")
    subscriber.wait_for_payload("answer", b"ON")


def test_commands_and_publishing_threads_do_not_lock_each_other(
    mosquitto: Mosquitto, start_listening: StartListening, heard: Heard
) -> None:
    publishers: list[Publisher] = []

    def answer(topic: str, payload: bytes) -> None:
        publishers[0].announce(Message("state", payload, qos=1))
        heard(topic, payload)

    publisher = start_listening(settings(mosquitto), answer)
    publishers.append(publisher)
    wait_for_online(mosquitto)
    over = threading.Event()

    def chatter() -> None:
        number = 0
        while not over.is_set():
            number += 1
            publisher.publish(Message("chatter", b"", qos=number % 2))
            publisher.announce(Message("count", b"%d" % number, qos=number % 2))

    threads = [threading.Thread(target=chatter) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for number in range(50):
            say(mosquitto, COMMAND, b"%d" % number)
        heard.wait_for(*((COMMAND, b"%d" % number) for number in range(50)))
    finally:
        over.set()
        for thread in threads:
            thread.join()
    wait_until(lambda: publisher.depth == 0, "all to be acknowledged")


@pytest.mark.parametrize(
    ("protocol", "connack", "suback"),
    [("5", CONNACK_5, "90 05 00 01 00 87 01"), ("3.1.1", CONNACK_311, "90 04 00 01 80 01")],
)
def test_a_denied_subscription_is_told_once_a_topic_and_publishing_goes_on(
    start_listening: StartListening, protocol: Protocol, connack: bytes, suback: str, caplog: pytest.LogCaptureFixture
) -> None:
    with ScriptedBroker(connack + bytes.fromhex(suback)) as broker:
        publisher = start_listening(BrokerSettings(broker.host, broker.port, protocol=protocol), Heard())
        wait_for_warning(caplog, COMMAND, "ACL")
        publisher.announce(Message("a", b"goes on"))
        wait_until(lambda: b"goes on" in broker.after_connect, "what is published")
        broker.hang_up()
        wait_until(lambda: broker.connections == 2 and publisher.connected.is_set(), "the second connection")
        wait_until(lambda: b"goes on" in broker.after_connect, "what is published")
        time.sleep(0.2)
    told = [text for text in warnings(caplog) if "doesn't let us read" in text]
    assert len(told) == 1
    assert OTHER not in told[0]


def test_an_acl_that_lets_us_read_nothing_costs_no_publishing(
    tmp_path: Path, start_listening: StartListening, heard: Heard
) -> None:
    acl = "user boss\ntopic readwrite #\nuser pi\ntopic write edgevision/#\n"
    with Mosquitto(tmp_path / "broker", users={"boss": "b", "pi": "p"}, acl=acl) as broker:
        where = BrokerSettings(broker.host, broker.port, "pi", "p", client_id="edgevision-pi")
        publisher = start_listening(where, heard)
        assert publisher.connected.wait(5.0)
        publisher.announce(Message("edgevision/a", b"goes on", qos=1))
        broker.subscribe("edgevision/#").wait_for_payload("edgevision/a", b"goes on")


def test_a_broker_that_never_answers_subscribe_holds_up_nothing(
    start_listening: StartListening, caplog: pytest.LogCaptureFixture
) -> None:
    with ScriptedBroker(CONNACK_5) as broker:
        publisher = start_listening(BrokerSettings(broker.host, broker.port), Heard())
        assert publisher.connected.wait(5.0)
        assert publisher.publish(Message("a", b"goes on"))
        wait_until(lambda: b"goes on" in broker.after_connect, "what is published")
        before = time.monotonic()
        publisher.stop(1.0)
        assert time.monotonic() - before < 1.5
        assert warnings(caplog) == []


def test_a_broker_that_breaks_off_at_subscribe_is_published_to_all_the_same(
    start_listening: StartListening, caplog: pytest.LogCaptureFixture
) -> None:
    with ScriptedBroker(CONNACK_5, close_at=SUBSCRIBE) as broker:
        publisher = start_listening(BrokerSettings(broker.host, broker.port), Heard())
        publisher.announce(Message("a", b"goes on"))
        wait_for_warning(caplog, COMMAND, "commands are not heard")
        wait_until(lambda: broker.connections == 3, "the connection without SUBSCRIBE")
        wait_until(lambda: b"goes on" in broker.after_connect, "what is published")
        assert COMMAND.encode() not in broker.after_connect
        assert publisher.connected.wait(5.0)


def test_two_losses_with_an_answer_between_them_are_chance(start_listening: StartListening) -> None:
    suback = bytes.fromhex("90 05 00 01 00 01 01")
    with ScriptedBroker(CONNACK_5, CONNACK_5 + suback, CONNACK_5) as broker:
        publisher = start_listening(BrokerSettings(broker.host, broker.port), Heard())

        def expect_subscribe(connection: int) -> None:
            wait_until(lambda: broker.connections == connection, f"connection {connection}")
            wait_until(lambda: STATUS.encode() in broker.after_connect, "`online`")
            assert COMMAND.encode() in broker.after_connect

        for connection in (1, 2, 3):
            expect_subscribe(connection)
            publisher.announce(Message("answered", b""))
            wait_until(lambda: b"answered" in broker.after_connect, "what comes after the answer")
            broker.hang_up()
        expect_subscribe(4)


def test_an_mqtt_5_broker_is_told_to_keep_large_packets_to_itself(start_listening: StartListening) -> None:
    with ScriptedBroker(CONNACK_5) as broker:
        start_listening(BrokerSettings(broker.host, broker.port), Heard())
        wait_until(lambda: broker.connections == 1, "the connection")
        assert bytes.fromhex("27 00 01 00 00") in broker.received[0]  # Maximum Packet Size: 64 KiB


def test_after_a_while_it_tries_to_listen_again(start_listening: StartListening) -> None:
    timing = Timing(connect=5.0, answer=0.5, first_retry=0.05, longest_retry=0.1, listen_again=0.5)
    with ScriptedBroker(CONNACK_5, close_at=SUBSCRIBE) as broker:
        start_listening(BrokerSettings(broker.host, broker.port), Heard(), timing)
        wait_until(lambda: broker.connections == 4, "the connection that was subscribed on again to be lost")


def test_nothing_is_handed_on_once_it_stops(
    mosquitto: Mosquitto, start_listening: StartListening, heard: Heard
) -> None:
    going_on = threading.Event()

    def hold(topic: str, payload: bytes) -> None:
        heard(topic, payload)
        going_on.wait(10.0)

    publisher = start_listening(settings(mosquitto), hold)
    wait_for_online(mosquitto)
    say(mosquitto, COMMAND, b"ON")
    heard.wait_for((COMMAND, b"ON"))
    say(mosquitto, COMMAND, b"OFF")
    stopping = threading.Thread(target=publisher.stop, args=(5.0,))
    stopping.start()
    wait_until(publisher._stopping.is_set, "the publisher to stop")
    going_on.set()
    stopping.join()
    assert heard == [(COMMAND, b"ON")]


@pytest.mark.parametrize("topic", ["a/+/set", "a/#", "", "a\0"])
def test_what_is_no_topic_is_not_listened_to(topic: str) -> None:
    with pytest.raises(ValueError, match="topic"):
        Publisher(BrokerSettings("localhost", 1883), STATUS).listen([topic], Heard())


@both_protocols
def test_topics_may_come_and_go_while_it_is_connected(
    mosquitto: Mosquitto, start_listening: StartListening, heard: Heard, protocol: Protocol
) -> None:
    publisher = start_listening(settings(mosquitto, protocol), heard)
    wait_for_online(mosquitto)
    later = "edgevision/pi/drive/detect/set"
    publisher.listen([later], heard)
    wait_until(lambda: f"{later} (QoS 1)" in mosquitto.log_path.read_text(), "the subscription")
    publisher.unlisten([OTHER])
    say(mosquitto, OTHER, b"nobody hears")
    say(mosquitto, later, b"ON")
    heard.wait_for((later, b"ON"))
    say(mosquitto, COMMAND, b"OFF")
    heard.wait_for((later, b"ON"), (COMMAND, b"OFF"))
    assert mosquitto.log_path.read_text().count("as edgevision-pi ") == 1  # on one connection
