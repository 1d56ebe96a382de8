"""From signals to requests."""

import errno
import os
import signal
import sys
from types import FrameType

from edgevision.daemon.stop_request import StopRequest


def stop_on_signals() -> StopRequest:
    """A request that SIGTERM and SIGINT make from now on."""
    request = StopRequest()

    def stop(number: int, frame: FrameType | None) -> None:
        request.make()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    return request


def reload_on_hangup(request: StopRequest) -> None:
    """Let SIGHUP ask for a reload; but when the terminal that we were started from has gone, for the end."""
    terminal = sys.stderr.fileno() if sys.stderr.isatty() else None

    def hung_up(number: int, frame: FrameType | None) -> None:
        if terminal is not None and not _is_there(terminal):
            # What is said now nobody hears, but that is no failure.
            os.dup2(os.open(os.devnull, os.O_WRONLY), terminal)
            request.make()
        else:
            request.reload()

    signal.signal(signal.SIGHUP, hung_up)


def _is_there(terminal: int) -> bool:
    try:
        os.tcgetpgrp(terminal)
    except OSError as error:
        return error.errno != errno.EIO  # another one where it isn't our session's
    return True
