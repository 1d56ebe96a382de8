"""What the threads that use an outbox share, and its pace."""

import threading
from dataclasses import dataclass, field

from edgevision.publish.outbox_queue import OutboxQueue
from edgevision.record import record

MOST_IN_MEMORY = 16 * 1024 * 1024
"""Bytes of payload."""


@record
class Pace:
    """Seconds: at least so long between two commits, so long until what is done is deleted if nothing else is to be
    written, between two attempts to write to a disk that failed, and between two looks for what is too old. A disk
    that takes longer than `hang` for one thing is taken to hang."""

    commit: float = 0.25
    delete: float = 1.0
    retry: float = 10.0
    look: float = 3600.0
    hang: float = 15.0


@dataclass(slots=True, eq=False)
class OutboxState:
    """What the outbox's thread shares with others, guarded by `news`, which is never held while the disk works."""

    news: threading.Condition = field(default_factory=threading.Condition)
    queue: OutboxQueue = field(default_factory=lambda: OutboxQueue(MOST_IN_MEMORY))
    dropped: int = 0
    on_disk: bool = True
    busy_since: float | None = None
    """Since when the disk has been at what it is doing, by the monotonic clock; None: it has nothing to do."""
    hung: bool = False
    """Whether that takes so long that others go on from memory, without the outbox's thread."""
    failure_told: bool = False
    overflow_told: bool = False
    offset: float | None = None
    """Wall clock minus monotonic, once that is known to be right."""
    righting: bool = False
    """Whether there may be wrong times on the disk."""
    finished_at: float = 0.0
    hurried: bool = False
    closing: bool = False
    closed: bool = False
