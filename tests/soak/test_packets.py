"""The relay understands what paho writes, however the stream is cut."""

import socket

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from tests.soak.packets import PUBACK, PUBLISH, Packets

SENT = [("edgevision/soak/clip/events", b"x" * size, qos) for size, qos in ((0, 1), (3, 0), (200, 1), (20_000, 1))]


def written_by_paho() -> bytes:
    """PUBLISH packets of MQTT 5."""
    ours, its = socket.socketpair()
    with ours, its:
        client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        client._sock = its
        client.on_socket_register_write = lambda *_: None  # it only queues then
        for number, (topic, payload, qos) in enumerate(SENT, 1):
            client._send_publish(number, topic.encode(), payload, qos)
    return b"".join(packet["packet"] for packet in client._out_packet)


@pytest.mark.parametrize("chunk", [1, 7, 100_000])
def test_packets_are_cut_out_of_a_stream(chunk: int) -> None:
    stream, packets = written_by_paho(), Packets()
    found = [one for at in range(0, len(stream), chunk) for one in packets.feed(stream[at : at + chunk])]
    assert [one.kind for one in found] == [PUBLISH] * len(SENT)
    assert [(one.topic.decode(), one.payload, one.qos) for one in found] == SENT
    assert [one.message_id for one in found if one.qos] == [1, 3, 4]


def test_an_acknowledgement_says_yes_or_no() -> None:
    short, yes, no = Packets().feed(b"\x40\x02\x00\x07" + b"\x40\x03\x01\x00\x10" + b"\x40\x04\x00\x09\x87\x00")
    assert {one.kind for one in (short, yes, no)} == {PUBACK}
    assert [(one.message_id, one.refused) for one in (short, yes, no)] == [(7, False), (256, False), (9, True)]
