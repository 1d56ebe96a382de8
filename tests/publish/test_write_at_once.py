"""Messages of QoS 0 are written by the thread that publishes them: whole, in order, and without waiting for anybody."""

import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from paho.mqtt.client import Client

from edgevision.errors import BrokerError
from edgevision.publish import paho_client
from edgevision.publish.broker import BrokerSettings, TlsFiles
from edgevision.publish.connection import Connection
from edgevision.publish.in_flight import WRITTEN, InFlight, Sent
from edgevision.publish.message import Message
from edgevision.publish.tls import client_context
from tests.mosquitto import Mosquitto, ServerTls, wait_until
from tests.publish.certificates import make_authority, make_certificate
from tests.publish.conftest import Protocol, StartPublisher, both_protocols, settings
from tests.publish.scripted_broker import CONNACK_5, ScriptedBroker


@contextmanager
def opened(broker: BrokerSettings) -> Iterator[Connection]:
    """A connection on which nothing is read or written but by the test."""
    tls = client_context(broker.tls) if broker.tls is not None else None
    connection = Connection(broker, None, tls, 5.0)
    try:
        assert connection.open(5.0, lambda: False)
        yield connection
    finally:
        connection.drop()


@both_protocols
def test_a_message_is_on_its_way_before_any_other_thread_runs(mosquitto: Mosquitto, protocol: Protocol) -> None:
    subscriber = mosquitto.subscribe("#")
    with opened(settings(mosquitto, protocol)) as connection:
        assert connection.write(Message("a/ä", b"\x00\xff"))
        assert connection.write(Message("a/kept", b"", retain=True))
        assert connection.write(Message("a/retained", b"1", retain=True))
        received = subscriber.wait_for(lambda messages: len(messages) == 3)
    assert [(one.topic, one.payload, one.qos, one.retain) for one in received] == [
        ("a/ä", b"\x00\xff", 0, False),
        ("a/kept", b"", 0, True),
        ("a/retained", b"1", 0, True),
    ]


@both_protocols
def test_messages_of_every_length_arrive_as_they_were(mosquitto: Mosquitto, protocol: Protocol) -> None:
    subscriber = mosquitto.subscribe("#")
    edges = (0, 127, 128, 16_383, 16_384)  # where another byte is needed to say how long a packet is
    sizes = [size for edge in edges for size in range(max(edge - 8, 0), edge + 3)]
    with opened(settings(mosquitto, protocol)) as connection:
        for size in sizes:
            assert connection.write(Message("abc", b"x" * size))
        subscriber.wait_for(lambda messages: len(messages) == len(sizes))
    assert subscriber.payloads("abc") == [b"x" * size for size in sizes]


def test_nothing_overtakes_what_waits_to_be_written(mosquitto: Mosquitto) -> None:
    subscriber = mosquitto.subscribe("#")
    with opened(settings(mosquitto)) as connection:
        connection.send(Message("first", b"", qos=1))
        assert not connection.write(Message("second", b""))
        connection.send(Message("second", b""))
        connection.step(0.1)
        assert connection.write(Message("third", b""))
        received = subscriber.wait_for(lambda messages: len(messages) == 3)
    assert [one.topic for one in received] == ["first", "second", "third"]


def test_nothing_comes_between_the_parts_of_a_message(mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch) -> None:
    subscriber = mosquitto.subscribe("#")
    send = socket.socket.send
    with opened(settings(mosquitto)) as connection:

        def send_a_part(it: socket.socket, data: bytes) -> int:
            monkeypatch.undo()
            connection.ping()  # as another thread might, just now
            return send(it, data[:3])

        monkeypatch.setattr(socket.socket, "send", send_a_part)
        assert connection.write(Message("a", b"whole"))
        assert not connection.write(Message("b", b""))
        while not connection.pongs:
            connection.step(0.1)
        subscriber.wait_for_payload("a", b"whole")


