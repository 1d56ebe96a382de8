"""What time it is on a machine whose clock may be set while the daemon runs: a Pi without a battery wakes in 1970."""

import ctypes
import logging
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Literal

import edgevision
from edgevision.record import record

log = logging.getLogger(__name__)

ClockState = Literal["synchronized", "assumed", "waiting", "wrong"]

SYNCHRONIZED = Path("/run/systemd/timesync/synchronized")
"""There once systemd-timesyncd has set the clock."""

TIME_ERROR = 5
"""The answer of adjtimex(2) while nothing keeps the clock right."""

SETTING_TAKES = 600.0
"""Seconds after power on within which the network's time comes, where it comes at all: after a power cut the router has
to come up first."""

TRUST = "EDGEVISION_TRUST_CLOCK"
"""Set in the environment, it says that the clock is right: for machines without any network time."""

BATTERY_CLOCKS = Path("/sys/class/rtc")

AGREE = 60.0
"""Seconds."""

NO_STEP = 0.1
"""Seconds by which two readings of the same two clocks may differ; a thing's times must not change for that."""

READ_WITHIN = 0.01
"""Seconds that reading the two clocks together may take: what comes between them would look like a step."""

READINGS = 10

FIRST_MADE = datetime(2025, 1, 1, tzinfo=UTC).timestamp()
"""No edgevision is older."""


@record
class Reckoning:
    """How the clock is known at one moment: all of it is of the same look.

    `offset` is the time of day (seconds since 1970) at power on, `shift` the seconds by which the clock has been set
    since the daemon began. `right`: it is known to be right, or was once.
    """

    offset: float
    shift: float
    state: ClockState
    right: bool

    def stamped(self, time: float) -> float:
        """The time of day of what `Clock.time()` called `time`."""
        return time + self.shift


def synchronized(marker: Path = SYNCHRONIZED) -> bool:
    """Whether the network's time is known to have set the clock; False also where nobody can tell."""
    if marker.exists():
        return True
    # `struct timex` is 208 bytes or fewer; all zero asks and sets nothing. -1: forbidden, or there is no such call.
    return _libc().adjtimex(ctypes.create_string_buffer(512)) not in {-1, TIME_ERROR}


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None)


def vouched_for(now: float, environ: Mapping[str, str] = os.environ, battery_clocks: Path = BATTERY_CLOCKS) -> bool:
    """Whether the time of day `now` is what a clock that runs without power says, too, or somebody has said so.

    One without a battery stays where it is when the system's clock is set to a time that was saved: far behind.
    """
    if environ.get(TRUST):
        return True
    for clock in battery_clocks.glob("rtc*/since_epoch"):
        with suppress(OSError, ValueError):
            if abs(int(clock.read_text(encoding="ascii")) - now) <= AGREE:
                return True
    return False


def seconds_up() -> float:
    """Since power on, those asleep too: a machine that sleeps must not look like one whose clock is set."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def earliest() -> float:
    """Seconds since 1970 before which it can't be: that is when this edgevision was installed."""
    return max(Path(edgevision.__file__).stat().st_mtime, FIRST_MADE)


class Clock:
    """Steady times that no setting of the clock disturbs, and what they are by the clock as it is set now.

    Any thread may read it; `look` belongs to the main thread.
    """

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        up: Callable[[], float] = seconds_up,
        is_synchronized: Callable[[], bool] = synchronized,
        floor: float | None = None,
        is_vouched_for: Callable[[float], bool] = vouched_for,
    ) -> None:
        """`wall` gives seconds since 1970, `up` since power on; before `floor` (default: `earliest`) it is wrong."""
        self._wall = wall
        self._up = up
        self._is_synchronized = is_synchronized
        self._is_vouched_for = is_vouched_for
        self._floor = earliest() if floor is None else floor
        set_by_network, self._begin = self._read()
        self.reckoning = self._reckon(self._begin, set_by_network, was_right=False)
        """Replaced whole: who needs more than one value of it takes it once."""
        if not self.right:
            log.warning("the clock says %s, which is not known to be right yet", _date(wall()))

    @property
    def offset(self) -> float:
        """The time of day (seconds since 1970) at power on, by the clock as it is set now."""
        return self.reckoning.offset

    @property
    def state(self) -> ClockState:
        """What is known of the clock.

        `synchronized`: the network's time has set it. `assumed`: it hasn't, and won't any more; the date is possible.
        `waiting`: it may yet. `wrong`: the date is before this program was installed.
        """
        return self.reckoning.state

    @property
    def right(self) -> bool:
        """Whether times may be told; once they may, they always may."""
        return self.reckoning.right

    def time(self) -> float:
        """Seconds since 1970 as the clock would say had nobody set it since the daemon began; never goes back."""
        return self._begin + self._up()

    def stamped(self, time: float) -> float:
        """The time of day of what `time()` called `time`, by the clock as it is set now (within 0.1 s)."""
        return self.reckoning.stamped(time)

    def look(self) -> None:
        """See whether somebody has set the clock; from time to time."""
        was = self.reckoning
        set_by_network, offset = self._read()
        step = offset - was.offset
        if abs(step) <= NO_STEP:
            offset = was.offset
        else:
            log.info("the clock was put %s by %s", "forward" if step > 0 else "back", _duration(abs(step)))
        self.reckoning = self._reckon(offset, set_by_network, was.right)
        if self.right and not was.right:
            log.info("the clock is taken for right: %s, %s", _date(self._wall()), self.state)

    def _reckon(self, offset: float, set_by_network: bool, was_right: bool) -> Reckoning:
        state: ClockState
        if set_by_network:
            state = "synchronized"
        elif offset + self._up() < self._floor:
            state = "wrong"
        else:
            settled = was_right or self._up() > SETTING_TAKES or self._is_vouched_for(offset + self._up())
            state = "assumed" if settled else "waiting"
        right = was_right or state in {"synchronized", "assumed"}
        return Reckoning(offset, offset - self._begin, state, right)

    def _read(self) -> tuple[bool, float]:
        """Whether the network has set the clock, and the time of day at power on."""
        # In this order: a clock that is set in between must not be called right by its old time.
        set_by_network = self._is_synchronized()
        readings = []
        for _ in range(READINGS):
            before, wall, after = self._up(), self._wall(), self._up()
            readings.append((after - before, wall - (before + after) / 2))
            if after - before <= READ_WITHIN:
                break
        # Whole milliseconds, as in messages: what was written down with one offset and mended to another one later
        # is to the digit what is written with that other one.
        return set_by_network, round(min(readings)[1], 3)


def _date(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"


def _duration(seconds: float) -> str:
    for name, length in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:,.0f} {name}"
    return f"{seconds:.1f} s"
