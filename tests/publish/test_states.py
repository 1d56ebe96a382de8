"""Announced states: the broker ends up with the newest of each, whatever happens, and they cost little meanwhile."""

import random
import threading
import tracemalloc
from pathlib import Path

import pytest

from edgevision.publish.broker import BrokerSettings
from edgevision.publish.client import Publisher
from edgevision.publish.in_flight import WINDOW
from edgevision.publish.message import Message
from edgevision.publish.states import States, Turn
from tests.mosquitto import Mosquitto, Received, wait_until
from tests.publish.conftest import (
    QUICK,
    STATUS,
    Protocol,
    StartPublisher,
    both_protocols,
    settings,
    wait_for_warning,
    warnings,
)
from tests.publish.scripted_broker import ScriptedBroker

MIB = 1024 * 1024
PICTURE = "edgevision/pi/front/snapshot"
COUNT = "edgevision/pi/front/count/person"
EVENTS = "edgevision/pi/front/events"


def picture(number: int, size: int = MIB) -> Message:
    return Message(PICTURE, b"%d " % number + bytes(size))


def published(broker: Mosquitto) -> list[str]:
    """The topics in the order in which the broker got them: to a subscriber, it doesn't keep that order itself."""
    return [
        topic
        for line in broker.log_path.read_text().splitlines()
        for topic in (COUNT, EVENTS, PICTURE)
        if "Received PUBLISH" in line and f"'{topic}'" in line
    ]


@both_protocols
def test_a_large_picture_arrives_and_is_retained(
    mosquitto: Mosquitto, start_publisher: StartPublisher, protocol: Protocol
) -> None:
    publisher = start_publisher(settings(mosquitto, protocol))
    assert publisher.connected.wait(5.0)
    publisher.announce(picture(1, 5 * MIB))
    wait_until(lambda: publisher.depth == 0, "it to be written")
    (received,) = mosquitto.subscribe(PICTURE).wait_for(lambda messages: len(messages) == 1)
    assert (received.payload, received.qos, received.retain) == (picture(1, 5 * MIB).payload, 0, True)


@pytest.mark.parametrize("qos", [0, 1])
def test_a_frozen_broker_costs_one_picture_on_its_way_and_the_newest(
    mosquitto: Mosquitto, start_publisher: StartPublisher, qos: int
) -> None:
    publisher = start_publisher(settings(mosquitto))
    assert publisher.connected.wait(5.0)
    wait_until(lambda: publisher.depth == 0, "online to be acknowledged")
    subscriber = mosquitto.subscribe(PICTURE)
    mosquitto.freeze()
    tracemalloc.start()
    try:
        for number in range(100):
            publisher.announce(Message(PICTURE, picture(number, 4 * MIB).payload, qos=qos))
        assert publisher.depth <= 2
        assert tracemalloc.get_traced_memory()[0] < 30 * MIB
    finally:
        tracemalloc.stop()
    mosquitto.thaw()
    subscriber.wait_for_payload(PICTURE, picture(99, 4 * MIB).payload)
    assert len(subscriber.payloads(PICTURE)) <= 3
    assert publisher.dropped == 0


def test_counts_that_change_often_do_not_pile_up(mosquitto: Mosquitto, start_publisher: StartPublisher) -> None:
    publisher = start_publisher(settings(mosquitto))
    assert publisher.connected.wait(5.0)
    subscriber = mosquitto.subscribe(f"{COUNT}/#")
    mosquitto.freeze()
    for number in range(10_000):
        publisher.announce(Message(f"{COUNT}/{number % 50}", b"%d" % number, qos=1))
    assert publisher.depth <= 101
    mosquitto.thaw()
    subscriber.wait_for(lambda messages: sum(int(message.payload) >= 9_950 for message in messages) == 50)
    assert len(subscriber.messages) <= 150


