"""A publisher that keeps what it is given."""

from collections.abc import Iterator
from itertools import repeat

from edgevision.publish.broker import BrokerSettings
from edgevision.publish.client import Publisher
from edgevision.publish.entry import Entry
from edgevision.publish.message import Message


class RecordingPublisher(Publisher):
    """Keeps the messages instead of sending them; takes or drops those to publish as `takes` says."""

    def __init__(self, takes: Iterator[bool] | None = None) -> None:
        super().__init__(BrokerSettings("127.0.0.1", 1883), "edgevision/test/status")
        self.messages: list[Message] = []
        """All of them, in the order that they were given."""
        self.retracted: list[str] = []
        self._takes = takes or repeat(True)

    def publish(self, message: Message) -> bool:
        self.messages.append(message)
        return next(self._takes)

    def deliver(self, entry: Entry) -> None:
        self.messages.append(Message(entry.topic, entry.payload, entry.qos))

    def announce(self, message: Message) -> None:
        self.messages.append(message)

    def retract(self, topic: str) -> None:
        self.retracted.append(topic)

    def payloads(self, topic: str) -> list[bytes]:
        """What was given for `edgevision/test/<topic>`."""
        return [message.payload for message in self.messages if message.topic == f"edgevision/test/{topic}"]
