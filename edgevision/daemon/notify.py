"""Telling systemd how the service does: the protocol of sd_notify(3)."""

import contextlib
import socket
import time
from collections.abc import Mapping


class Notifier:
    """Sends to the socket that systemd named in the environment; without one, every call does nothing.

    `watchdog` is the time in seconds within which systemd wants a sign of life, None if it wants none.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        # `@` stands for the NUL that an abstract socket's name begins with.
        self._address = environ.get("NOTIFY_SOCKET", "").replace("@", "\0", 1)
        microseconds = environ.get("WATCHDOG_USEC", "")
        self.watchdog = int(microseconds) / 1e6 if self._address and microseconds.isdecimal() else None
        self._status = ""

    def ready(self) -> None:
        """The start, or a reload, is done."""
        self._send("READY=1")

    def reloading(self) -> None:
        """The configuration is being read again; ready() ends that."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """The end has begun."""
        self._send("STOPPING=1")

    def alive(self) -> None:
        """Work goes on."""
        self._send("WATCHDOG=1")

    def status(self, text: str) -> None:
        """What `systemctl status` shows: one line."""
        if text != self._status:
            self._status = text
            self._send(f"STATUS={text}")

    def _send(self, state: str) -> None:
        if not self._address:
            return
        # Nobody is harmed when systemd doesn't hear it, but by the watchdog, which is there for that.
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as to:
            to.settimeout(1.0)
            to.sendto(state.encode(), self._address)