def test_pictures_do_not_crowd_out_events(mosquitto: Mosquitto, start_publisher: StartPublisher) -> None:
    publisher = start_publisher(settings(mosquitto))
    assert publisher.connected.wait(5.0)
    mosquitto.freeze()
    tracemalloc.start()
    try:
        for number in range(40):
            publisher.announce(Message(f"{PICTURE}/{number}", bytes(MIB)))
        assert tracemalloc.get_traced_memory()[0] < 70 * MIB  # 40 kept, 16 on their way, and some written
    finally:
        tracemalloc.stop()
    assert all(publisher.publish(Message(EVENTS, b"%d" % number, qos=1)) for number in range(900))
    mosquitto.thaw()
    wait_until(lambda: publisher.depth == 0, "all to be acknowledged")
    assert len(mosquitto.subscribe(f"{PICTURE}/#").wait_for(lambda messages: len(messages) == 40)) == 40


def test_a_picture_does_not_overtake_the_event_that_it_belongs_to(
    mosquitto: Mosquitto, start_publisher: StartPublisher
) -> None:
    publisher = start_publisher(settings(mosquitto))
    assert publisher.connected.wait(5.0)
    mosquitto.freeze()
    for number in range(100):  # paho writes 20 of them, and the others as these are acknowledged
        assert publisher.publish(Message(EVENTS, b"%d" % number, qos=1))
    publisher.announce(picture(1, 1000))
    mosquitto.thaw()
    wait_until(lambda: PICTURE in published(mosquitto), "the picture to arrive")
    assert published(mosquitto) == [*[EVENTS] * 100, PICTURE]


def test_after_an_outage_a_picture_comes_after_the_events_before_it(
    tmp_path: Path, start_publisher: StartPublisher
) -> None:
    broker = Mosquitto(tmp_path)
    publisher = start_publisher(settings(broker))
    for number in range(100):
        assert publisher.publish(Message(EVENTS, b"%d" % number, qos=1, retain=True))
    publisher.announce(picture(1, 1000))
    publisher.announce(Message(COUNT, b"1", qos=1))
    with broker:
        wait_until(lambda: PICTURE in published(broker), "the picture to arrive")
        wait_until(lambda: publisher.depth == 0, "all to be acknowledged")
    assert published(broker) == [COUNT, *[EVENTS] * 100, PICTURE]


@both_protocols
def test_what_is_retracted_is_cleared_and_not_announced_again(
    tmp_path: Path, start_publisher: StartPublisher, protocol: Protocol
) -> None:
    with Mosquitto(tmp_path / "broker", persistence=True) as broker:
        publisher = start_publisher(settings(broker, protocol))
        assert publisher.connected.wait(5.0)
        publisher.announce(Message(COUNT, b"1", qos=1))
        publisher.announce(picture(1))
        publisher.retract(PICTURE)  # while it is on its way
        publisher.retract(COUNT)
        wait_until(lambda: publisher.depth == 0, "all to be acknowledged")
        broker.restart()
        wait_until(lambda: publisher.connected.is_set() and publisher.depth == 0, "the announcements")
        received = broker.subscribe("edgevision/#").catch_up()
        assert [message.topic for message in received] == [STATUS]
        assert broker.log_path.read_text().count(f"'{COUNT}'") == 2, "announced, retracted, and that was it"


def test_what_is_retracted_while_the_broker_is_away_is_cleared_when_it_is_back(
    tmp_path: Path, start_publisher: StartPublisher
) -> None:
    with Mosquitto(tmp_path / "broker", persistence=True) as broker:
        publisher = start_publisher(settings(broker))
        assert publisher.connected.wait(5.0)
        publisher.announce(Message(COUNT, b"1", qos=1))
        wait_until(lambda: publisher.depth == 0, "the announcement")
        broker.stop()
        wait_until(lambda: not publisher.connected.is_set(), "the loss to be noticed")
        publisher.retract(COUNT)
        publisher.retract("left/by/an/earlier/run")
        broker.start()
        wait_until(lambda: publisher.connected.is_set() and publisher.depth == 0, "the announcements")
        received = broker.subscribe("#").catch_up()
        assert [message.topic for message in received] == [STATUS]


