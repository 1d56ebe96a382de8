"""reconnect(): other settings take effect on a connection that ended in order, with nothing lost and nothing twice."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from edgevision.errors import ConfigError
from edgevision.publish.broker import BrokerSettings, TlsFiles
from edgevision.publish.client import Publisher, Timing
from edgevision.publish.message import Message
from tests.mosquitto import Mosquitto, wait_until
from tests.publish.conftest import QUICK, STATUS, settings
from tests.publish.outbox_taker import an_outbox, entry

Start = Callable[..., Publisher]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts publishers with an outbox, and stops them."""
    started: list[Publisher] = []

    def start(broker: BrokerSettings, timing: Timing = QUICK) -> Publisher:
        publisher = Publisher(broker, STATUS, timing, an_outbox(tmp_path / f"{len(started)}.db"))
        publisher.start()
        started.append(publisher)
        return publisher

    yield start
    for publisher in started:
        publisher.stop(2.0)
        assert publisher.failure is None


@pytest.fixture
def second(tmp_path: Path) -> Iterator[Mosquitto]:
    """Another broker."""
    with Mosquitto(tmp_path / "second") as broker:
        yield broker


def test_the_old_broker_is_left_in_order_and_the_new_one_is_told_all_states(
    mosquitto: Mosquitto, second: Mosquitto, start: Start
) -> None:
    old, new = mosquitto.subscribe("#"), second.subscribe("#")
    publisher = start(settings(mosquitto))
    publisher.announce(Message("info", b"{}", qos=1))
    assert publisher.connected.wait(5.0)
    old.wait_for_payload("info", b"{}")
    publisher.reconnect(settings(second))
    new.wait_for_payload("info", b"{}")
    assert new.payloads(STATUS) == [b"online"]
    old.wait_for_payload(STATUS, b"offline")
    wait_until(lambda: "disconnected." in mosquitto.log_path.read_text(), "mosquitto to see the goodbye")
    assert publisher.stop(5.0)
    new.wait_for_payload(STATUS, b"offline")


def test_in_the_middle_of_a_stream_nothing_is_lost_or_sent_twice(mosquitto: Mosquitto, start: Start) -> None:
    subscriber = mosquitto.subscribe("#")
    publisher = start(settings(mosquitto))
    assert publisher.connected.wait(5.0)
    expected = [b"%d" % number for number in range(3000)]
    for number in range(3000):
        publisher.deliver(entry(number))
        assert publisher.publish(Message("kept", b"%d" % number, qos=1))
        if number % 500 == 250:
            publisher.reconnect(settings(mosquitto))
        if number % 10 == 0:
            time.sleep(0.002)
            wait_until(lambda: publisher.depth < 500, "room for more", 30.0)  # of `kept`, 1000 may wait
    wait_until(lambda: publisher.depth == 0, "all to be acknowledged", 30.0)
    subscriber.catch_up()
    assert subscriber.payloads("events") == expected
    assert subscriber.payloads("kept") == expected
    assert publisher.dropped == 0
    assert subscriber.payloads(STATUS)[:2] == [b"online", b"offline"]


def test_what_a_frozen_broker_holds_goes_to_the_new_one(mosquitto: Mosquitto, second: Mosquitto, start: Start) -> None:
    publisher = start(settings(mosquitto))
    assert publisher.connected.wait(5.0)
    mosquitto.freeze()
    for number in range(100):
        publisher.deliver(entry(number))
        assert publisher.publish(Message("kept", b"%d" % number, qos=1))
    subscriber = second.subscribe("#")
    publisher.reconnect(settings(second))
    wait_until(lambda: publisher.connected.is_set() and publisher.depth == 0, "all to be acknowledged")
    subscriber.catch_up()
    for topic in ("events", "kept"):
        assert subscriber.payloads(topic) == [b"%d" % number for number in range(100)]


def test_a_right_password_takes_effect_at_once(tmp_path: Path, start: Start) -> None:
    with Mosquitto(tmp_path / "broker", users={"pi": "right"}) as broker:
        wrong = BrokerSettings(broker.host, broker.port, "pi", "wrong")
        publisher = start(wrong, replace(QUICK, first_retry=60.0, longest_retry=60.0))
        publisher.deliver(entry(0))
        wait_until(lambda: "not authorised" in broker.log_path.read_text(), "the refusal")
        subscriber = broker.subscribe("events")
        publisher.reconnect(replace(wrong, password="right"))
        assert publisher.connected.wait(5.0)
        subscriber.wait_for_payload("events", b"0")


def test_files_for_tls_that_cannot_be_used_change_nothing(mosquitto: Mosquitto, start: Start, tmp_path: Path) -> None:
    publisher = start(settings(mosquitto))
    assert publisher.connected.wait(5.0)
    with pytest.raises(ConfigError):
        publisher.reconnect(replace(settings(mosquitto), tls=TlsFiles(ca=tmp_path / "missing.pem")))
    assert publisher.connected.is_set()
    assert publisher.publish(Message("a", b""))


def test_many_at_once_end_at_the_last(mosquitto: Mosquitto, second: Mosquitto, start: Start) -> None:
    subscriber = second.subscribe("#")
    publisher = start(settings(mosquitto))
    for turn in range(20):
        publisher.reconnect(settings((mosquitto, second)[turn % 2]))
        time.sleep(0.01 * (turn % 4))
    publisher.deliver(entry(0))
    subscriber.wait_for_payload("events", b"0")
    assert subscriber.payloads(STATUS)[-1] == b"online"


@pytest.mark.parametrize("frozen", [False, True])
def test_stop_in_the_middle_of_it_is_in_time_and_leaves_no_thread(
    mosquitto: Mosquitto, second: Mosquitto, start: Start, frozen: bool
) -> None:
    publisher = start(settings(mosquitto), replace(QUICK, answer=20.0))
    assert publisher.connected.wait(5.0)
    if frozen:
        mosquitto.freeze()
    publisher.deliver(entry(0))
    publisher.publish(Message("kept", b"", qos=1))
    publisher.reconnect(settings(second))
    before = time.monotonic()
    publisher.stop(2.0)
    assert time.monotonic() - before < 2.5
    ours = {"publisher", "outbox"}
    wait_until(lambda: not ours & {thread.name for thread in threading.enumerate()}, "the threads to end")


def test_after_a_stop_it_does_nothing(mosquitto: Mosquitto, start: Start) -> None:
    publisher = start(settings(mosquitto))
    assert publisher.connected.wait(5.0)
    assert publisher.stop(2.0)
    publisher.reconnect(settings(mosquitto))
    assert publisher.stop(2.0)
    assert not publisher.connected.is_set()
