"""From signals to a request to stop."""

import signal
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