@pytest.mark.parametrize("often", [False, True])
def test_the_rest_of_a_message_is_written_at_once_when_there_is_room(
    mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch, often: bool
) -> None:
    subscriber = mosquitto.subscribe("#")
    send = socket.socket.send
    with opened(settings(mosquitto)) as connection:
        if often:  # as after so many messages that nobody has looked at
            woken = connection._client._sockpairW
            assert woken is not None
            with suppress(BlockingIOError):
                while woken.send(bytes(1000)):
                    pass

        def send_a_part(it: socket.socket, data: bytes) -> int:
            monkeypatch.undo()
            return send(it, data[:3])

        loop = threading.Thread(target=connection.step, args=(20.0,), daemon=True)
        if not often:
            loop.start()
            time.sleep(0.2)  # it waits for the network by now
        monkeypatch.setattr(socket.socket, "send", send_a_part)
        assert connection.write(Message("a", b"whole"))
        if often:
            loop.start()
        subscriber.wait_for_payload("a", b"whole", timeout=10.0)
        loop.join()


def test_nobody_writes_while_another_thread_does(mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch) -> None:
    writing, go_on, send = threading.Event(), threading.Event(), Client._sock_send

    def send_slowly(client: Client, data: bytes | bytearray) -> int:
        writing.set()
        assert go_on.wait(10.0)
        return send(client, data)

    with opened(settings(mosquitto)) as connection:
        monkeypatch.setattr(Client, "_sock_send", send_slowly)
        connection.send(Message("a", b""))
        other = threading.Thread(target=connection.step, args=(1.0,))
        other.start()
        try:
            assert writing.wait(10.0)
            assert not connection.write(Message("b", b""))
        finally:
            go_on.set()
            other.join()


def test_a_large_message_is_left_to_the_thread_that_has_the_time(mosquitto: Mosquitto) -> None:
    with opened(settings(mosquitto)) as connection:
        assert connection.write(Message("a", bytes(65_536)))
        assert not connection.write(Message("a", bytes(65_537)))