@pytest.mark.parametrize("payloads", [(b"", b"3"), (b"1", b""), (b"1", b"", b"2", b"", b"3"), (b"", b"1", b"")])
def test_the_last_word_holds_be_it_a_state_or_its_retraction(
    mosquitto: Mosquitto, start_publisher: StartPublisher, payloads: tuple[bytes, ...]
) -> None:
    publisher = start_publisher(settings(mosquitto))
    assert publisher.connected.wait(5.0)
    subscriber = mosquitto.subscribe(COUNT)
    mosquitto.freeze()
    for payload in payloads:
        publisher.announce(Message(COUNT, payload, qos=1))
    mosquitto.thaw()
    wait_until(lambda: publisher.depth == 0, "all to be acknowledged")
    assert subscriber.catch_up()[-1].payload == payloads[-1]


def test_a_state_needs_no_other_keeping(mosquitto: Mosquitto, start_publisher: StartPublisher) -> None:
    publisher = start_publisher(settings(mosquitto))
    assert publisher.connected.wait(5.0)
    for number in range(3):
        publisher.announce(Message(PICTURE, b"%d" % number, keep=True))
    mosquitto.subscribe(PICTURE).wait_for_payload(PICTURE, b"2")
    wait_until(lambda: publisher.depth == 0, "all to be written")


def test_a_picture_that_waits_at_the_end_comes_after_its_event_and_before_offline(
    mosquitto: Mosquitto, start_publisher: StartPublisher
) -> None:
    publisher = start_publisher(settings(mosquitto))
    assert publisher.connected.wait(5.0)
    subscriber = mosquitto.subscribe("edgevision/#", qos=0)
    mosquitto.freeze()
    for number in range(100):
        assert publisher.publish(Message(EVENTS, b"%d" % number, qos=1))
    publisher.announce(picture(1, 1000))
    thaw = threading.Timer(0.3, mosquitto.thaw)
    thaw.start()
    assert publisher.stop(10.0)
    thaw.join()
    received = subscriber.wait_for_payload(STATUS, b"offline")
    assert [message.topic for message in received[-3:]] == [EVENTS, PICTURE, STATUS]


@pytest.mark.parametrize("qos", [0, 1])
def test_the_last_states_are_told_before_offline(
    mosquitto: Mosquitto, start_publisher: StartPublisher, qos: int
) -> None:
    publisher = start_publisher(settings(mosquitto))
    assert publisher.connected.wait(5.0)
    subscriber = mosquitto.subscribe("edgevision/#")
    mosquitto.freeze()
    for number in (2, 1, 0):
        publisher.publish(Message(EVENTS, bytes(MIB), qos=1))
        publisher.announce(Message(COUNT, b"%d" % number, qos=qos))
    thaw = threading.Timer(0.3, mosquitto.thaw)
    thaw.start()
    assert publisher.stop(10.0)
    thaw.join()
    received = subscriber.wait_for_payload(STATUS, b"offline")
    assert received[-1].topic == STATUS
    assert subscriber.payloads(COUNT)[-1] == b"0"


def test_the_broker_ends_up_with_the_newest_of_each(tmp_path: Path, start_publisher: StartPublisher) -> None:
    newest: dict[str, bytes] = {}
    with Mosquitto(tmp_path / "broker", persistence=True) as broker:
        publisher = start_publisher(settings(broker))
        assert publisher.connected.wait(5.0)

        def announce(name: int) -> None:
            chance = random.Random(name)
            for number in range(3000):
                topic = f"states/{name}/{chance.randrange(10)}"
                payload = b"" if chance.random() < 0.2 else b"%d" % number + bytes(chance.choice((0, 100)))
                newest[topic] = payload
                publisher.announce(Message(topic, payload, qos=chance.randrange(2)))

        threads = [threading.Thread(target=announce, args=(name,)) for name in range(4)]
        for thread in threads:
            thread.start()
        broker.restart()
        broker.kill()
        broker.start()
        for thread in threads:
            thread.join()
        wait_until(lambda: publisher.connected.is_set() and publisher.depth == 0, "all to be acknowledged")
        there = {topic: payload for topic, payload in newest.items() if payload}
        subscriber = broker.subscribe("states/#")

        def held(messages: list[Received]) -> dict[str, bytes]:
            newest = {message.topic: message.payload for message in messages}
            return {topic: payload for topic, payload in newest.items() if payload}

        subscriber.wait_for(lambda messages: held(messages) == there)


