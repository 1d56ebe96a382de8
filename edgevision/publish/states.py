"""The retained states, the newest of each topic, and which of them the broker still has to be told."""

from dataclasses import replace

from edgevision.publish.in_flight import WINDOW, InFlight
from edgevision.publish.message import Message
from edgevision.record import record


@record
class Turn:
    """When a state may go out: after so many events, or at a monotonic time, whichever comes first."""

    delivered: int
    at_latest: float


class States:
    """Of each topic one message at most is on its way; meanwhile the newest waits. Not thread-safe.

    So while the network stalls, states that change often take no more memory than those that don't. They wait, too,
    while `sent` is full; it is a count of its own, because pictures are not to crowd out events.
    """

    def __init__(self) -> None:
        self.sent = InFlight()
        self._newest: dict[str, Message] = {}
        self._due: dict[str, tuple[int, Turn | None]] = {}
        self._busy: set[str] = set()

    def __len__(self) -> int:
        """How many the broker doesn't have yet, as far as is known; none without a connection."""
        return len(self.sent) + len(self._due)

    def keep(self, message: Message) -> None:
        """`message` is its topic's newest from now on. An empty payload is forgotten once it is acknowledged."""
        self._newest[message.topic] = message

    def mark(self, topic: str, handed: int, turn: Turn | None = None) -> None:
        """The broker is to be told of `topic`, after the first so many of QoS 1 and 2 handed to paho, at its `turn`."""
        self._due.pop(topic, None)
        self._due[topic] = handed, turn

    def mark_all(self, handed: int, *, acknowledged: bool) -> None:
        """The same for all whose QoS is at least 1 (`acknowledged`), or 0."""
        for message in self._newest.values():
            if (message.qos > 0) == acknowledged:
                self.mark(message.topic, handed)

    def take_due(self, acknowledged: int, delivered: int = 0, now: float = 0.0) -> Message | None:
        """The next to be sent, if there is one; so many of QoS 1 and 2 have been acknowledged, so many events
        `delivered` to paho; `now` is monotonic."""
        if self.sent.full:
            return None
        for topic, (handed, turn) in self._due.items():
            if turn is not None and delivered < turn.delivered and now < turn.at_latest:
                return None  # those behind it were announced later
            message = self._newest[topic]
            # paho lets QoS 0 overtake those of QoS 1 and 2 that have no place in its window yet, and it tells that a
            # message is acknowledged before it gives that one's place to the next: one place counts as free.
            if topic not in self._busy and (message.qos > 0 or handed - acknowledged < WINDOW):
                del self._due[topic]
                self._busy.add(topic)
                return message
        return None

    def take_rest(self) -> list[Message]:
        """All that are due, now: with QoS 1 at least, so that they overtake nothing."""
        rest = [replace(self._newest[topic], qos=self._newest[topic].qos or 1) for topic in self._due]
        self._due.clear()
        return rest

    def skip(self, topic: str) -> None:
        """What was taken wasn't sent."""
        self._busy.discard(topic)

    def settle(self) -> None:
        """Forgets what is done, and topics that are empty now."""
        for message in (sent.message for sent in self.sent.settle()):
            self._busy.discard(message.topic)
            newest = self._newest.get(message.topic)
            if newest is not None and not newest.payload and not message.payload and message.qos > 0:
                del self._newest[message.topic]
                self._due.pop(message.topic, None)

    def connection_ended(self) -> None:
        """On the next one all are to be told again."""
        self.sent.take_all()
        self._busy.clear()
        self._due.clear()
