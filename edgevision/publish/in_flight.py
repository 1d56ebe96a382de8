"""What paho holds: handed over, but not yet written (QoS 0) or not yet acknowledged (QoS 1 and 2)."""

from collections import deque
from dataclasses import dataclass

from paho.mqtt.client import MQTTMessageInfo

from edgevision.publish.message import Message

MOST_MESSAGES = 1000
MOST_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Sent:
    """A message in paho's hands; `resend` if it is to go out again after a lost connection."""

    message: Message
    info: MQTTMessageInfo
    resend: bool


class InFlight:
    """Counts what paho's own queues, which know no bound, hold while the network stalls. Not thread-safe."""

    def __init__(self) -> None:
        self._unwritten: deque[Sent] = deque()
        self._unacknowledged: deque[Sent] = deque()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._unwritten) + len(self._unacknowledged)

    @property
    def full(self) -> bool:
        """Whether paho holds as much as memory should be spent on."""
        return len(self) >= MOST_MESSAGES or self._bytes >= MOST_BYTES

    def add(self, sent: Sent) -> None:
        """Remembers a message just handed to paho."""
        (self._unacknowledged if sent.message.qos else self._unwritten).append(sent)
        self._bytes += len(sent.message.payload)

    def settle(self) -> None:
        """Forgets what is done. Packets are written, and brokers acknowledge, in the order of sending."""
        for queue in (self._unwritten, self._unacknowledged):
            while queue and queue[0].info.is_published():
                self._bytes -= len(queue.popleft().message.payload)

    def topic(self, message_id: int) -> str | None:
        """The topic of an unacknowledged message."""
        return next((sent.message.topic for sent in self._unacknowledged if sent.info.mid == message_id), None)

    def take_all(self) -> list[Sent]:
        """Everything not done, in the order of sending within QoS 0 and within the others; empties it."""
        self.settle()
        unfinished = [*self._unwritten, *self._unacknowledged]
        self._unwritten.clear()
        self._unacknowledged.clear()
        self._bytes = 0
        return unfinished
