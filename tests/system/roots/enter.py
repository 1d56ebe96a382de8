"""Running commands inside a root."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SCRIPT = Path(__file__).with_name("enter-root.sh")


@dataclass(frozen=True, slots=True)
class Bind:
    """A file or folder of this machine and where the root sees it."""

    source: Path
    target: str
    writable: bool = False

    def arguments(self) -> list[str]:
        """For enter-root.sh."""
        return ["--bind" if self.writable else "--ro-bind", str(self.source.resolve()), self.target]


def command_in(root: Path, command: Sequence[str], binds: Sequence[Bind] = ()) -> list[str]:
    """The command line that runs `command` in `root`; start it with an environment from `environment()`."""
    arguments = [argument for bind in binds for argument in bind.arguments()]
    return ["sh", str(SCRIPT), str(root), *arguments, "--", *command]


def environment(**variables: str) -> dict[str, str]:
    """`variables` and the few that every program wants: nothing of this machine's leaks into a root by itself."""
    return {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/root",
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "EDGEVISION_TRUST_CLOCK": "1",  # or events would wait on a machine that has just been started
        **variables,
    }


class Inside:
    """A command that is running in a root."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        # What we started is `unshare`; its child is the script's shell, and that one's child is the command.
        os.kill(_child_of(_child_of(self._process.pid)), number)

    def wait(self, seconds: float) -> int:
        """Its exit status. Raises subprocess.TimeoutExpired."""
        return self._process.wait(seconds)


def _child_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


@contextmanager
def running(
    root: Path, command: Sequence[str], log: Path, variables: Mapping[str, str], binds: Sequence[Bind] = ()
) -> Iterator[Inside]:
    """Runs `command` in `root` until the end of the block, at the latest; what it says is in `log`."""
    with (
        log.open("w") as output,
        subprocess.Popen(
            command_in(root, command, binds),
            env=environment(**variables),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process,
    ):
        try:
            yield Inside(process)
        finally:
            process.kill()  # `--kill-child` takes the rest along
