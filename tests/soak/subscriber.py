"""A subscriber whose session outlives its connections: what the broker has for it while it is away comes later."""

import threading
import time
from typing import Any, Self

from paho.mqtt.client import Client, ConnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

_FOR_EVER = 0xFFFFFFFF


class LastingSubscriber:
    """Takes the events of `base`, at QoS 1, and its statistics; each event counts as taken once it is in `events`."""

    def __init__(self, host: str, port: int, base: str) -> None:
        self.events: list[bytes] = []
        """Payloads, in the order they came."""
        self.stats: list[bytes] = []
        self.sessions_lost = 0
        """How often the broker didn't know us any more: what it had for us is gone."""
        self._base = base
        self._known = False
        self._ready = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, "soak-subscriber", protocol=MQTTProtocolVersion.MQTTv5)
        self._client.on_connect = self._connected
        self._client.on_message = self._arrived
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.reconnect_delay_set(1, 1)
        lasting = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho leaves it untyped
        lasting.SessionExpiryInterval = _FOR_EVER
        self._client.connect_async(host, port, keepalive=10, clean_start=False, properties=lasting)

    def __enter__(self) -> Self:
        self._client.loop_start()
        assert self._ready.wait(10), "the subscriber isn't let in"
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def wait_for_silence(self, seconds: float) -> None:
        """Return when no event has come for so long."""
        count = -1
        while count != len(self.events):
            count = len(self.events)
            time.sleep(seconds)

    def _connected(
        self, client: Client, _data: Any, flags: ConnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        if reason.is_failure or flags.session_present:
            return
        self.sessions_lost += self._known
        self._known = True
        client.subscribe([(f"{self._base}/+/events", 1), (f"{self._base}/stats", 0)])

    def _arrived(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        (self.events if message.topic.endswith("/events") else self.stats).append(bytes(message.payload))
