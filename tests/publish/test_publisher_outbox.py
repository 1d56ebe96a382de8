"""The publisher with an outbox against a real mosquitto: every event that was written arrives, in order."""

import json
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from edgevision.publish.broker import BrokerSettings
from edgevision.publish.client import Publisher, Timing
from edgevision.publish.entry import Entry
from edgevision.publish.message import Message
from edgevision.publish.outbox import Outbox
from edgevision.publish.outbox_file import OutboxFile
from tests.mosquitto import Mosquitto, Subscriber, wait_until
from tests.publish.conftest import QUICK, STATUS, Protocol, both_protocols, settings, wait_for_warning
from tests.publish.outbox_taker import an_outbox, entry, stored
from tests.publish.scripted_broker import CONNACK_311, ScriptedBroker

Start = Callable[[BrokerSettings], Publisher]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


@pytest.fixture
def start(path: Path) -> Iterator[Start]:
    """Starts publishers with the outbox at `path`, one after the other, and stops them."""
    started: list[Publisher] = []

    def start(broker: BrokerSettings) -> Publisher:
        publisher = Publisher(broker, STATUS, QUICK, an_outbox(path))
        publisher.start()
        started.append(publisher)
        return publisher

    yield start
    for publisher in started:
        publisher.stop(2.0)
        assert publisher.failure is None


def numbers(subscriber: Subscriber, topic: str = "events") -> list[int]:
    """Of the events that came, each the first time only."""
    return list(dict.fromkeys(int(payload.rstrip(b"\0")) for payload in subscriber.payloads(topic)))


def wait_for_numbers(subscriber: Subscriber, count: int, timeout: float = 20.0) -> None:
    """Waits for all events up to `count`, in order; some may come twice."""
    wait_until(lambda: len(numbers(subscriber)) >= count, f"{count} events, not {numbers(subscriber)[-5:]}", timeout)
    assert numbers(subscriber) == list(range(count))


@both_protocols
@pytest.mark.parametrize("qos", [0, 1, 2])
def test_events_arrive_in_order_and_leave_nothing_behind(
    mosquitto: Mosquitto, start: Start, path: Path, protocol: Protocol, qos: int
) -> None:
    subscriber = mosquitto.subscribe("#")
    publisher = start(settings(mosquitto, protocol))
    for number in range(300):
        publisher.deliver(replace(entry(number), qos=qos))
    wait_for_numbers(subscriber, 300)
    publisher.deliver(replace(entry(300), qos=qos))
    assert publisher.stop(5.0)
    received = subscriber.wait_for_payload(STATUS, b"offline")
    assert [message.topic for message in received] == [STATUS, *["events"] * 301, STATUS]
    assert [found.name for found in path.parent.iterdir() if found.is_file()] == ["outbox.db"]
    assert stored(path) == []


def test_what_was_delivered_before_the_start_and_while_the_broker_is_away_arrives(tmp_path: Path, path: Path) -> None:
    broker = Mosquitto(tmp_path / "broker")
    # The subscriber is to be there first.
    patient = replace(QUICK, first_retry=5.0, longest_retry=5.0)
    publisher = Publisher(settings(broker), STATUS, patient, an_outbox(path))
    publisher.deliver(entry(0))
    publisher.start()
    for number in range(1, 3000):
        publisher.deliver(entry(number))
    assert publisher.depth == 3000
    with broker:
        subscriber = broker.subscribe("events")
        wait_for_numbers(subscriber, 3000)
        wait_until(lambda: publisher.depth == 0, "all to be acknowledged")
        assert publisher.stop(5.0)


def test_a_broker_that_stops_again_and_again_gets_everything_in_order(tmp_path: Path, start: Start) -> None:
    with Mosquitto(tmp_path / "broker", persistence=True) as broker:
        subscriber = broker.subscribe("events", options=["-c", "-i", "subscriber"])
        publisher, chance, delivered = start(settings(broker)), random.Random(), 0
        for _ in range(4):
            for _ in range(300):
                publisher.deliver(entry(delivered))
                delivered += 1
            time.sleep(chance.uniform(0, 0.3))
            broker.restart()
        wait_for_numbers(subscriber, delivered)
        wait_until(lambda: publisher.depth == 0, "all to be acknowledged")
        assert publisher.dropped == 0


CHILD = """
import sys, time, random
from pathlib import Path
from edgevision.publish.broker import BrokerSettings
from edgevision.publish.client import Publisher
from edgevision.publish.entry import Entry
from edgevision.publish.outbox import Outbox
from edgevision.publish.outbox_file import OutboxFile

write = OutboxFile.write
def noted(file, new, *arguments):
    seqs = write(file, new, *arguments)
    for entry in new:
        print(entry.payload.decode(), flush=True)
    return seqs
OutboxFile.write = noted

port, path, first = int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
publisher = Publisher(BrokerSettings("127.0.0.1", port, client_id="child"), "status", outbox=Outbox(path))
publisher.start()
for number in range(first, first + 100_000):
    track, step = f"t-{number // 3}", number % 3
    kind = ("start", "update", "end")[step]
    payload = '{"id":"%s-%d","type":"%s","time":"2026-11-21T10:00:00.000Z"}' % (track, step, kind)
    publisher.deliver(Entry("events", payload.encode(), 1, track, step == 2))
    time.sleep(random.choice([0, 0, 0, 0.001, 0.02]))
"""