@pytest.mark.parametrize("how", ["_sock_close", "drop"])
def test_nobody_closes_the_socket_in_the_middle_of_a_message(
    mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    send, closers = socket.socket.send, list[threading.Thread]()
    with opened(settings(mosquitto)) as connection:

        def send_meanwhile(it: socket.socket, data: bytes) -> int:
            closers.append(threading.Thread(target=getattr(connection._client, how)))
            closers[0].start()
            closers[0].join(0.2)
            assert closers[0].is_alive()
            return send(it, data)

        monkeypatch.setattr(socket.socket, "send", send_meanwhile)
        assert connection.write(Message("a", b""))
        monkeypatch.undo()
        closers[0].join()
        assert not connection.write(Message("a", b""))


def test_no_message_of_a_higher_qos_goes_out_without_its_acknowledgement(mosquitto: Mosquitto) -> None:
    with opened(settings(mosquitto)) as connection:
        assert not connection.write(Message("a", b"", qos=1))


def test_a_broken_connection_raises_nothing_at_whoever_publishes() -> None:
    with (
        ScriptedBroker(CONNACK_5) as broker,
        opened(BrokerSettings(broker.host, broker.port, client_id="pi")) as connection,
    ):
        broker.hang_up()
        wait_until(lambda: not connection.write(Message("a", bytes(1000))), "the loss to be noticed")
        with pytest.raises(BrokerError, match="closed the connection"):
            connection.step(1.0)
        assert not connection.write(Message("a", b""))


@pytest.mark.parametrize(
    ("met", "told"), [(ConnectionResetError(104, "reset by peer"), True), (BlockingIOError(11, "full"), False)]
)
def test_what_only_the_writer_meets_is_told_when_the_connection_ends(
    monkeypatch: pytest.MonkeyPatch, met: OSError, told: bool
) -> None:
    def fail(*_: object) -> int:
        raise met

    with (
        ScriptedBroker(CONNACK_5) as broker,
        opened(BrokerSettings(broker.host, broker.port, client_id="pi")) as connection,
    ):
        monkeypatch.setattr(socket.socket, "send", fail)
        assert not connection.write(Message("a", b""))
        monkeypatch.undo()
        broker.hang_up()
        with pytest.raises(BrokerError, match="closed the connection") as end:
            for _ in range(50):
                connection.step(0.1)
        assert (str(met) in str(end.value)) == told


def test_on_a_connection_that_was_dropped_nothing_is_written(mosquitto: Mosquitto) -> None:
    with opened(settings(mosquitto)) as connection:
        connection.drop()
        assert not connection.write(Message("a", b""))


def test_a_connection_that_ends_just_before_the_writing_raises_nothing(
    mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(settings(mosquitto)) as connection:

        def packet(*_: object) -> bytes:
            connection._client._sock_close()  # as paho's thread might, just now
            return b"."

        monkeypatch.setattr(paho_client, "_packet", packet)
        assert not connection.write(Message("a", b""))


def test_with_tls_one_thread_alone_reads_and_writes(tmp_path: Path, start_publisher: StartPublisher) -> None:
    ca = make_authority(tmp_path, "ca")
    server = make_certificate(tmp_path, "server", ca, "DNS:localhost")
    with Mosquitto(tmp_path / "broker", tls=ServerTls(server.cert, server.key)) as broker:
        there = BrokerSettings("localhost", broker.port, tls=TlsFiles(ca.cert))
        with opened(there) as connection:
            assert not connection.write(Message("a", b""))
        subscriber = broker.subscribe("a", options=["--cafile", str(ca.cert), "--insecure"])
        publisher = start_publisher(there)
        assert publisher.connected.wait(5.0)
        for number in range(300):
            assert publisher.publish(Message("a", b"%d " % number + bytes(500)))
        subscriber.wait_for(lambda messages: len(messages) == 300)
        assert [payload.split()[0] for payload in subscriber.payloads("a")] == [b"%d" % n for n in range(300)]


@both_protocols
def test_what_a_stalled_broker_did_not_take_arrives_whole_and_in_order(
    mosquitto: Mosquitto, start_publisher: StartPublisher, protocol: Protocol
) -> None:
    subscriber = mosquitto.subscribe("a")
    publisher = start_publisher(settings(mosquitto, protocol))
    assert publisher.connected.wait(5.0)
    wait_until(lambda: publisher.depth == 0, "online to be acknowledged")
    mosquitto.freeze()
    taken: list[bytes] = []

    def fill() -> None:
        number = 0
        while publisher.dropped == 0:
            payload = b"%d " % number + number.to_bytes(2) * 25_000
            if publisher.publish(Message("a", payload)):
                taken.append(payload)
            number += 1

    thread = threading.Thread(target=fill, daemon=True)
    thread.start()
    thread.join(20.0)
    assert not thread.is_alive(), "publish() waits for the broker"
    mosquitto.thaw()
    subscriber.wait_for(lambda messages: len(messages) >= len(taken))
    assert subscriber.payloads("a") == taken
    assert publisher.publish(Message("a", b"flows again"))
    subscriber.wait_for_payload("a", b"flows again")


def test_what_several_threads_publish_keeps_its_order_whatever_its_qos(
    mosquitto: Mosquitto, start_publisher: StartPublisher
) -> None:
    subscriber = mosquitto.subscribe("#", qos=0)
    publisher = start_publisher(settings(mosquitto))
    assert publisher.connected.wait(5.0)

    def send(name: int) -> None:
        for number in range(500):
            kept = number % 5 == 0
            wait_until(lambda: publisher.depth < 20, "room")  # more of QoS 1 wait for a place on their way
            assert publisher.publish(Message(f"threads/{name}", b"%d" % number, qos=int(number % 7 == 0), keep=kept))

    threads = [threading.Thread(target=send, args=(name,)) for name in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait_until(lambda: publisher.depth == 0, "everything to be confirmed")
    for name in range(3):
        subscriber.wait_for_payload(f"threads/{name}", b"499")
        assert subscriber.payloads(f"threads/{name}") == [b"%d" % number for number in range(500)]
    assert publisher.dropped == 0


def test_the_broker_is_asked_now_and_then_and_not_about_each_message() -> None:
    in_flight, asked = InFlight(), Counter[str]()

    def ask(now: float) -> int:
        def ping() -> int:
            asked["pings"] += 1
            return asked["pings"]

        in_flight.ask(ping, now)
        in_flight.confirm(asked["pings"])
        return asked["pings"]

    def keep(messages: int) -> None:
        for _ in range(messages):
            in_flight.add(Sent(Message("a", b"", keep=True), WRITTEN, resend=True))

    keep(1)
    assert ask(now=10.0) == 1
    keep(1)
    assert ask(now=10.0) == 1
    assert ask(now=in_flight.ask_at) == 2
    keep(50)
    assert ask(now=in_flight.ask_at - 0.01) == 3
    assert len(in_flight) == 0
    assert ask(now=100.0) == 3
