"""A Debian with systemd as its process 1, in a container of systemd-nspawn's, and commands run in it from outside."""

import hashlib
import os
import signal
import stat
import subprocess
from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.mosquitto import Subscriber, wait_until
from tests.system.roots.enter import environment
from tests.system.roots.systemd import WHEELS

_NAMESPACES = ("--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--root", "--wd")
_BOOT = ("systemd-nspawn", "--register=no", "--keep-unit", "--private-network", "--console=read-only", "--boot")
# What a running system writes about itself, and what isn't on its disk.
_UNSTEADY = (
    *("dev", "proc", "run", "srv", "sys", "tmp", "var/cache", "var/lib/dpkg", "var/lib/systemd", "var/log"),
    *("etc/passwd-", "etc/group-", "etc/shadow-", "etc/gshadow-", "etc/.pwd.lock"),
)


class Machine:
    """The machine whose disk is the folder `root`; it has a network of its own with nobody else in it."""

    def __init__(self, root: Path, init: int) -> None:
        self.root = root
        self._init = init

    def command(self, *command: str, env: Mapping[str, str] | None = None) -> list[str]:
        """The command line that runs `command` in there as root. pip finds nothing but the root's wheels."""
        pip = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": WHEELS}
        variables = [f"{name}={value}" for name, value in (environment() | pip | dict(env or {})).items()]
        return ["nsenter", f"--target={self._init}", *_NAMESPACES, "env", "--ignore-environment", *variables, *command]

    def attempt(self, *command: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run `command` in there to its end."""
        return subprocess.run(self.command(*command, env=env), capture_output=True, text=True, timeout=120, check=False)

    def run(self, *command: str, **env: str) -> str:
        """Run `command` in there to its end, and return what it wrote to stdout. Fails the test when it fails."""
        done = self.attempt(*command, **env)
        assert done.returncode == 0, f"{' '.join(command)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout.strip()

    def subscribe(self, *topics: str) -> Subscriber:
        """A subscriber of the broker in there, listening when this returns; close it."""
        command = self.command("stdbuf", "-oL", "mosquitto_sub", "-h", "localhost", "-q", "1")
        command.remove("--pid")  # for which nsenter would start another process, and that one would outlive it
        return Subscriber([*command, *(word for topic in topics for word in ("-t", topic))])

    def write(self, path: str, text: str) -> None:
        """Write a file in there, its folder included; an existing one keeps its owner and mode."""
        self.run("mkdir", "-p", str(Path(path).parent))
        subprocess.run(self.command("tee", path), input=text, stdout=subprocess.DEVNULL, text=True, check=True)

    def files(self, *, beside: str = "/proc") -> dict[str, str]:
        """What lies on its disk: path to owner, mode and content.

        Without what a running system writes by itself, and without the folder `beside`.
        """
        left_out = {self.root / folder for folder in (*_UNSTEADY, beside.lstrip("/"))}
        return {str(path.relative_to(self.root)): _summary(path) for path in _walk(self.root, left_out)}


@contextmanager
def booted(root: Path, log: Path) -> Iterator[Machine]:
    """Boots `root`, which it writes to, and waits until all is up; switched off at the end. Its console is in `log`."""
    with log.open("w") as console:
        process = subprocess.Popen(
            [*_BOOT, f"--directory={root}", f"--machine=edgevision-{os.getpid()}"],
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until(lambda: _init_of(process) is not None, "the machine's process 1", timeout=30)
        init = _init_of(process)
        assert init is not None
        machine = Machine(root, init)
        wait_until(lambda: machine.attempt("systemctl", "is-system-running", "--wait").returncode == 0, "boot", 60)
        yield machine
    finally:
        init = _init_of(process) if process.poll() is None else None
        os.kill(init or process.pid, signal.SIGKILL)  # all of the machine's processes die with its first one
        process.wait(30)


def _init_of(process: "subprocess.Popen[bytes]") -> int | None:
    assert process.poll() is None, "systemd-nspawn ended"
    for child in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split():
        status = Path(f"/proc/{child}/status").read_text()
        if any(line.split()[1:] == [child, "1"] for line in status.splitlines() if line.startswith("NSpid:")):
            return int(child)
    return None


def _walk(folder: Path, left_out: Container[Path]) -> Iterator[Path]:
    for path in folder.iterdir():
        if path not in left_out and path.name != "__pycache__":
            yield path
            if path.is_dir() and not path.is_symlink():
                yield from _walk(path, left_out)


def _summary(path: Path) -> str:
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        content = str(path.readlink())
    elif stat.S_ISREG(status.st_mode):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
    else:
        content = ""
    return f"{stat.filemode(status.st_mode)} {status.st_uid}:{status.st_gid} {content}"