def test_a_state_lost_with_the_connection_is_no_message_dropped(
    mosquitto: Mosquitto, start_publisher: StartPublisher
) -> None:
    publisher = start_publisher(settings(mosquitto))
    assert publisher.connected.wait(5.0)
    mosquitto.freeze()
    publisher.announce(picture(1, 8 * MIB))
    assert publisher.depth > 0
    mosquitto.kill()
    wait_until(lambda: not publisher.connected.is_set(), "the loss to be noticed")
    assert publisher.dropped == 0
    mosquitto.start()
    mosquitto.subscribe(PICTURE).wait_for_payload(PICTURE, picture(1, 8 * MIB).payload)


def test_a_state_that_the_broker_refuses_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    acl = f"user pi\ntopic write {STATUS}\n"
    with Mosquitto(tmp_path / "broker", users={"pi": "p"}, acl=acl) as broker:
        publisher = Publisher(BrokerSettings(broker.host, broker.port, "pi", "p"), STATUS, QUICK)
        publisher.start()
        assert publisher.connected.wait(5.0)
        for number in range(3):
            publisher.announce(Message(COUNT, b"%d" % number, qos=1))
            wait_until(lambda: publisher.depth == 0, "the refusal")
        wait_for_warning(caplog, COUNT, "doesn't let us publish")
        assert len(warnings(caplog)) == 1
        assert publisher.stop(2.0)


def test_what_is_larger_than_the_broker_takes_does_not_cost_the_connection(
    start_publisher: StartPublisher, caplog: pytest.LogCaptureFixture
) -> None:
    at_most_2000 = bytes.fromhex("20 08 00 00 05 27 00 00 07 d0")
    with ScriptedBroker(at_most_2000) as broker:
        publisher = Publisher(BrokerSettings(broker.host, broker.port), STATUS, QUICK)
        publisher.announce(picture(1, 2000))
        assert publisher.publish(Message("held", bytes(2000), qos=1))
        publisher.start()
        wait_for_warning(caplog, PICTURE, "2002 bytes")
        assert publisher.connected.wait(5.0)
        assert not publisher.publish(Message("a", bytes(1990), qos=1))
        assert publisher.publish(Message("a", bytes(1989), qos=1))
        publisher.announce(picture(2, 2000))
        publisher.announce(picture(3, 1000))
        wait_until(lambda: b"3 " in broker.after_connect, "the picture that fits")
        assert publisher.dropped == 4
        assert b"held" not in broker.after_connect
        assert len([text for text in warnings(caplog) if PICTURE in text]) == 1
        publisher.stop(0.5)


def test_a_state_waits_for_the_events_before_it_but_not_for_ever() -> None:
    states, count = States(), Message(COUNT, b"1", qos=1, retain=True)
    states.keep(count)
    states.mark(COUNT, 0, Turn(delivered=5, at_latest=10.0))
    assert states.take_due(0, delivered=4, now=9.0) is None
    assert states.take_due(0, delivered=5, now=9.0) == count
    states.skip(COUNT)
    states.mark(COUNT, 0, Turn(delivered=5, at_latest=10.0))
    assert states.take_due(0, delivered=4, now=10.0) == count


def test_a_state_that_was_announced_later_overtakes_none_that_waits() -> None:
    states, count, shot = States(), Message(COUNT, b"1", qos=1, retain=True), picture(1, 10)
    for state in (count, shot):
        states.keep(state)
    states.mark(COUNT, 0, Turn(delivered=1, at_latest=10.0))
    states.mark(PICTURE, 0)
    assert states.take_due(0, delivered=0, now=0.0) is None
    assert states.take_due(0, delivered=1, now=0.0) == count
    assert states.take_due(0, delivered=1, now=0.0) == shot


def test_a_picture_waits_until_every_message_before_it_has_a_place_in_pahos_window() -> None:
    states = States()
    shot = picture(1, 10)
    states.keep(shot)
    states.mark(PICTURE, handed=100)
    assert states.take_due(acknowledged=100 - WINDOW) is None  # paho may not have given the last free place away yet
    assert states.take_due(acknowledged=100 - WINDOW + 1) == shot
