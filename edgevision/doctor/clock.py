"""Whether the time is right."""

from collections.abc import Callable
from datetime import UTC, datetime

from edgevision.daemon.clock import Clock
from edgevision.doctor.case import Case
from edgevision.doctor.finding import Finding, ok, problem, warning

_SET_IT = "connect it to the network, and sudo timedatectl set-ntp true; timedatectl shows what there is"


def look_at_clock(_case: Case, new_clock: Callable[[], Clock] = Clock) -> list[Finding]:
    """What the daemon would think of the clock, had it been started now."""
    clock = new_clock()
    now = f"{datetime.fromtimestamp(clock.time(), UTC):%Y-%m-%d %H:%M:%S} UTC"
    match clock.state:
        case "synchronized":
            return [ok("clock", f"{now}, set by the network's time")]
        case "assumed":
            return [warning("clock", f"{now}, which nothing confirms", _SET_IT)]
        case "waiting":
            return [warning("clock", f"{now}; just started, the network's time hasn't come yet", _SET_IT)]
    return [problem("clock", f"{now}, before this edgevision was installed: events wait until it is right", _SET_IT)]
