"""The publisher: keeps a connection to the broker, announces the device on it and sends what the daemon hands over."""

import logging
import ssl
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

from edgevision.backoff import Backoff
from edgevision.errors import BrokerError
from edgevision.publish.broker import BrokerSettings
from edgevision.publish.connection import Connection
from edgevision.publish.deliveries import Deliveries
from edgevision.publish.in_flight import MOST_MESSAGES, InFlight, Sent
from edgevision.publish.listeners import Handler, Listeners
from edgevision.publish.message import Message
from edgevision.publish.outage import OutageLog
from edgevision.publish.outbox import Entry, Outbox
from edgevision.publish.refusals import RefusalLog
from edgevision.publish.states import States
from edgevision.publish.tls import client_context

_log = logging.getLogger(__name__)

_GOODBYE = 0.3
"""Seconds of stop()'s timeout kept for DISCONNECT; the rest may pass waiting for acknowledgements."""

_LARGEST_PACKET = 64 * 1024
"""Bytes: nobody has more to tell us."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Limits and pauses in seconds. `connect` is for TCP and again for TLS; the pause between attempts doubles from
    `first_retry` to `longest_retry`, and starts anew after a connection, or an attempt, that took `settled` seconds.
    When listening has cost the connection, it rests for `listen_again`."""

    connect: float = 10.0
    answer: float = 10.0
    first_retry: float = 1.0
    longest_retry: float = 30.0
    settled: float = 10.0
    repeat_log: float = 300.0
    listen_again: float = 300.0


