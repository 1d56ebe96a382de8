"""One connection to the broker: from TCP's first packet to the last.

A paho client serves one connection only. So nothing of an old one can leak into the next: no packet queued between
TCP and CONNECT, no downgrade to MQTT 3.1, no keepalive that another broker asked for, no half-acknowledged state.
"""

from __future__ import annotations

import logging
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from typing import Any

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage, MQTTMessageInfo
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edgevision.errors import BrokerError
from edgevision.publish import reasons
from edgevision.publish.broker import BrokerSettings
from edgevision.publish.in_flight import WINDOW
from edgevision.publish.message import Message
from edgevision.publish.paho_client import PahoClient
from edgevision.record import record

_log = logging.getLogger(__name__)

_PROTOCOLS = {"5": MQTTProtocolVersion.MQTTv5, "3.1.1": MQTTProtocolVersion.MQTTv311}
_ABORT_CHECK = 0.2
"""Seconds between two looks at whether waiting for CONNACK is still wanted."""

_MOST_INCOMING = 16 * 1024 * 1024
"""Bytes of a packet from a broker that was not to send any so large, or doesn't know MQTT 5's way to say so."""

_HEADERS = 10
"""Bytes of a PUBLISH besides topic and payload, at most: MQTT 5, sections 2.1 and 3.3, without properties."""


_NEVER = {0x87, 0x90, 0x92, 0x95, 0x99}
"""Reasons that will be the same next time: not authorised, topic name invalid, packet too large, payload format
invalid; and what follows when a message of QoS 2 was denied, packet identifier not found. MQTT 5, section 2.4."""


@record
class Denial:
    """The broker's no to a message: `why` in its words; `for_good`: it will say so again."""

    message_id: int
    why: str
    for_good: bool


OnMessage = Callable[[str, bytes, bool], None]
"""Takes a topic, a payload, and whether the broker had kept it from before; called from within `Connection.step`."""


