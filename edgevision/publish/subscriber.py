"""A subscriber, for the commands that show what edgevision publishes."""

import threading
import time
from collections.abc import Callable, Sequence

from edgevision.errors import BrokerError, ConfigError
from edgevision.publish.broker import BrokerSettings
from edgevision.publish.connection import Connection
from edgevision.publish.outage import OutageLog
from edgevision.publish.tls import client_context

CONNECT_WITHIN = 10.0
"""Seconds, for TCP and TLS; and again for the broker's answer."""

RETRY_AFTER = 2.0
"""Seconds."""


class Subscriber:
    """Hands every message on `topics` to `on_message`, and connects again when the broker was away."""

    def __init__(self, broker: BrokerSettings, topics: Sequence[str], on_message: Callable[[str, bytes], None]) -> None:
        self._broker = broker
        self._topics = topics
        self._on_message = on_message
        self._outage = OutageLog(broker.address, repeat_after=300.0)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="subscriber", daemon=True)
        self._connection: Connection | None = None

    def start(self) -> None:
        """Subscribe; what is published from now on arrives.

        Raises ConfigError for TLS files that can't be used, BrokerError when the broker isn't there or refuses.
        """
        try:
            self._connection = self._subscribed()
        except BrokerError as error:
            raise BrokerError(f"MQTT broker {self._broker.address}: {error}") from error
        self._thread.start()

    def stop(self) -> None:
        """Disconnect and end the thread."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(CONNECT_WITHIN)

    def _subscribed(self) -> Connection:
        # Anew each time, for certificates are renewed under their old names.
        tls = None if self._broker.tls is None else client_context(self._broker.tls)
        connection = Connection(self._broker, None, tls, CONNECT_WITHIN, self._hand_on)
        try:
            if connection.open(CONNECT_WITHIN, self._stopping.is_set):
                connection.subscribe(self._topics, CONNECT_WITHIN)
        except BrokerError:
            connection.drop()
            raise
        return connection

    def _hand_on(self, topic: str, payload: bytes, _retained: bool) -> None:
        self._on_message(topic, payload)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                connection = self._connection or self._subscribed()
                self._connection = connection
                self._outage.up()
                while not self._stopping.is_set():
                    connection.step(0.1)
                connection.close(time.monotonic() + 1)
            except (BrokerError, ConfigError) as error:
                self._outage.down(str(error), time.monotonic())
                if self._connection is not None:
                    self._connection.drop()
                self._connection = None
                self._stopping.wait(RETRY_AFTER)
