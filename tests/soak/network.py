"""A network of its own for one process, with a cable that can be pulled. Takes root and iproute2."""

import os
import shutil
import signal
import subprocess
from contextlib import suppress
from typing import Self

_IP = shutil.which("ip", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin") or "ip"


class Network:
    """A network namespace, tied to this one by a cable; `host` is our address as seen from inside."""

    def __init__(self) -> None:
        pid = os.getpid()
        self.name = f"edgevision-soak-{pid}"
        self._cable = f"evsoak{pid}"
        # Of the block that is for trials of networks (RFC 2544): four addresses for each process.
        self._block = f"198.{18 + pid // 16384 % 2}.{pid // 64 % 256}"
        self._first = pid % 64 * 4
        self.host = f"{self._block}.{self._first + 1}"

    def __enter__(self) -> Self:
        inside = f"{self._block}.{self._first + 2}/30"
        _ip("netns", "add", self.name)
        try:
            _ip("link", "add", self._cable, "type", "veth", "peer", "name", "eth0", "netns", self.name)
            _ip("address", "add", f"{self.host}/30", "dev", self._cable)
            _ip("-n", self.name, "address", "add", inside, "dev", "eth0")
            _ip("-n", self.name, "link", "set", "lo", "up")
            _ip("-n", self.name, "link", "set", "eth0", "up")
            self.mend()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for pid in self.inhabitants:  # or the cable would stay as long as they do
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        _ip("netns", "delete", self.name)  # and the cable with it

    @property
    def enter(self) -> list[str]:
        """What to write before a command that shall run inside."""
        return [_IP, "netns", "exec", self.name]

    @property
    def inhabitants(self) -> list[int]:
        """The processes inside."""
        return [int(pid) for pid in _ip("netns", "pids", self.name).split()]

    def cut(self) -> None:
        """Pull the cable."""
        _ip("link", "set", self._cable, "down")

    def mend(self) -> None:
        """Plug it in."""
        _ip("link", "set", self._cable, "up")


def _ip(*arguments: str) -> str:
    done = subprocess.run([_IP, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"ip {' '.join(arguments)}: {done.stderr.strip()} (this takes root and iproute2)")
    return done.stdout
