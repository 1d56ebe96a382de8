"""What of the outbox is on its way to the broker."""

import time

from edgevision.publish.connection import Connection, Denial
from edgevision.publish.in_flight import InFlight, Sent
from edgevision.publish.message import Message
from edgevision.publish.outbox import Outbox
from edgevision.publish.refusals import RefusalLog

PAUSE = 2.0
"""Seconds until the broker is asked again to take what it doesn't take now."""


class Deliveries:
    """Belongs to whoever holds the publisher's lock. Without an outbox there are none."""

    def __init__(self, outbox: Outbox | None) -> None:
        self.sent = InFlight()
        self._outbox = outbox
        self._not_before = 0.0

    def __len__(self) -> int:
        """How many entries the broker has neither acknowledged nor refused, those included that only the disk holds."""
        return 0 if self._outbox is None else self._outbox.depth

    @property
    def dropped(self) -> int:
        """How many entries were dropped since the start."""
        return 0 if self._outbox is None else self._outbox.dropped

    @property
    def only_in_memory(self) -> bool:
        """Whether there are entries that an end of the process would lose."""
        return bool(self) and self._outbox is not None and not self._outbox.on_disk

    @property
    def turns(self) -> tuple[int, int]:
        """How many entries have been sent so far, and how many wait to be."""
        return (0, 0) if self._outbox is None else self._outbox.turns()

    def send_due(self, connection: Connection, refusals: RefusalLog, *, heard: bool) -> None:
        """Sends what may be on its way at a time; `heard`: the broker has acknowledged something on this connection."""
        if time.monotonic() < self._not_before:
            return
        while self._outbox is not None and (row := self._outbox.take(heard=heard)) is not None:
            entry = row.entry
            message = Message(entry.topic, entry.payload, entry.qos, keep=True)
            if not connection.takes(message):
                refusals.too_large(message)
                self._outbox.refused(row)
            elif (info := connection.send(message)) is not None:
                self.sent.add(Sent(message, info, resend=False, row=row))
            else:  # the connection is gone: all will be taken again on the next
                return

    def denied(self, sent: Sent, denial: Denial) -> bool:
        """The broker's answer to that message, which may be one of these, was no; whether it will be sent again."""
        if sent.row is None or self._outbox is None:
            return False
        if denial.for_good:
            self._outbox.refused(sent.row)
        else:
            self._outbox.put_off(sent.row)
            self._not_before = time.monotonic() + PAUSE
        return not denial.for_good

    def settle(self, connection: Connection) -> None:
        """Forgets what the broker has."""
        for sent in [*self.sent.settle(), *self.sent.confirm(connection.pongs)]:
            if sent.row is not None and self._outbox is not None:
                self._outbox.done(sent.row)

    def connection_ended(self) -> None:
        """What was on its way, and isn't settled, goes out again on the next."""
        self._not_before = 0.0
        self.sent.take_all()
        if self._outbox is not None:
            self._outbox.rewind()
