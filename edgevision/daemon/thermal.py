"""Fewer frames while it is too hot, before the kernel slows everything down."""

import logging
from collections.abc import Callable, Mapping

from edgevision.daemon.camera import Camera
from edgevision.daemon.health import cpu_temperature

log = logging.getLogger(__name__)

LOOK_EVERY = 10.0
"""Seconds: within that time the chip itself follows its load."""

LOWERED_TO = 0.8
"""Of what there was, at each look at which it is too hot and doesn't get cooler."""

LEAST = 0.5
"""Frames per second that each camera keeps: who walks by is still seen."""

COOL = 3.0
"""Kelvins below the maximum from which on there are more frames again; between the two nothing changes."""

RAISED_AFTER = 30.0
"""Seconds at least since the last change: board and housing follow slowly."""

RAISED_BY = 1 / 40
"""Of what there was, for each kelvin below the maximum."""


class Thermal:
    """Sets the cameras' `fps_limit` by the processor's temperature; belongs to the main thread.

    Each camera gets the same share of its own rate: the highest that has been measured, as it may be idle just now.
    """

    def __init__(
        self, cameras: Mapping[str, Camera], temperature: Callable[[], float | None] = cpu_temperature
    ) -> None:
        """`cameras`: those that there are now, by name; `temperature` tells degrees Celsius, None: unknown."""
        self._cameras = cameras
        self._temperature = temperature
        self._share = 1.0
        self._looked = self._changed = float("-inf")
        self._last: float | None = None
        self._inferred: dict[str, int] = {}
        self._rates: dict[str, float] = {}

    def attend(self, maximum: float | None, monotonic: float) -> None:
        """Look at the temperature when it is time (`monotonic`): above `maximum` degrees Celsius rates are lowered.

        None: they are not, and what was lowered is so no longer.
        """
        if monotonic - self._looked < LOOK_EVERY:
            return
        self._measure(monotonic - self._looked)
        self._looked = monotonic
        last, now = self._last, self._temperature()
        self._last = now
        share = self._share
        if maximum is None:
            share = 1.0
        elif now is None:
            return
        elif now > maximum and (last is None or now >= last):
            # No lower than what brings the fastest camera to the least: the way back would be longer.
            share = max(share * LOWERED_TO, min(share, LEAST / max(LEAST, *self._rates.values())))
        elif now < maximum - COOL and monotonic - self._changed >= RAISED_AFTER:
            share = min(share * (1 + (maximum - now) * RAISED_BY), 1.0)
        if share != self._share:
            self._changed = monotonic
            self._tell(share, now)
            self._share = share
        for name, camera in self._cameras.items():
            camera.controls.fps_limit = self._limit(self._rates.get(name, 0.0))

    def _measure(self, seconds: float) -> None:
        """Note the frames per second that each camera's model has seen since the last look."""
        before = self._inferred
        self._inferred = {name: camera.counters.inferred for name, camera in self._cameras.items()}
        self._rates = {
            name: max((count - before.get(name, count)) / seconds, self._rates.get(name, 0.0))
            for name, count in self._inferred.items()
        }

    def _limit(self, rate: float) -> float | None:
        return max(LEAST, rate * self._share) if self._share < 1 and rate > LEAST else None

    def _tell(self, share: float, now: float | None) -> None:
        if self._share == 1:
            log.warning("the processor is too hot (%.0f °C): fewer frames are looked at until it is cooler", now)
        elif share == 1:
            log.info("the processor is cool enough: all frames are looked at again")
