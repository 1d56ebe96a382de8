"""A camera on the network: motion JPEG over HTTP, with the ways in which real ones fail."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_BOUNDARY = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n"


class MjpegServer(ThreadingHTTPServer):
    """Streams `frames`, each once, then does what `ending` says: "close", "stall", or "loop" for round and round.

    `silent` accepts connections and never answers. With `private` it wants some user and password.
    """

    daemon_threads = True

    def __init__(
        self, frames: list[bytes], ending: str, *, silent: bool = False, private: bool = False, port: int = 0
    ) -> None:
        super().__init__(("127.0.0.1", port), _Camera)
        self.frames, self.ending, self.silent, self.private = frames, ending, silent, private
        self.stopped = threading.Event()
        self.authorizations: list[str] = []

    @property
    def url(self) -> str:
        """Where the stream is."""
        return f"http://127.0.0.1:{self.server_port}/stream.mjpg"


class _Camera(BaseHTTPRequestHandler):
    server: MjpegServer

    def do_GET(self) -> None:
        server = self.server
        if server.private:
            if "Authorization" not in self.headers:
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="camera"')
                self.end_headers()
                return
            server.authorizations.append(self.headers["Authorization"])
        if server.silent:
            server.stopped.wait()
            return
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        while not server.stopped.is_set():
            for jpeg in server.frames:
                if server.stopped.is_set():
                    return
                self.wfile.write(_BOUNDARY % (len(jpeg), jpeg))
                time.sleep(0.02)
            if server.ending == "stall":
                server.stopped.wait()
            if server.ending != "loop":
                return

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  http.server's own name
        pass


@contextmanager
def mjpeg_server(
    frames: list[bytes], ending: str, *, silent: bool = False, private: bool = False, port: int = 0
) -> Iterator[MjpegServer]:
    """A server that runs inside the `with` block; `port` 0: any that is free."""
    server = MjpegServer(frames, ending, silent=silent, private=private, port=port)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server
    finally:
        server.stopped.set()
        server.shutdown()
        thread.join()
        server.server_close()
