"""What is on its way: not yet written (QoS 0), acknowledged (QoS 1 and 2) or confirmed (QoS 0 that is to be kept)."""

from collections import deque
from collections.abc import Callable

from paho.mqtt.client import MQTTMessageInfo

from edgevision.publish.entry import Row
from edgevision.publish.message import Message
from edgevision.record import record

MOST_MESSAGES = 1000
MOST_BYTES = 16 * 1024 * 1024

WINDOW = 20
"""So many messages of QoS 1 and 2 paho writes before the first is acknowledged; the others wait."""

WRITTEN = MQTTMessageInfo(0)
"""That of messages which paho has never seen, for they were written at once."""

_ASK_AFTER = 25
_ASK_EVERY = 0.1
"""The broker is asked about so many messages, or after so many seconds: an answer costs more than a message."""


@record
class Sent:
    """A message in paho's hands; `resend` if it is to go out again after a lost connection, and is in no outbox; else
    `row` is where it comes from."""

    message: Message
    info: MQTTMessageInfo
    resend: bool
    row: Row | None = None


@record
class _Asked:
    """The first so many `messages` are confirmed by that many `pongs`."""

    messages: int
    pongs: int


class InFlight:
    """Counts what paho's own queues, which know no bound, hold while the network stalls. Not thread-safe."""

    def __init__(self) -> None:
        self._unwritten: deque[Sent] = deque()
        self._unacknowledged: deque[Sent] = deque()
        self._unconfirmed: deque[Sent] = deque()
        self._asked: _Asked | None = None
        self.ask_at = 0.0
        """When the broker may be asked again about few messages, by the monotonic clock."""
        self._bytes = 0
        self.handed = 0
        """How many of QoS 1 and 2 were handed to paho so far."""

    def __len__(self) -> int:
        return len(self._unwritten) + len(self._unacknowledged) + len(self._unconfirmed)

    @property
    def full(self) -> bool:
        """Whether paho holds as much as memory should be spent on."""
        return len(self) >= MOST_MESSAGES or self._bytes >= MOST_BYTES

    @property
    def acknowledged(self) -> int:
        """How many of those are done: acknowledged, or lost."""
        return self.handed - len(self._unacknowledged)

    def add(self, sent: Sent) -> None:
        """Remembers a message just handed to paho."""
        if sent.message.qos:
            self._unacknowledged.append(sent)
            self.handed += 1
        else:
            (self._unconfirmed if sent.message.keep else self._unwritten).append(sent)
        self._bytes += len(sent.message.payload)

    def settle(self) -> list[Sent]:
        """Forgets what is written or acknowledged, and returns it.

        Packets are written, and brokers acknowledge, in the order of sending.
        """
        done = []
        for queue in (self._unwritten, self._unacknowledged):
            while queue and queue[0].info.is_published():
                done.append(queue.popleft())
        self._bytes -= sum(len(sent.message.payload) for sent in done)
        return done

    def ask(self, ping: Callable[[], int], now: float) -> None:
        """Asks the broker if it has what is to be kept, unless an answer is due: QoS 0 brings no acknowledgement.

        `ping` asks, and tells how many answers there will be with the one to this. When it has been asked just before,
        few messages wait until `ask_at`; `now` is monotonic.
        """
        if self._unconfirmed and self._asked is None and (now >= self.ask_at or len(self._unconfirmed) >= _ASK_AFTER):
            self._asked = _Asked(len(self._unconfirmed), ping())
            self.ask_at = now + _ASK_EVERY

    def confirm(self, pongs: int) -> list[Sent]:
        """Forgets what was asked about, and returns it, once the broker has answered `pongs` times and so to that."""
        if self._asked is None or pongs < self._asked.pongs:
            return []
        done = [self._unconfirmed.popleft() for _ in range(self._asked.messages)]
        self._bytes -= sum(len(sent.message.payload) for sent in done)
        self._asked = None
        return done

    def find(self, message_id: int) -> Sent | None:
        """The unacknowledged message of that id."""
        return next((sent for sent in self._unacknowledged if sent.info.mid == message_id), None)

    def take_all(self) -> list[Sent]:
        """Everything not done, in the order of sending within QoS 0 and within the others; empties it."""
        self.settle()
        unfinished = [*self._unwritten, *self._unacknowledged, *self._unconfirmed]
        for queue in (self._unwritten, self._unacknowledged, self._unconfirmed):
            queue.clear()
        self._asked = None
        self._bytes = 0
        return unfinished
