"""How a child process ended that was to give an answer and gave none."""

import signal


def signal_name(returncode: int) -> str | None:
    """The signal that ended a process of that return code: `SIGSEGV`; None: it ended by itself."""
    if returncode >= 0:
        return None
    known = {number.value: number.name for number in signal.Signals}
    return known.get(-returncode, f"signal {-returncode}")


def how_it_ended(returncode: int, stderr: str) -> str:
    """`crashes (SIGSEGV)`, or `fails` with the last thing that it said."""
    name = signal_name(returncode)
    if name is not None:
        return f"crashes ({name})"
    last = next((line.strip() for line in reversed(stderr.splitlines()) if line.strip()), "it said nothing")
    return f"fails ({last})"
