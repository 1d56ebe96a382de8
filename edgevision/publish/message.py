"""One MQTT message, before it meets a client."""

from functools import lru_cache

from edgevision.record import record

_LONGEST_TOPIC = 65_535
_LARGEST_PAYLOAD = 268_435_455


@record
class Message:
    """What to publish, where and how. Raises ValueError for a topic, QoS or payload that MQTT doesn't allow.

    `keep`: though its QoS be 0, it is held while the broker is away, and sent again if it was lost on the way.
    """

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    keep: bool = False

    def __post_init__(self) -> None:
        # Found here, in the caller's hands; found later, it would be the network thread that stumbles over it.
        check_topic(self.topic)
        if len(self.payload) > _LARGEST_PAYLOAD:
            raise ValueError(f"The payload for {self.topic} is larger than {_LARGEST_PAYLOAD} bytes")
        if self.qos not in (0, 1, 2):
            raise ValueError(f"{self.qos} is no QoS: MQTT knows 0, 1 and 2")


@lru_cache(maxsize=128)  # one topic gets many messages
def check_topic(topic: str) -> None:
    """Raises ValueError for what MQTT doesn't allow as a topic to publish on."""
    if not topic or any(character in topic for character in "#+\0"):
        raise ValueError(f"{topic!r} is no topic to publish on: it is empty or holds '#', '+' or NUL")
    if len(topic.encode()) > _LONGEST_TOPIC:
        raise ValueError(f"The topic {topic[:40]!r}… is longer than {_LONGEST_TOPIC} bytes")