class Publisher:
    """Publishes from any thread; one thread of its own does all that touches the network.

    On every connect it subscribes, publishes `online` on `status_topic`, each announced state, and what it held
    meanwhile; states of QoS 0 (pictures) come after that. The broker publishes `offline` on `status_topic`, the last
    will, should the connection break. Of what was delivered to the `outbox`, a few at a time are on their way.
    """

    def __init__(
        self, broker: BrokerSettings, status_topic: str, timing: Timing | None = None, outbox: Outbox | None = None
    ) -> None:
        self.connected = threading.Event()
        self.failure: BaseException | None = None
        """What ended the network's or the outbox's thread, if anything did that shouldn't; then no more is sent."""
        self._broker = broker
        self._timing = timing or Timing()
        self._online = Message(status_topic, b"online", qos=1, retain=True)
        self._offline = Message(status_topic, b"offline", qos=1, retain=True)
        self._tls: ssl.SSLContext | None = None
        self._outbox = outbox
        self._outage = OutageLog(broker.address, self._timing.repeat_log)
        self._listeners = Listeners(broker.address, self._timing.listen_again)
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)

        self._lock = threading.Lock()  # guards all below; paho's callbacks, which run under paho's locks, never take it
        self._connection: Connection | None = None
        self._states = States()
        self._held: deque[Message] = deque()
        self._in_flight = InFlight()
        self._deliveries = Deliveries(outbox)
        self._dropped = 0
        self._refusals = RefusalLog(broker.address)
        self._deadline = 0.0
        self._delivered = False
        self._stopping = threading.Event()
        self._renewed = False
        self._leaving: float | None = None
        """While a connection ends for another broker: until when it may wait for acknowledgements."""
        self._left = False
        """Whether `offline` was said on this connection."""
        self._wake = threading.Event()

    def listen(self, topics: Sequence[str], handler: Handler, *, retained: bool = False) -> None:
        """Calls `handler(topic, payload)` for what comes on `topics` from now on.

        The handler runs in the publisher's thread, and nothing is sent meanwhile: let it be quick. It may publish and
        announce. What the broker had kept from before is handed on only if `retained`: an old wish is not to undo a
        newer one at each reconnect. Payloads of more than 1 KiB are ignored. Each of that is logged once a topic, as
        are a handler that raises and a broker that doesn't let us read the topic; publishing goes on. A topic has one
        handler, the last. Raises ValueError for what is no topic, wildcards included.
        """
        self._listeners.add(topics, handler, retained)

    def unlisten(self, topics: Sequence[str]) -> None:
        """Hands on no more of what comes on `topics`."""
        self._listeners.drop(topics)

    def start(self) -> None:
        """Begins to connect, and returns at once. Raises ConfigError for TLS files that can't be used."""
        if self._broker.tls is not None:
            self._tls = client_context(self._broker.tls)
        if self._outbox is not None:
            self._outbox.open(self._released, self._died)
        self._thread.start()

    def reconnect(self, broker: BrokerSettings) -> None:
        """From now on `broker` is the one; returns at once. Raises ConfigError for TLS files that can't be used.

        A connection that is there says `offline` and ends in order once all that is on its way is acknowledged, or
        after the time limit for an answer; what isn't by then goes out again to the new broker. Meanwhile it is as
        without a connection.
        """
        tls = client_context(broker.tls) if broker.tls is not None else None
        with self._lock:
            if self._stopping.is_set():
                return
            self._broker, self._tls = broker, tls
            self._refusals = RefusalLog(broker.address)
            self._renewed = True
            if self._connection is not None:
                self._take_leave(self._connection)
                self._leaving = time.monotonic() + self._timing.answer
                self._connection = None
                self.connected.clear()
            self._wake.set()

    def publish(self, message: Message) -> bool:
        """Takes the message over without waiting for the network; False if it was dropped instead.

        While there is no connection, QoS 0 is dropped; up to 1000 messages to keep, or of QoS 1 and 2, are held.
        When the network stalls, new messages are dropped as soon as 1000, or 16 MiB, wait.
        """
        with self._lock:
            taken = self._take(message)
            self._dropped += not taken
            return taken

    def deliver(self, entry: Entry) -> None:
        """Takes an event over, also before start(), without waiting for disk or network.

        It goes to the outbox, and is sent once it is on disk, in order. Announced states, pictures among them, don't
        wait for it. Without an outbox it is a message to keep.
        """
        if self._outbox is None:
            self.publish(Message(entry.topic, entry.payload, entry.qos, keep=True))
        else:
            self._outbox.put(entry)

    def announce(self, message: Message) -> None:
        """Keeps a retained state, the newest a topic, and publishes it now and again on every connect.

        While the one before is still on its way, or 16 MiB of states are, it waits, and only the newest goes out.
        It doesn't overtake what was published before.
        """
        message = replace(message, retain=True, keep=False)
        with self._lock:
            self._states.keep(message)
            if self._connection is not None and not self._stopping.is_set():
                self._states.mark(message.topic, self._handed)
                self._announce_due(self._connection)

    def retract(self, topic: str) -> None:
        """Clears a retained state on the broker, now or at the next connect, and forgets it. Nobody is told of it
        again; a stop() before the next connect leaves it there."""
        self.announce(Message(topic, b"", qos=1))

    @property
    def dropped(self) -> int:
        """How many messages were dropped since the start."""
        with self._lock:
            return self._dropped + self._deliveries.dropped

    @property
    def depth(self) -> int:
        """How many messages wait to be written (QoS 0), acknowledged (QoS 1 and 2) or confirmed (those to keep), those
        in the outbox included."""
        with self._lock:
            return len(self._in_flight) + len(self._states) + len(self._held) + len(self._deliveries)

    def stop(self, timeout: float) -> bool:
        """Sends what it holds, publishes `offline`, disconnects and ends the threads, within `timeout` seconds.

        True if the broker has acknowledged everything; what it hasn't of the outbox stays on disk for the next start,
        and the log says how much. Without a connection there is nobody to wait for: what no disk holds gets one more
        attempt. Calling it again only gives the answer once more.
        """
        with self._lock:
            first = not self._stopping.is_set()
            if first:
                self._deadline = time.monotonic() + timeout
                self._stopping.set()
                self._wake.set()
                if self._outbox is not None:
                    self._outbox.hurry()
                if self._connection is not None:
                    self._leave_when_done(self._connection)
                    self._connection.ping()  # wakes the thread
            here = self._connection is not None or self._leaving is not None
            worth_waiting = here or bool(self._held) or self._deliveries.only_in_memory
        if first and self._thread.is_alive():
            # Alone in a name look-up, which nothing can interrupt, the thread is left behind: it ends right after.
            self._thread.join(timeout if worth_waiting else min(timeout, _GOODBYE))
        if first and self._outbox is not None:
            self._outbox.close(max(self._deadline - time.monotonic(), _GOODBYE))
        return self._delivered

    def _run(self) -> None:
        backoff = Backoff(self._timing.first_retry, self._timing.longest_retry)
        try:
            while not self._over():
                since = time.monotonic()
                try:
                    self._attend_connection()
                except BrokerError as error:
                    self._outage.down(str(error), time.monotonic())
                if self._renewed:
                    backoff.reset()
                    continue
                if self._stopping.is_set():
                    break
                if time.monotonic() - since >= self._timing.settled:
                    backoff.reset()
                self._wake.wait(backoff.wait())
        except BaseException as error:  # noqa: BLE001  # logged, and told to the supervisor, which ends the process
            _log.exception("the publisher died")
            self._died(error)

    def _died(self, error: BaseException) -> None:
        self.failure = error

    def _released(self) -> None:
        """The outbox may have something to take."""
        with self._lock:
            if self._connection is not None:
                self._deliveries.send_due(self._connection, self._refusals)

    def _attend_connection(self) -> None:
        """One connection from beginning to end. Raises BrokerError when it doesn't come about, or breaks."""
        with self._lock:
            broker, tls = self._broker, self._tls
            if self._renewed:
                self._renewed = False
                self._outage = OutageLog(broker.address, self._timing.repeat_log)
            if not self._stopping.is_set():
                self._wake.clear()
        connection = Connection(
            broker, self._offline, tls, self._timing.connect, self._listeners.arrived, _LARGEST_PACKET
        )
        try:
            if not connection.open(self._timing.answer, lambda: self._renewed or self._over()):
                return
            # First, so that a command in answer to `online` is heard.
            self._listeners.attend(connection, time.monotonic())
            self._introduce(connection)
            while not self._said_everything():
                connection.step(self._patience())
                self._settle(connection)
                if not (self._stopping.is_set() or self._renewed):
                    self._listeners.attend(connection, time.monotonic())
            connection.close(self._deadline or time.monotonic() + _GOODBYE)
        finally:
            self._listeners.connection_ended(time.monotonic(), flooded=connection.flooded)
            self._forget_connection()
            connection.drop()

    def _introduce(self, connection: Connection) -> None:
        with self._lock:
            if self._renewed:
                return
            self._left = False
            self._send(connection, self._online, resend=False)
            self._states.mark_all(self._handed, acknowledged=True)
            self._announce_due(connection)
            held, self._held = self._held, deque()
            for message in held:
                self._dropped += not self._send(connection, message, resend=True)
            self._states.mark_all(self._handed, acknowledged=False)
            self._announce_due(connection)
            self._deliveries.send_due(connection, self._refusals)
            self._leave_when_done(connection)
            self._connection = connection
            self.connected.set()
        self._outage.up()

    def _leave_when_done(self, connection: Connection) -> None:
        """The last words, on stop(), come after what is in the outbox, or so late that they can still be heard."""
        if self._stopping.is_set() and not self._left and (not self._deliveries or self._last_moment <= 0):
            self._take_leave(connection)

    @property
    def _last_moment(self) -> float:
        """In so many seconds the last words are to be said."""
        return self._deadline - 2 * _GOODBYE - time.monotonic()

    def _take_leave(self, connection: Connection) -> None:
        self._left = True
        for state in self._states.take_rest():
            self._send_state(connection, state)
        self._send(connection, self._offline, resend=False)

    @property
    def _handed(self) -> int:
        return self._in_flight.handed + self._states.sent.handed + self._deliveries.sent.handed

    def _announce_due(self, connection: Connection) -> None:
        everything = (self._in_flight, self._states.sent, self._deliveries.sent)
        acknowledged = sum(sent.acknowledged for sent in everything)
        while (state := self._states.take_due(acknowledged)) is not None:
            self._send_state(connection, state)

    def _send_state(self, connection: Connection, state: Message) -> None:
        if not self._fits(connection, state):
            self._states.skip(state.topic)
            self._dropped += 1
        elif (info := connection.send(state)) is not None:
            self._states.sent.add(Sent(state, info, resend=False))

    def _take(self, message: Message) -> bool:
        if self._stopping.is_set():
            return False
        if self._connection is not None:
            # What is to be kept comes from sources that wait when much is on its way, so it adds little to the bound.
            full = self._in_flight.full and not message.keep
            return not full and self._send(self._connection, message, resend=_outlasts(message))
        if not _outlasts(message) or len(self._held) >= MOST_MESSAGES:
            return False
        self._held.append(message)
        return True

    def _send(self, connection: Connection, message: Message, resend: bool) -> bool:
        if not self._fits(connection, message):
            return False
        info = connection.send(message)
        if info is not None:
            self._in_flight.add(Sent(message, info, resend))
        elif resend:
            self._held.append(message)
        return info is not None or resend

    def _fits(self, connection: Connection, message: Message) -> bool:
        fits = connection.takes(message)
        if not fits:
            self._refusals.too_large(message)
        return fits

    def _settle(self, connection: Connection) -> None:
        """Forgets what is done, asks about what isn't known, sends the states whose turn it is."""
        with self._lock:
            for message_id, why in connection.take_denied():
                on_its_way = (self._in_flight, self._states.sent, self._deliveries.sent)
                sent = next(filter(None, (queue.find(message_id) for queue in on_its_way)), None)
                if sent is not None:
                    self._refusals.denied(sent.message.topic, why)
                    self._deliveries.denied(sent)
            self._in_flight.settle()
            self._in_flight.confirm(connection.pongs)
            self._in_flight.ask(connection.ping)
            self._states.settle()
            self._deliveries.settle(connection)
            if self._connection is connection:
                self._announce_due(connection)
                self._deliveries.send_due(connection, self._refusals)
                self._leave_when_done(connection)

    def _over(self) -> bool:
        """Whether there is nothing left to connect for."""
        with self._lock:
            homeless = bool(self._held) or self._deliveries.only_in_memory
            return self._stopping.is_set() and (not homeless or time.monotonic() >= self._deadline)

    def _said_everything(self) -> bool:
        with self._lock:
            stopping, left = self._stopping.is_set(), self._deadline - _GOODBYE - time.monotonic()
            if self._renewed:
                on_its_way = self._in_flight or self._states.sent or self._deliveries.sent
                late = self._leaving is None or time.monotonic() >= self._leaving or (stopping and left <= 0)
                return late or not on_its_way
            if not stopping:
                return False
            unsaid = self._in_flight or self._states or self._held or self._deliveries
            self._delivered = self._left and not unsaid
            return self._delivered or left <= 0

    def _patience(self) -> float:
        """Seconds to wait for the network; publishing ends the wait early, and so does stop()."""
        if not self._stopping.is_set():
            return 1.0
        return max(0.0, min(1.0, self._last_moment + _GOODBYE * self._left))

    def _forget_connection(self) -> None:
        """What was on its way is lost: QoS 0 for good unless it is to be kept, the rest is held for the next one."""
        with self._lock:
            self._connection = None
            self._leaving = None
            self.connected.clear()
            self._states.connection_ended()
            self._deliveries.connection_ended()
            unfinished = self._in_flight.take_all()
            self._dropped += sum(sent.message.qos == 0 and not sent.resend for sent in unfinished)
            self._held.extendleft(sent.message for sent in reversed(unfinished) if sent.resend)


def _outlasts(message: Message) -> bool:
    """Whether the message is to be held over a lost connection."""
    return message.keep or message.qos > 0
