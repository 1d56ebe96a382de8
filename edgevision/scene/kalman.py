"""Where a box is and whither it goes, guessed from noisy sightings."""

import math
from functools import lru_cache

from edgevision.inference.detection import Box

_SIGHTING = 0.08**2
"""Variance of a detected centre, as of all lengths here in units of the box's size."""

_SPEED = 0.35**2
"""Variance of the speed (sizes a second) that a thing has when nothing is known of it any more."""

_FIRST_SPEED = 1.0**2
"""The same of a thing just found: many come because they move."""

_FORGETS = 8.0
"""Seconds in which a speed is forgotten to 1/e."""

_HIDES, _RESTS = 2.0, 1.0
"""What is unseen for longer forgets its speed so much faster: it comes to rest where it is, and never wanders off."""

_UNKNOWN = 0.5**2
"""The most that the variance of a centre grows to, however long it isn't seen."""

_SIZE_SIGHTING = 0.1**2
_SIZE_CHANGE = 0.1**2
"""Variance of a detected width or height, and of its change in a second, as parts of it."""


class Kalman:
    """The Kalman filter of one box: its centre moves with a speed that is slowly forgotten, its size drifts.

    The speed is an Ornstein-Uhlenbeck process, integrated exactly, so the frame rate doesn't matter and a variance
    can't run away. Both axes have the same variances, in units of `size`; centre and speed are in fractions of the
    frame (a second).
    """

    __slots__ = (
        "_box",
        "_centre",
        "_centre_speed",
        "_extent",
        "_speed",
        "height",
        "size",
        "spread",
        "unseen",
        "vx",
        "vy",
        "width",
        "x",
        "y",
    )

    def __init__(self, box: Box) -> None:
        self.x, self.y = (box.xmin + box.xmax) / 2, (box.ymin + box.ymax) / 2
        self.width, self.height = box.xmax - box.xmin, box.ymax - box.ymin
        self.vx = self.vy = 0.0
        self._centre, self._centre_speed, self._speed = _SIGHTING, 0.0, _FIRST_SPEED
        self._extent = _SIZE_SIGHTING
        self.size = (self.width + self.height) / 2
        """The mean of its sides: of what goes behind something, mostly one side stays as it was."""
        self.spread = self._centre + _SIGHTING
        """The variance of where it would be detected now, along one axis, in units of `size`."""
        self.unseen = 0.0
        self._box: Box | None = None

    @property
    def box(self) -> Box:
        """Where it is thought to be; may reach beyond the frame."""
        if self._box is None:  # it is asked for several times a frame
            width, height = self.width / 2, self.height / 2
            self._box = Box(self.x - width, self.y - height, self.x + width, self.y + height)
        return self._box

    def predict(self, seconds: float) -> None:
        """That much time has passed."""
        if seconds <= 0:
            return
        self._box = None
        self.unseen += seconds
        kept, reach, wandered, pulled, freshened = _passage(seconds, _FORGETS if self.unseen <= _HIDES else _RESTS)
        self.x += self.vx * reach
        self.y += self.vy * reach
        self.vx *= kept
        self.vy *= kept
        centre_speed, speed = self._centre_speed, self._speed
        centre = self._centre + (2 * reach * centre_speed + reach * reach * speed + wandered)
        centre_speed = kept * (centre_speed + reach * speed) + pulled
        if centre > _UNKNOWN:
            centre_speed *= math.sqrt(_UNKNOWN / centre)
            centre = _UNKNOWN
        self._centre, self._centre_speed, self._speed = centre, centre_speed, kept * kept * speed + freshened
        self.spread = centre + _SIGHTING
        self._extent = min(self._extent + _SIZE_CHANGE * seconds, _UNKNOWN)

    def update(self, box: Box) -> None:
        """It was detected there."""
        self._box = None
        self.unseen = 0.0
        xmin, ymin, xmax, ymax = box.xmin, box.ymin, box.xmax, box.ymax
        centre, centre_speed, spread = self._centre, self._centre_speed, self.spread
        gain, speed_gain = centre / spread, centre_speed / spread
        right, down = (xmin + xmax) / 2 - self.x, (ymin + ymax) / 2 - self.y
        self.x += gain * right
        self.y += gain * down
        self.vx += speed_gain * right
        self.vy += speed_gain * down
        self._speed -= speed_gain * centre_speed
        self._centre_speed = centre_speed * (1 - gain)
        self._centre = centre = centre * (1 - gain)
        self.spread = centre + _SIGHTING
        width, height, extent = self.width, self.height, self._extent
        gain = extent / (extent + _SIZE_SIGHTING)
        self.width = width = width + gain * (xmax - xmin - width)
        self.height = height = height + gain * (ymax - ymin - height)
        self._extent = extent * (1 - gain)
        self.size = (width + height) / 2


@lru_cache(maxsize=4)  # for all things of a frame the same
def _passage(seconds: float, forgets: float) -> tuple[float, float, float, float, float]:
    """What that time does to any of them.

    The part of a speed that is kept, the seconds for which it goes on, and what is added to the variance of the centre,
    to that of centre and speed together, and to that of the speed.
    """
    passed = seconds / forgets
    kept = math.exp(-passed)
    wandered = max(_SPEED * forgets**2 * (2 * passed - 3 + 4 * kept - kept * kept), 0.0)
    pulled, freshened = _SPEED * forgets * (1 - kept) ** 2, _SPEED * (1 - kept * kept)
    return kept, forgets * (1 - kept), wandered, pulled, freshened
