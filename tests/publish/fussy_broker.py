"""A broker for MQTT 5 that takes or denies each message as a test says, which no real one can be told to."""

import socket
import threading
from collections.abc import Callable
from typing import Self

_CONNACK = bytes.fromhex("20 03 00 00 00")
_PINGRESP = bytes.fromhex("d0 00")
_PUBLISH, _PINGREQ = 3, 12
HANG_UP = -1


class FussyBroker:
    """`answer(payload)` is the reason code of PUBACK for an event of QoS 1, or HANG_UP, or None: no answer.

    `events` are those that came, in order, those of one `burst` answered together. Other topics are always taken.
    """

    def __init__(self, answer: Callable[[int], int | None], burst: int = 1) -> None:
        self._answer = answer
        self._burst = burst
        self._server = socket.create_server(("127.0.0.1", 0))
        self._client: socket.socket | None = None
        self.host: str = "127.0.0.1"
        self.port: int = self._server.getsockname()[1]
        self.events: list[int] = []
        self.taken: list[int] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        if self._client is not None:
            self._client.close()

    def _accept(self) -> None:
        while True:
            try:
                self._client, _ = self._server.accept()
                with self._client, self._client.makefile("rb") as stream:
                    self._serve(self._client, stream.read)
            except OSError:  # the connection is gone, or the test over
                if self._server.fileno() < 0:
                    return

    def _serve(self, client: socket.socket, read: Callable[[int], bytes]) -> None:
        answers, came = b"", 0
        while first := read(1):
            body = read(_length(read))
            kind = first[0] >> 4
            if kind == 1:
                client.sendall(_CONNACK)
            elif kind == _PINGREQ:
                client.sendall(_PINGRESP)
            elif kind == _PUBLISH and first[0] & 0x06:
                size = int.from_bytes(body[:2], "big")
                topic, message_id, payload = body[2 : 2 + size], body[2 + size : 4 + size], body[5 + size :]
                if topic != b"events":
                    client.sendall(b"\x40\x02" + message_id)
                    continue
                number = int(payload.rstrip(b"\0"))
                self.events.append(number)
                came += 1
                code = self._answer(number)
                if code is not None and code >= 0:
                    answers += b"\x40\x03" + message_id + bytes([code])
                    self.taken += [number] if code < 0x80 else []
                if code == HANG_UP or came >= self._burst:
                    client.sendall(answers)
                    answers, came = b"", 0
                if code == HANG_UP:
                    client.shutdown(socket.SHUT_RDWR)
                    return


def _length(read: Callable[[int], bytes]) -> int:
    length = shift = 0
    while True:
        (byte,) = read(1) or b"\0"
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return length