def test_a_process_that_is_killed_at_any_moment_loses_nothing_that_was_written(
    mosquitto: Mosquitto, path: Path
) -> None:
    subscriber = mosquitto.subscribe("events")
    chance, written, first = random.Random(), list[str](), 0
    for _ in range(8):
        command = [sys.executable, "-c", CHILD, str(mosquitto.port), str(path), str(first)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            written.append(child.stdout.readline().strip())
            killer = threading.Timer(chance.uniform(0, 0.7), child.kill)
            killer.start()
            written += [line.strip() for line in child.stdout if line.endswith("}\n")]
        first += 100_000 * 3
    publisher = Publisher(settings(mosquitto), STATUS, QUICK, Outbox(path))
    publisher.start()
    last = b'{"id":"last-0","type":"update"}'
    publisher.deliver(Entry("events", last, 1))  # behind all that was on the disk
    subscriber.wait_for_payload("events", last)
    wait_until(lambda: publisher.depth == 0, "all to be acknowledged")
    assert publisher.stop(5.0)
    events = [json.loads(payload) for payload in dict.fromkeys(subscriber.payloads("events"))]
    ids = [event["id"] for event in events]
    noted = [json.loads(line)["id"] for line in written]
    assert set(noted) <= set(ids)
    order = [one for one in ids if one in set(noted)]
    assert order == noted
    assert len(set(ids)) == len(ids)  # nothing has the id of something else
    tracks = {event["id"].rpartition("-")[0] for event in events if event["type"] == "start"}
    ended = {event["id"].rpartition("-")[0] for event in events if event["type"] == "end"}
    assert tracks == ended


def test_stop_without_a_broker_leaves_events_on_the_disk_and_is_quick(
    tmp_path: Path, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    publisher = Publisher(settings(Mosquitto(tmp_path / "b")), STATUS, Timing(first_retry=30), an_outbox(path))
    publisher.start()
    for number in range(10):
        publisher.deliver(entry(number))
    before = time.monotonic()
    assert not publisher.stop(5.0)
    assert time.monotonic() - before < 1.0
    assert stored(path) == [b"%d" % number for number in range(10)]
    assert "10 events wait in" in caplog.text
    publisher.deliver(entry(10))
    assert publisher.dropped == 1


def test_stop_keeps_its_limit_with_a_frozen_broker_and_keeps_the_events(
    mosquitto: Mosquitto, start: Start, path: Path
) -> None:
    publisher = start(settings(mosquitto))
    assert publisher.connected.wait(5.0)
    mosquitto.freeze()
    for number in range(100):
        publisher.deliver(entry(number))
    before = time.monotonic()
    assert not publisher.stop(1.5)
    assert time.monotonic() - before < 2.0
    mosquitto.thaw()
    assert stored(path) == [b"%d" % number for number in range(100)]
    subscriber = mosquitto.subscribe("#")
    assert start(settings(mosquitto)).connected.wait(5.0)
    wait_for_numbers(subscriber, 100)


def test_stop_sends_what_no_disk_takes_in_one_more_attempt(tmp_path: Path) -> None:
    (tmp_path / "state").touch()
    broker = Mosquitto(tmp_path / "broker")
    outbox = an_outbox(tmp_path / "state" / "outbox.db")
    publisher = Publisher(settings(broker), STATUS, Timing(first_retry=30.0), outbox)
    publisher.start()
    publisher.deliver(entry(0))
    wait_until(lambda: not outbox.on_disk, "the failure")
    assert not publisher.connected.wait(0.2)
    with broker:
        subscriber = broker.subscribe("#")
        assert publisher.stop(5.0)
        wait_for_numbers(subscriber, 1)
        subscriber.wait_for_payload(STATUS, b"offline")
        assert subscriber.payloads(STATUS) == [b"online", b"offline"]


def test_a_broker_that_denies_events_is_told_of_and_does_not_hold_up_the_others(
    tmp_path: Path, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    acl = "user pi\ntopic readwrite #\ntopic deny secret\n"
    with Mosquitto(tmp_path / "broker", users={"pi": "p"}, acl=acl) as broker:
        subscriber = broker.subscribe("events")
        publisher = start(BrokerSettings(broker.host, broker.port, "pi", "p"))
        for number in range(30):
            publisher.deliver(replace(entry(number), topic="secret"))
            publisher.deliver(entry(number))
        wait_for_numbers(subscriber, 30)
        wait_until(lambda: publisher.depth == 0, "all to be settled")
        assert publisher.dropped == 30
        wait_for_warning(caplog, "doesn't let us publish on secret")


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_an_event_larger_than_the_broker_takes_does_not_hold_up_the_others(
    tmp_path: Path, start: Start, protocol: Protocol, caplog: pytest.LogCaptureFixture
) -> None:
    broker = Mosquitto(tmp_path / "broker")
    with broker._configuration.open("a") as configuration:
        configuration.write("max_packet_size 5000\n")
    with broker:
        subscriber = broker.subscribe("events")
        publisher = start(settings(broker, protocol))
        publisher.deliver(entry(0))
        publisher.deliver(entry(1, 9000))
        for number in range(2, 40):
            publisher.deliver(entry(number))
        wait_until(lambda: publisher.depth == 0, "all to be settled", 20.0)
        wait_until(lambda: numbers(subscriber) == [0, *range(2, 40)], "the others")
        assert publisher.dropped == 1
        wait_for_warning(caplog, "takes no message as large" if protocol == "5" else "hung up each time")


def test_what_is_not_for_the_outbox_does_not_wait_for_the_disk(
    mosquitto: Mosquitto, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck, writing = threading.Event(), threading.Event()
    write = OutboxFile.write

    def slow(*arguments: object) -> list[int]:
        writing.set()
        stuck.wait(20)
        return write(*arguments)  # type: ignore[arg-type]  # handed through as they are

    monkeypatch.setattr(OutboxFile, "write", slow)
    subscriber = mosquitto.subscribe("#")
    publisher = start(settings(mosquitto))
    assert publisher.connected.wait(5.0)
    publisher.deliver(entry(0))
    assert writing.wait(5.0)
    assert publisher.publish(Message("detections", b"at once"))
    publisher.announce(Message("info", b"{}", qos=1))
    subscriber.wait_for(lambda messages: {"detections", "info"} <= {message.topic for message in messages})
    subscriber.catch_up()
    assert subscriber.payloads("events") == []
    stuck.set()
    wait_for_numbers(subscriber, 1)


def test_a_dead_outbox_is_no_secret(mosquitto: Mosquitto, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a bug of ours")

    monkeypatch.setattr(OutboxFile, "write", broken)
    publisher = Publisher(settings(mosquitto), STATUS, QUICK, an_outbox(path))
    publisher.start()
    publisher.deliver(entry(0))
    wait_until(lambda: publisher.failure is not None, "the failure to show")
    assert not publisher.stop(2.0)


def test_a_lost_connection_is_no_reason_to_send_twice_what_was_acknowledged(mosquitto: Mosquitto, start: Start) -> None:
    subscriber = mosquitto.subscribe("events")
    publisher = start(settings(mosquitto))
    for number in range(50):
        publisher.deliver(entry(number))
    wait_until(lambda: len(subscriber.payloads("events")) == 50, "all")
    wait_until(lambda: publisher.depth == 0, "all to be acknowledged")
    publisher.reconnect(settings(mosquitto))
    wait_until(publisher.connected.is_set, "the next connection")
    publisher.deliver(entry(50))
    wait_until(lambda: publisher.depth == 0, "the last to be acknowledged")
    assert [one.payload for one in subscriber.catch_up()] == [b"%d" % number for number in range(51)]


@pytest.mark.parametrize("size", [0, 5000])
def test_events_are_kept_though_the_broker_ends_each_connection(start: Start, size: int) -> None:
    with ScriptedBroker(CONNACK_311, close_at=0x33) as broker:
        publisher = start(BrokerSettings(broker.host, broker.port, protocol="3.1.1"))
        publisher.deliver(entry(0, size))
        wait_until(lambda: broker.connections > 12, "many connections")
        assert (publisher.depth >= 1, publisher.dropped) == (True, 0)


def test_with_no_outbox_events_are_messages_to_keep(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path)
    publisher = Publisher(settings(broker), STATUS, QUICK)
    publisher.deliver(Entry("events", b"0", 0))
    with broker:
        subscriber = broker.subscribe("events")  # first, or there would be nobody to get it
        publisher.start()
        wait_for_numbers(subscriber, 1)
        assert publisher.stop(5.0)


def test_the_outbox_ends_with_the_process_of_a_stopped_daemon(mosquitto: Mosquitto, path: Path) -> None:
    subscriber = mosquitto.subscribe("events")
    program = CHILD.replace(
        "for number in range",
        "import signal\nsignal.signal(15, lambda *_: (publisher.stop(60), exit()))\nfor number in range",
    )
    command = [sys.executable, "-c", program, str(mosquitto.port), str(path), "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        child.stdout.readline()
        subscriber.wait_for(lambda messages: len(messages) > 0)
        child.send_signal(signal.SIGTERM)
        child.stdout.read()
    assert child.returncode == 0
    assert not Path(f"{path}-wal").exists()
    assert stored(path) == []