class _Notes:
    """What paho's callbacks tell, kept apart from `Connection`: a cycle would keep sockets open until collected."""

    def __init__(self, hand_on: OnMessage | None) -> None:
        self._hand_on = hand_on
        self.suback: list[ReasonCode] | None = None
        self.connack: tuple[int, str] | None = None
        self.largest_packet: int | None = None
        self.disconnect: tuple[int, str] | None = None

    def on_connect(
        self, _client: Client, _data: Any, _flags: ConnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        self.connack = _explained(reason, properties)
        self.largest_packet = getattr(properties, "MaximumPacketSize", None)

    def on_disconnect(
        self, _client: Client, _data: Any, flags: DisconnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        said = flags.is_disconnect_packet_from_server or reason.getName() == "Keep alive timeout"
        if said and self.disconnect is None:
            self.disconnect = _explained(reason, properties)

    def on_subscribe(
        self, _client: Client, _data: Any, _mid: int, codes: list[ReasonCode], _properties: Properties | None
    ) -> None:
        self.suback = codes

    def on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        if self._hand_on is not None:
            self._hand_on(message.topic, bytes(message.payload), message.retain)


class Connection:
    """Made, opened, stepped and closed by one thread; the others may `write`, `send` and `ping`, once it is open."""

    def __init__(
        self,
        broker: BrokerSettings,
        will: Message | None,
        tls: ssl.SSLContext | None,
        connect_timeout: float,
        on_message: OnMessage | None = None,
        largest_packet: int | None = None,
    ) -> None:
        """`largest_packet`: the broker is not to send larger ones (bytes). MQTT 3.1.1 can't say so; there the
        connection ends when one has more than 16 MiB, and is `flooded`."""
        self.flooded = False
        self._broker = broker
        self._largest_packet = largest_packet
        self._topics: Sequence[str] = ()
        self._notes = _Notes(on_message)
        self._client = _client(broker, will, tls, connect_timeout, self._notes)

    def open(self, answer_timeout: float, abandoned: Callable[[], bool]) -> bool:
        """Connects and waits for the broker's consent; False if `abandoned` meanwhile.

        Raises BrokerError, which says why, if there is no broker or it refuses.
        """
        host, port, keepalive = self._broker.host, self._broker.port, self._broker.keepalive
        try:
            if self._broker.protocol == "5":
                self._client.connect(host, port, keepalive, clean_start=True, properties=self._wishes())
            else:
                self._client.connect(host, port, keepalive)
            raw = self._client.socket()
            if isinstance(raw, socket.socket):
                # A detection is one small packet, which is not to wait for the acknowledgement of the one before.
                raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except (OSError, ValueError) as error:  # ValueError: what can't be a host name at all
            raise BrokerError(reasons.unreachable(error, self._broker)) from error
        deadline = time.monotonic() + answer_timeout
        while self._notes.connack is None:
            if abandoned():
                return False
            if time.monotonic() >= deadline:
                raise BrokerError(reasons.no_answer(answer_timeout, self._broker))
            self.step(_ABORT_CHECK)
        return True

    def subscribe(self, topics: Sequence[str], timeout: float) -> None:
        """Subscribes and waits for the broker's consent. Raises BrokerError if it is denied or doesn't come in time."""
        self.ask_for(topics)
        deadline = time.monotonic() + timeout
        while (refused := self.refused) is None:
            if time.monotonic() >= deadline:
                raise BrokerError(reasons.no_answer(timeout, self._broker))
            self.step(_ABORT_CHECK)
        for topic, why in refused.items():
            raise BrokerError(f"it doesn't let us read {topic} ({why}): allow it in the broker's ACL")

    def ask_for(self, topics: Sequence[str]) -> None:
        """Subscribes, and doesn't wait for the broker's consent; again only once it has answered."""
        self._topics = topics
        self._notes.suback = None
        self._client.subscribe([(topic, 1) for topic in topics])

    @property
    def refused(self) -> dict[str, str] | None:
        """Of the topics asked for, those that the broker doesn't let us read, and why; None until it has answered."""
        if self._notes.suback is None:
            return None
        answers = zip(self._topics, self._notes.suback, strict=False)
        return {topic: reason.getName() for topic, reason in answers if reason.is_failure}

    def takes(self, message: Message) -> bool:
        """Whether the message is no larger than the broker allows (MQTT 5 only): it would end the connection."""
        largest = self._notes.largest_packet
        return largest is None or _HEADERS + len(message.topic.encode()) + len(message.payload) <= largest

    def write(self, message: Message) -> bool:
        """Writes a message of QoS 0 to the socket, all of it or with the rest to follow before anything else; False if
        it can't be done at once, and then `send` may. Never waits."""
        return message.qos == 0 and self._client.write_now(message)

    def send(self, message: Message) -> MQTTMessageInfo | None:
        """Hands the message to paho without waiting for the network; None if the socket is gone."""
        info = self._client.publish(message.topic, message.payload, message.qos, message.retain)
        return info if info.rc == MQTTErrorCode.MQTT_ERR_SUCCESS else None

    def ping(self) -> int:
        """Asks the broker for a sign of life, the n-th on this connection.

        Once n have come it has all that was sent before this, for a broker reads and answers in order.
        """
        return self._client.ping()

    @property
    def pongs(self) -> int:
        """How many signs of life have come."""
        return self._client.pongs

    def step(self, timeout: float) -> None:
        """Reads and writes what is there, at most `timeout` seconds. Raises BrokerError once the connection is lost."""
        try:
            code = self._client.loop(timeout)
        except Exception as error:  # whatever paho trips over in a broker's bytes is the end of this connection only
            _log.debug("paho failed on what %s sent", self._broker.address, exc_info=True)
            raise BrokerError(reasons.not_mqtt(self._broker, f" ({error!r})")) from error
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS or self._client.socket() is None:
            raise BrokerError(self._why_lost(code))
        if self._largest_packet is not None and self._client.incoming > _MOST_INCOMING:
            self.flooded = True
            raise BrokerError(f"it began to send us a message of {self._client.incoming} bytes, which is no command")

    def take_denied(self) -> list[Denial]:
        """What the broker refused to publish since the last call (MQTT 5 only)."""
        denied, self._client.denied = self._client.denied, []
        return [Denial(message_id, reason.getName(), reason.value in _NEVER) for message_id, reason in denied]

    def close(self, deadline: float) -> None:
        """Says goodbye, so that the broker keeps the last will to itself; waits until `deadline` (monotonic)."""
        self._client.disconnect()
        while self._client.socket() is not None and (left := deadline - time.monotonic()) > 0:
            try:
                self.step(left)
            except BrokerError:
                break
        self.drop()

    def drop(self) -> None:
        """Closes the socket without a word: the broker publishes the last will."""
        self._client.drop()

    def _wishes(self) -> Properties:
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho leaves it untyped
        properties.SessionExpiryInterval = 0
        if self._largest_packet is not None:
            properties.MaximumPacketSize = self._largest_packet
        return properties

    def _why_lost(self, code: MQTTErrorCode) -> str:
        notes = self._notes
        if notes.connack is not None and notes.connack[0] != 0:
            return reasons.refused(*notes.connack, self._broker)
        if notes.disconnect is not None:
            return reasons.lost(*notes.disconnect, self._broker)
        if code == MQTTErrorCode.MQTT_ERR_PROTOCOL:
            return reasons.not_mqtt(self._broker)
        return reasons.closed(self._client.socket_error, notes.connack is not None, self._broker)


def _client(
    broker: BrokerSettings, will: Message | None, tls: ssl.SSLContext | None, connect_timeout: float, notes: _Notes
) -> PahoClient:
    client = PahoClient(
        CallbackAPIVersion.VERSION2,
        client_id=broker.client_id,
        clean_session=True if broker.protocol == "3.1.1" else None,
        protocol=_PROTOCOLS[broker.protocol],
        reconnect_on_failure=False,  # or paho would silently fall back to MQTT 3.1
    )
    client.connect_timeout = connect_timeout
    client.max_inflight_messages_set(WINDOW)
    if will is not None:
        client.will_set(will.topic, will.payload, will.qos, will.retain)
    if broker.username is not None or broker.password is not None:
        client.username_pw_set(broker.username, broker.password)
    if tls is not None:
        client.tls_set_context(tls)
    client.on_connect = notes.on_connect
    client.on_disconnect = notes.on_disconnect
    client.on_subscribe = notes.on_subscribe
    client.on_message = notes.on_message
    # With this set, paho leaves writing to the thread in loop(); else every publish() would write to the socket itself,
    # under paho's locks, into the middle of what another thread is writing, and end the connection on an error.
    client.on_socket_register_write = lambda _client, _data, _socket: None
    return client


def _explained(reason: ReasonCode, properties: Properties | None) -> tuple[int, str]:
    said = getattr(properties, "ReasonString", None)
    return reason.value, said or reason.getName()
