"""A broker that follows a script byte by byte, for what no real one does."""

import socket
import threading
from typing import Self

CONNACK_5 = bytes.fromhex("20 03 00 00 00")
CONNACK_311 = bytes.fromhex("20 02 00 00")


class ScriptedBroker:
    """Reads each CONNECT, sends the next of `answers` (the last one for ever), then listens or, with `close`, closes.

    An empty answer is none. `close_at` is the first byte of a packet at which it closes, too, when a chunk begins with
    it. `received` holds what the clients sent first.
    """

    def __init__(self, *answers: bytes, close: bool = False, close_at: int | None = None) -> None:
        self._answers = list(answers)
        self._close = close
        self._close_at = close_at
        self._server = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self.host: str = "127.0.0.1"
        self.port: int = self._server.getsockname()[1]
        self.received: list[bytes] = []
        self.after_connect = b""
        """What the newest client has sent after CONNECT."""
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        with self._lock:
            for client in self._sockets:
                client.close()

    @property
    def connections(self) -> int:
        """How many clients there have been."""
        return len(self.received)

    def hang_up(self) -> None:
        """Ends the newest connection."""
        with self._lock:
            self._sockets[-1].shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:  # closed: the test is over
                return
            with self._lock:
                self._sockets.append(client)
            self._play(client)

    def _play(self, client: socket.socket) -> None:
        connect = client.recv(4096)
        self.after_connect = b""
        self.received.append(connect)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        client.sendall(answer)
        if self._close:
            client.close()
        else:
            threading.Thread(target=self._listen, args=(client,), daemon=True).start()

    def _listen(self, client: socket.socket) -> None:
        heard = b""
        try:
            while data := client.recv(65_536):
                heard += data
                self.after_connect = heard
                if data[0] == self._close_at:
                    client.shutdown(socket.SHUT_RDWR)
                    return
        except OSError:  # closed: the test is over
            return
