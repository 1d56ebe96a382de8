"""The publisher: keeps a connection to the broker, announces the device on it and sends what the daemon hands over."""

from __future__ import annotations

import logging
import ssl
import threading
import time
from collections.abc import Sequence

from edgevision.backoff import Backoff
from edgevision.errors import BrokerError, ConfigError
from edgevision.publish.broker import BrokerSettings
from edgevision.publish.connection import Connection
from edgevision.publish.entry import Entry
from edgevision.publish.listeners import Handler, Listeners
from edgevision.publish.message import Message
from edgevision.publish.outage import OutageLog
from edgevision.publish.outbox import Outbox
from edgevision.publish.outgoing import Outgoing
from edgevision.publish.timing import Timing
from edgevision.publish.tls import client_context

__all__ = ["Publisher", "Timing"]

_log = logging.getLogger(__name__)

_GOODBYE = 0.3
"""Seconds of stop()'s timeout kept for DISCONNECT; the rest may pass waiting for acknowledgements."""

_LOOK = 1.0
"""Seconds at most between two looks at what is to be done."""

_LARGEST_PACKET = 64 * 1024
"""Bytes: nobody has more to tell us."""


class Publisher:
    """Publishes from any thread; one thread of its own does what touches the network, and may have to wait for it.

    On every connect it subscribes, publishes `online` on `status_topic`, each announced state, and what it held
    meanwhile; states of QoS 0 (pictures) come after that. The broker publishes `offline` on `status_topic`, the last
    will, should the connection break. Of what was delivered to the `outbox`, a few at a time are on their way.

    A message of QoS 0 is written by whoever publishes it, if the socket takes it at once and nothing waits before it:
    handing it to another thread costs several times as much.
    """

    def __init__(
        self, broker: BrokerSettings, status_topic: str, timing: Timing | None = None, outbox: Outbox | None = None
    ) -> None:
        self.connected = threading.Event()
        self.failure: BaseException | None = None
        """What ended the network's or the outbox's thread, if anything did that shouldn't; then no more is sent."""
        self._broker = broker
        self._timing = timing or Timing()
        self._outbox = outbox
        self._outage = OutageLog(broker.address, self._timing.repeat_log)
        self._listeners = Listeners(broker.address, self._timing.listen_again)
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)

        self._lock = threading.Lock()  # guards all below; paho's callbacks, which run under paho's locks, never take it
        self._connection: Connection | None = None
        self._quiet: Connection | None = None
        """One that is open before there is anything to say."""
        self._outgoing = Outgoing(broker.address, status_topic, outbox)
        self._deadline = 0.0
        self._delivered = False
        self._stopping = threading.Event()
        self._speaking = threading.Event()
        self._renewed = False
        self._leaving: float | None = None
        """While a connection ends for another broker: until when it may wait for acknowledgements."""
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

    def start(self, *, quiet: bool = False) -> None:
        """Begins to connect, and returns at once. Raises ConfigError for TLS files that can't be used.

        `quiet`: before `speak` the connection is made, but nothing said or heard on it.
        """
        _tls(self._broker)
        if not quiet:
            self._speaking.set()
        if self._outbox is not None:
            self._outbox.open(self._released, self._died)
        self._thread.start()

    def speak(self) -> None:
        """Ends a quiet start: now is known what to listen to, and what to say first."""
        with self._lock:
            self._speaking.set()
            if self._quiet is not None:
                self._quiet.ping()  # wakes the thread

    def reconnect(self, broker: BrokerSettings) -> None:
        """From now on `broker` is the one; returns at once. Raises ConfigError for TLS files that can't be used.

        A connection that is there says `offline` and ends in order once all that is on its way is acknowledged, or
        after the time limit for an answer; what isn't by then goes out again to the new broker. Meanwhile it is as
        without a connection.
        """
        _tls(broker)
        with self._lock:
            if self._stopping.is_set():
                return
            self._broker = broker
            self._outgoing.moved(broker.address)
            self._renewed = True
            if self._connection is not None:
                self._outgoing.take_leave(self._connection)
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
            if self._stopping.is_set():
                self._outgoing.drop()
                return False
            return self._outgoing.take(message, self._connection)

    def deliver(self, entry: Entry) -> None:
        """Takes an event over, also before start(), without waiting for disk or network.

        It goes to the outbox, and is sent once it is on disk, in order. What is announced after it waits for that, a
        second at most, unless many wait. Without an outbox it is a message to keep.
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
        with self._lock:
            self._outgoing.announce(message, None if self._stopping.is_set() else self._connection)

    def retract(self, topic: str) -> None:
        """Clears a retained state on the broker, now or at the next connect, and forgets it. Nobody is told of it
        again; a stop() before the next connect leaves it there."""
        self.announce(Message(topic, b"", qos=1))

    @property
    def dropped(self) -> int:
        """How many messages were dropped since the start."""
        with self._lock:
            return self._outgoing.dropped

    @property
    def depth(self) -> int:
        """How many messages wait to be written (QoS 0), acknowledged (QoS 1 and 2) or confirmed (those to keep), those
        in the outbox included."""
        with self._lock:
            return len(self._outgoing)

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
                if (connection := self._connection or self._quiet) is not None:
                    connection.ping()  # wakes the thread
            here = self._connection is not None or self._leaving is not None
            worth_waiting = here or self._outgoing.homeless
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
                    if self._speaking.is_set():  # else nobody has anything to say yet, and may never have
                        self._outage.down(str(error), time.monotonic())
                if self._renewed:
                    backoff.reset()
                    continue
                if self._stopping.is_set():
                    break
                if time.monotonic() - since >= self._timing.settled:
                    backoff.reset()
                self._rest(backoff.wait())
        except BaseException as error:  # noqa: BLE001  # logged, and told to the supervisor, which ends the process
            _log.exception("the publisher died")
            self._died(error)

    def _rest(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self._wake.wait(max(min(until - time.monotonic(), _LOOK), 0)) and time.monotonic() < until:
            self._look()

    def _look(self) -> None:
        if self._outbox is not None:
            self._outbox.look()

    def _died(self, error: BaseException) -> None:
        self.failure = error

    def _released(self) -> None:
        """The outbox may have something to take."""
        with self._lock:
            if self._connection is not None:
                self._outgoing.send_due(self._connection)

    def _attend_connection(self) -> None:
        """One connection from beginning to end. Raises BrokerError when it doesn't come about, or breaks."""
        with self._lock:
            broker = self._broker
            if self._renewed:
                self._renewed = False
                self._listeners.moved(broker.address)
                self._outage = OutageLog(broker.address, self._timing.repeat_log)
            if not self._stopping.is_set():
                self._wake.clear()
        try:
            tls = _tls(broker)  # anew, for certificates are renewed under their old names
        except ConfigError as error:
            raise BrokerError(str(error)) from error
        connection = Connection(
            broker, self._outgoing.offline, tls, self._timing.connect, self._listeners.arrived, _LARGEST_PACKET
        )
        try:
            if not connection.open(self._timing.answer, lambda: self._renewed or self._over()):
                return
            self._keep_quiet(connection)
            if not self._speaking.is_set() and self._stopping.is_set():
                connection.close(self._deadline)
                return
            # First, so that a command in answer to `online` is heard.
            self._listeners.attend(connection, time.monotonic())
            self._introduce(connection)
            while not self._said_everything():
                connection.step(self._patience())
                self._look()
                self._settle(connection)
                if not (self._stopping.is_set() or self._renewed):
                    self._listeners.attend(connection, time.monotonic())
            connection.close(self._deadline or time.monotonic() + _GOODBYE)
        finally:
            self._listeners.connection_ended(time.monotonic(), flooded=connection.flooded)
            self._forget_connection(connection)
            connection.drop()

    def _keep_quiet(self, connection: Connection) -> None:
        """Holds the connection until there is something to say, or it is to end."""
        with self._lock:
            self._quiet = connection
        while not (self._speaking.is_set() or self._stopping.is_set() or self._renewed):
            connection.step(_LOOK)
        with self._lock:
            self._quiet = None

    def _introduce(self, connection: Connection) -> None:
        with self._lock:
            if self._renewed:
                return
            self._outgoing.introduce(connection)
            self._leave_when_done(connection)
            self._connection = connection
            self.connected.set()
        self._outage.up()

    def _leave_when_done(self, connection: Connection) -> None:
        """The last words, on stop(), come after what is in the outbox, or so late that they can still be heard."""
        due = self._stopping.is_set() and (self._outgoing.delivered or self._last_moment <= 0)
        if due and not self._outgoing.left:
            self._outgoing.take_leave(connection)

    @property
    def _last_moment(self) -> float:
        """In so many seconds the last words are to be said."""
        return self._deadline - 2 * _GOODBYE - time.monotonic()

    def _settle(self, connection: Connection) -> None:
        """Forgets what is done, asks about what isn't known, sends the states whose turn it is."""
        with self._lock:
            self._outgoing.settle(connection)
            if self._connection is connection:
                self._outgoing.send_due(connection)
                self._leave_when_done(connection)

    def _over(self) -> bool:
        """Whether there is nothing left to connect for."""
        with self._lock:
            done = not self._outgoing.homeless or time.monotonic() >= self._deadline
            return self._stopping.is_set() and done

    def _said_everything(self) -> bool:
        with self._lock:
            stopping, left = self._stopping.is_set(), self._deadline - _GOODBYE - time.monotonic()
            if self._renewed:
                late = self._leaving is None or time.monotonic() >= self._leaving or (stopping and left <= 0)
                return late or not self._outgoing.on_its_way
            if not stopping:
                return False
            self._delivered = self._outgoing.left and not self._outgoing
            return self._delivered or left <= 0

    def _patience(self) -> float:
        """Seconds to wait for the network; what can't be written at once ends the wait early, and so does stop()."""
        patience = _LOOK
        if self._stopping.is_set():
            patience = max(0.0, min(_LOOK, self._last_moment + _GOODBYE * self._outgoing.left))
        until_asking = self._outgoing.ask_at - time.monotonic()
        return min(patience, until_asking) if until_asking > 0 else patience

    def _forget_connection(self, connection: Connection) -> None:
        with self._lock:
            self._connection = self._quiet = None
            self._leaving = None
            self.connected.clear()
            self._outgoing.connection_ended(connection)


def _tls(broker: BrokerSettings) -> ssl.SSLContext | None:
    return None if broker.tls is None else client_context(broker.tls)
