"""What the publisher has to send: what waits for a connection, and what is on its way on one."""

import time
from collections import deque
from dataclasses import replace

from edgevision.publish.connection import Connection
from edgevision.publish.deliveries import Deliveries
from edgevision.publish.in_flight import MOST_MESSAGES, WINDOW, WRITTEN, InFlight, Sent
from edgevision.publish.message import Message
from edgevision.publish.outbox import Outbox
from edgevision.publish.refusals import RefusalLog
from edgevision.publish.states import States, Turn

PATIENCE = 1.0
"""Seconds at most that a state waits for events that were delivered before it, and aren't on disk yet."""


class Outgoing:
    """Belongs to whoever holds the publisher's lock."""

    def __init__(self, address: str, status_topic: str, outbox: Outbox | None) -> None:
        self._online = Message(status_topic, b"online", qos=1, retain=True)
        self.offline = Message(status_topic, b"offline", qos=1, retain=True)
        self.left = False
        """Whether `offline` was said on this connection."""
        self._states = States()
        self._held: deque[Message] = deque()
        self._in_flight = InFlight()
        self._deliveries = Deliveries(outbox)
        self._dropped = 0
        self._refusals = RefusalLog(address)
        self._heard = False
        """Whether the broker has acknowledged something, `online` at least, on this connection."""

    def __len__(self) -> int:
        """How many messages wait to be sent, acknowledged or confirmed."""
        return len(self._in_flight) + len(self._states) + len(self._held) + len(self._deliveries)

    @property
    def dropped(self) -> int:
        """How many messages were dropped since the start."""
        return self._dropped + self._deliveries.dropped

    @property
    def on_its_way(self) -> bool:
        """Whether the broker still has to take something that was sent."""
        return any(self._everything)

    @property
    def delivered(self) -> bool:
        """Whether all that is in the outbox has been acknowledged."""
        return not self._deliveries

    @property
    def homeless(self) -> bool:
        """Whether there is something that only a connection can save from being lost at the end."""
        return bool(self._held) or self._deliveries.only_in_memory

    def moved(self, address: str) -> None:
        """The broker is another one."""
        self._refusals = RefusalLog(address)

    def drop(self) -> None:
        """A message came too late."""
        self._dropped += 1

    def take(self, message: Message, connection: Connection | None) -> bool:
        """Sends or holds a message; False if it was dropped instead."""
        taken = self._hold(message) if connection is None else self._send_unless_full(connection, message)
        self._dropped += not taken
        return taken

    def announce(self, state: Message, connection: Connection | None) -> None:
        """Keeps the newest state of a topic, and sends it when it has its turn."""
        state = replace(state, retain=True, keep=False)
        self._states.keep(state)
        if connection is not None:
            sent, waiting = self._deliveries.turns
            # A long queue is of an outage; what holds now isn't to wait for that.
            after = Turn(sent + waiting, time.monotonic() + PATIENCE) if 0 < waiting <= WINDOW else None
            self._states.mark(state.topic, self._handed, after)
            self._announce_due(connection)

    def introduce(self, connection: Connection) -> None:
        """A connection has come about: says so on it, tells all states, and sends what was held meanwhile."""
        self.left = self._heard = False
        self._send(connection, self._online, resend=False)
        self._states.mark_all(self._handed, acknowledged=True)
        self._announce_due(connection)
        held, self._held = self._held, deque()
        for message in held:
            self._dropped += not self._send(connection, message, resend=True)
        self._states.mark_all(self._handed, acknowledged=False)
        self.send_due(connection)

    def take_leave(self, connection: Connection) -> None:
        """The last words on a connection."""
        self.left = True
        for state in self._states.take_rest():
            self._send_state(connection, state)
        self._send(connection, self.offline, resend=False)

    def settle(self, connection: Connection) -> None:
        """Forgets what is done, and asks about what isn't known."""
        self._hear(connection)
        for queue in (self._in_flight, self._deliveries.sent):
            queue.ask(connection.ping, time.monotonic())

    @property
    def ask_at(self) -> float:
        """When the broker is to be asked again, by the monotonic clock; nothing is to be asked if that is over."""
        return max(self._in_flight.ask_at, self._deliveries.sent.ask_at)

    def _hear(self, connection: Connection) -> None:
        """Forgets what is done."""
        for denial in connection.take_denied():
            sent = next(filter(None, (queue.find(denial.message_id) for queue in self._everything)), None)
            if sent is not None:
                again = self._deliveries.denied(sent, denial)
                say = self._refusals.put_off if again else self._refusals.denied
                say(sent.message.topic, denial.why)
        self._heard |= any(sent.message.qos > 0 for sent in self._in_flight.settle())
        self._in_flight.confirm(connection.pongs)
        self._states.settle()
        self._deliveries.settle(connection)

    def send_due(self, connection: Connection) -> None:
        """Sends what of the outbox, and then the states, has its turn."""
        self._deliveries.send_due(connection, self._refusals, heard=self._heard)
        self._announce_due(connection)

    def connection_ended(self, connection: Connection) -> None:
        """What was on its way is lost: QoS 0 for good unless it is to be kept, the rest is held for the next one."""
        self._hear(connection)  # its last answers came with its end
        self._states.connection_ended()
        self._deliveries.connection_ended()
        unfinished = self._in_flight.take_all()
        self._dropped += sum(sent.message.qos == 0 and not sent.resend for sent in unfinished)
        self._held.extendleft(sent.message for sent in reversed(unfinished) if sent.resend)

    @property
    def _everything(self) -> tuple[InFlight, ...]:
        return self._in_flight, self._states.sent, self._deliveries.sent

    @property
    def _handed(self) -> int:
        return sum(queue.handed for queue in self._everything)

    def _announce_due(self, connection: Connection) -> None:
        acknowledged = sum(queue.acknowledged for queue in self._everything)
        sent, _ = self._deliveries.turns
        while (state := self._states.take_due(acknowledged, sent, time.monotonic())) is not None:
            self._send_state(connection, state)

    def _send_state(self, connection: Connection, state: Message) -> None:
        if not self._fits(connection, state):
            self._states.skip(state.topic)
            self._dropped += 1
        elif (info := connection.send(state)) is not None:
            self._states.sent.add(Sent(state, info, resend=False))

    def _send_unless_full(self, connection: Connection, message: Message) -> bool:
        # What is to be kept comes from sources that wait when much is on its way, so it adds little to the bound.
        full = self._in_flight.full and not message.keep
        return not full and self._send(connection, message, resend=_outlasts(message))

    def _hold(self, message: Message) -> bool:
        if not _outlasts(message) or len(self._held) >= MOST_MESSAGES:
            return False
        self._held.append(message)
        return True

    def _send(self, connection: Connection, message: Message, resend: bool) -> bool:
        if not self._fits(connection, message):
            return False
        if connection.write(message):
            if message.keep:
                self._in_flight.add(Sent(message, WRITTEN, resend))
                self._in_flight.ask(connection.ping, time.monotonic())
        elif (info := connection.send(message)) is not None:
            self._in_flight.add(Sent(message, info, resend))
        elif resend:
            self._held.append(message)
        else:
            return False
        return True

    def _fits(self, connection: Connection, message: Message) -> bool:
        fits = connection.takes(message)
        if not fits:
            self._refusals.too_large(message)
        return fits


def _outlasts(message: Message) -> bool:
    """Whether the message is to be held over a lost connection."""
    return message.keep or message.qos > 0
