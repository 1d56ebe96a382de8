"""Child processes that are to give an answer: they end with their parent, and how they end without one can be told."""

import ctypes
import os
import signal

PR_SET_PDEATHSIG = 1
"""From linux/prctl.h."""


def end_with(parent: int) -> None:
    """Let this process be killed when the process `parent`, which started it, dies."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before that
        os._exit(1)


def signal_name(returncode: int) -> str | None:
    """The signal that ended a process of that return code: `SIGSEGV`; None: it ended by itself."""
    if returncode >= 0:
        return None
    known = {number.value: number.name for number in signal.Signals}
    return known.get(-returncode, f"signal {-returncode}")


def how_it_ended(returncode: int, stderr: str) -> str:
    """`crashes (SIGSEGV)`, or `fails` with the last thing that it said."""
    name = signal_name(returncode)
    if name == "SIGKILL":
        return "was killed, most likely for want of memory,"
    if name is not None:
        return f"crashes ({name})"
    last = next((line.strip() for line in reversed(stderr.splitlines()) if line.strip()), "it said nothing")
    return f"fails ({last})"
