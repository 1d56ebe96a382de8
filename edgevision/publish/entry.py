"""One event on its way into the outbox, and through it."""

from dataclasses import dataclass

from edgevision.publish.message import Message
from edgevision.record import record


@record
class Entry:
    """An event to deliver. Raises ValueError for a topic, QoS, payload or track that can't be sent or stored.

    `track` is the thing that it is about, `over` whether it is that one's `end`. `offset` is None when the times in the
    payload are right, else the wall clock minus the monotonic one, in seconds, that they were made with: it waits until
    the clock is right.
    """

    topic: str
    payload: bytes
    qos: int
    track: str = ""
    over: bool = False
    offset: float | None = None

    def __post_init__(self) -> None:
        # Found here, in the caller's hands; found later, it would be the outbox's thread that stumbles over it.
        Message(self.topic, self.payload, self.qos)
        self.track.encode()


@dataclass(slots=True, eq=False)
class Row:
    """An entry and where it is: its `seq` on disk, or None; `gone` when nobody needs it any more."""

    entry: Entry
    seq: int | None = None
    gone: bool = False
    broken: int = 0
    """So many connections broke with it first on its way."""
    put_off: bool = False
    """Whether the broker has said that it doesn't take it now."""
