"""A relay between daemon and broker that remembers which events the broker has acknowledged."""

import json
import socket
import threading
from contextlib import suppress
from typing import Self

from tests.soak.packets import PUBACK, PUBLISH, Packet, Packets

_EVENTS = b"/events"
_CHUNK = 1 << 16


class Relay:
    """Listens on a free port of `host` and passes on to the broker at `target` what comes.

    An acknowledgement is remembered before it is passed on: what the daemon believes to be acknowledged is known here.
    While the broker is away, connections are closed at once.
    """

    def __init__(self, host: str, target: tuple[str, int]) -> None:
        self._target = target
        self._server = socket.create_server((host, 0))
        self.port: int = self._server.getsockname()[1]
        self.acknowledged: set[str] = set()
        """Ids of events."""
        self.passed = 0
        """How many events were passed on, repetitions included."""
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, name="relay", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)  # close() alone doesn't wake accept()
        self._server.close()
        with self._lock:
            for end in self._open:
                _shut(end)

    def _accept(self) -> None:
        while True:
            try:
                daemon, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._connect, args=(daemon,), name="relay up", daemon=True).start()

    def _connect(self, daemon: socket.socket) -> None:
        with daemon:
            try:
                broker = socket.create_connection(self._target, timeout=10)
            except OSError:
                return
            with broker:
                broker.settimeout(None)
                for end in (daemon, broker):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with self._lock:
                    self._open |= {daemon, broker}
                waiting: dict[int, str] = {}
                down = threading.Thread(
                    target=self._down, args=(broker, daemon, waiting), name="relay down", daemon=True
                )
                down.start()
                self._up(daemon, broker, waiting)
                down.join()
                with self._lock:
                    self._open -= {daemon, broker}

    def _up(self, daemon: socket.socket, broker: socket.socket, waiting: dict[int, str]) -> None:
        packets = Packets()
        while data := _received(daemon):
            for packet in packets.feed(data):
                if packet.kind == PUBLISH and packet.qos and packet.topic.endswith(_EVENTS):
                    waiting[packet.message_id] = json.loads(packet.payload)["id"]
                    self.passed += 1
            if not _sent(broker, data):
                break
        _shut(daemon)
        _shut(broker)

    def _down(self, broker: socket.socket, daemon: socket.socket, waiting: dict[int, str]) -> None:
        packets = Packets()
        while data := _received(broker):
            for packet in packets.feed(data):
                self._remember(packet, waiting)
            if not _sent(daemon, data):
                break
        _shut(daemon)
        _shut(broker)

    def _remember(self, packet: Packet, waiting: dict[int, str]) -> None:
        if packet.kind != PUBACK:
            return
        event = waiting.pop(packet.message_id, None)  # None: of a retained state
        if event is not None and not packet.refused:
            self.acknowledged.add(event)


def _received(end: socket.socket) -> bytes:
    try:
        return end.recv(_CHUNK)
    except OSError:
        return b""


def _sent(end: socket.socket, data: bytes) -> bool:
    try:
        end.sendall(data)
    except OSError:
        return False
    return True


def _shut(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
