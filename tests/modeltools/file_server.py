"""A web server of files, with the ways in which real ones fail; it can stand for a proxy, too."""

import re
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass(slots=True)
class Asked:
    """What came with a request. A proxy is asked for a whole URL as `path`."""

    path: str
    first_byte: int | None
    if_range: str | None


@dataclass(slots=True)
class Manners:
    """How a server answers. `cuts`: after how many bytes of the content it drops each of the next connections."""

    etag: str | None = '"1"'
    ranges: bool = True
    cuts: list[int] = field(default_factory=list)
    status: int = 200
    location: str | None = None
    length_off_by: int = 0
    says_length: bool = True
    chunked: bool = False
    pause: float = 0.0
    """Seconds between pieces of 64 KiB."""
    endless: bool = False
    silent: bool = False
    stall_after: int | None = None
    wrong_part: bool = False


class FileServer(ThreadingHTTPServer):
    """Serves `files` by the last component of the path, and keeps in `asked` what it was asked for."""

    daemon_threads = True

    def __init__(self, files: dict[str, bytes], tls: tuple[Path, Path] | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files, self.manners, self.asked = files, Manners(), list[Asked]()
        self.stopped = threading.Event()
        self.scheme = "http"
        if tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.socket = context.wrap_socket(self.socket, server_side=True)
            self.scheme = "https"

    @property
    def url(self) -> str:
        """The folder of the files."""
        host = "localhost" if self.scheme == "https" else "127.0.0.1"
        return f"{self.scheme}://{host}:{self.server_port}/files/"

    def first_bytes(self, name: str) -> list[int | None]:
        """From which byte on a file was asked for, each time."""
        return [asked.first_byte for asked in self.asked if asked.path.endswith(f"/{name}")]

    def handle_error(self, request: object, client_address: object) -> None:
        """Those who hang up or don't trust the certificate are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    server: FileServer

    def do_GET(self) -> None:
        manners = self.server.manners
        asked_for = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        first = int(asked_for[1]) if asked_for else None
        if_range = self.headers.get("If-Range")
        self.server.asked.append(Asked(self.path, first, if_range))
        if manners.silent:
            self.server.stopped.wait()
            return
        content = self.server.files.get(self.path.rpartition("/")[2])
        if content is None or manners.status != 200:
            self._refuse(404 if content is None else manners.status, manners.location)
            return
        if not manners.ranges or if_range not in (None, manners.etag):
            first = None
        if first is not None and first >= len(content):
            self._refuse(416, None)
            return
        self._answer(content, first, manners)

    def _refuse(self, status: int, location: str | None) -> None:
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _answer(self, content: bytes, first: int | None, manners: Manners) -> None:
        body = content[first or 0 :]
        self.send_response(200 if first is None else 206)
        if first is not None:
            told = first + manners.wrong_part
            self.send_header("Content-Range", f"bytes {told}-{len(content) - 1}/{len(content)}")
        if manners.etag:
            self.send_header("ETag", manners.etag)
        if manners.chunked:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body))
            return
        if manners.says_length and not manners.endless:
            self.send_header("Content-Length", str(len(body) + manners.length_off_by))
        self.end_headers()
        cut = manners.cuts.pop(0) if manners.cuts else len(body)
        stall = manners.stall_after
        for at in range(0, cut, 65536):
            if stall is not None and at >= stall:
                self.server.stopped.wait()
            self.wfile.write(body[at : min(at + 65536, cut)])
            time.sleep(manners.pause)
        while manners.endless and not self.server.stopped.is_set():
            self.wfile.write(bytes(65536))

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  http.server's own name
        pass


@contextmanager
def file_server(files: dict[str, bytes], tls: tuple[Path, Path] | None = None) -> Iterator[FileServer]:
    """A server that runs inside the `with` block."""
    server = FileServer(files, tls)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server
    finally:
        server.stopped.set()
        server.shutdown()
        thread.join()
        server.server_close()
