"""Who listens to which topics while publishing, and what of all that comes is handed on."""

import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence

from edgevision.publish.connection import Connection
from edgevision.publish.message import check_topic
from edgevision.record import record

_log = logging.getLogger(__name__)

Handler = Callable[[str, bytes], None]
"""Takes a topic and a payload."""

LONGEST_PAYLOAD = 1024
"""Bytes; a wish is a few letters long."""

_LOST_IN_A_ROW = 2
"""So many connections may end before the broker has answered SUBSCRIBE, until that is taken for the reason."""


@record
class _Listener:
    handler: Handler
    retained: bool


class Listeners:
    """Subscribes on each connection without waiting for the answer. Belongs to the publisher's thread.

    Some brokers end the connection of a client that subscribes to what it may not read. So after two such ends, or
    one because of a message that would fill the memory, it leaves the next `pause` seconds to publishing.
    """

    def __init__(self, address: str, pause: float) -> None:
        self._address = address
        self._pause = pause
        self._listeners: dict[str, _Listener] = {}
        self._arrived: deque[tuple[str, bytes, bool]] = deque()
        self._asked: Mapping[str, _Listener] = {}
        """Those that the broker was asked for on this connection: replaced when there are others."""
        self._answered = True
        self._lost = 0
        self._not_before = float("-inf")
        self._told: set[tuple[str, str]] = set()

    def add(self, topics: Sequence[str], handler: Handler, retained: bool) -> None:
        """See `Publisher.listen`."""
        for topic in topics:
            check_topic(topic)
        # Replaced whole, for this may be another thread than the one that reads it.
        self._listeners = {**self._listeners, **dict.fromkeys(topics, _Listener(handler, retained))}

    def drop(self, topics: Sequence[str]) -> None:
        """See `Publisher.unlisten`."""
        self._listeners = {topic: one for topic, one in self._listeners.items() if topic not in topics}

    def moved(self, address: str) -> None:
        """The broker is another one from the next connection on."""
        self._address = address
        self._lost = 0
        self._not_before = float("-inf")
        self._told = set()

    def arrived(self, topic: str, payload: bytes, retained: bool) -> None:
        """A message, handed on in `attend`: here paho holds its locks, which the handler may want."""
        self._arrived.append((topic, payload, retained))

    def attend(self, connection: Connection, now: float) -> None:
        """Subscribes if that is due, and hands on what has come; `now` is monotonic."""
        if self._asked is not self._listeners and self._answered and now >= self._not_before:
            self._ask(connection)
        if not self._answered and (refused := connection.refused) is not None:
            self._answered = True
            self._lost = 0
            for topic, why in refused.items():
                text = "MQTT broker %s doesn't let us read %s (%s): allow it in the broker's ACL"
                self._warn("refused", topic, text, self._address, topic, why)
        while self._arrived:
            topic, payload, retained = self._arrived.popleft()
            if (listener := self._listeners.get(topic)) is not None:
                self._hand_on(listener, topic, payload, retained)

    def connection_ended(self, now: float, *, flooded: bool) -> None:
        """The next one is to be subscribed on anew, after the pause if this one ended by what was listened to."""
        if flooded:
            self._not_before = now + self._pause
            text = "Because of that message, what comes on %s is not heard for %g s"
            self._warn("flooded", "", text, ", ".join(self._listeners), self._pause)
        if not self._answered:
            self._lost += 1
            if self._lost >= _LOST_IN_A_ROW:
                self._not_before = now + self._pause
                text = (
                    "MQTT broker %s ends the connection when we subscribe to %s, so commands are not heard: allow it"
                    " in the broker's ACL"
                )
                self._warn("ended", "", text, self._address, ", ".join(self._listeners))
        self._asked = {}
        self._answered = True
        self._arrived.clear()

    def _ask(self, connection: Connection) -> None:
        asked, self._asked = self._asked, self._listeners
        new = [topic for topic in self._asked if topic not in asked]
        if new:
            self._answered = False
            connection.ask_for(new)

    def _hand_on(self, listener: _Listener, topic: str, payload: bytes, retained: bool) -> None:
        if retained and not listener.retained:
            text = "The retained message on %s is ignored, it may be an old wish: publish commands without retain"
            self._warn("retained", topic, text, topic)
        elif len(payload) > LONGEST_PAYLOAD:
            text = "A message of %d bytes on %s is ignored: it is too long for a command"
            self._warn("long", topic, text, len(payload), topic)
        else:
            try:
                listener.handler(topic, payload)
            except Exception:  # noqa: BLE001  # whoever listens badly doesn't stop the publishing
                if not self._is_told("failed", topic):
                    _log.exception("What listens to %s failed on a message", topic)

    def _warn(self, what: str, topic: str, text: str, *values: object) -> None:
        if not self._is_told(what, topic):
            _log.warning(text, *values)

    def _is_told(self, what: str, topic: str) -> bool:
        """Whether that was told of that topic before; from now on it is."""
        told = (what, topic) in self._told
        self._told.add((what, topic))
        return told
