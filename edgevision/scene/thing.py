"""What a tracker keeps of one thing, and of one sighting of it."""

import math

from edgevision.inference.detection import Box, Detection
from edgevision.scene.kalman import Kalman
from edgevision.scene.moment import Moment
from edgevision.scene.track import Track

_EVERYWHERE = Box(0.0, 0.0, 1.0, 1.0)
"""Where a classifier's label is."""

_SMALLEST = 1e-4
"""Of the frame's side: less than a pixel is no box."""

SHRINKS = 30.0
"""Seconds in which it is forgotten to 1/e how wide and high a thing has been: it may have gone behind something."""


class Sighting:
    """A detection: `starts` if it may begin a track; `thing` is what it shows, `part` if it is but the rest of one.

    `kind` is its label and whether it has a box: what differs in that never goes together.
    """

    __slots__ = ("box", "detection", "kind", "part", "starts", "thing")

    def __init__(self, detection: Detection, starts: bool) -> None:
        self.detection, self.starts = detection, starts
        self.kind = (detection.label, detection.box is not None)
        self.box = detection.box or _EVERYWHERE
        self.thing: Thing | None = None
        self.part = False

    @property
    def sound(self) -> bool:
        """Whether its numbers are: finite, the box with some width and height, in the frame or near it."""
        box = self.box
        across = -1 <= box.xmin <= box.xmax - _SMALLEST and box.xmax <= 2
        down = -1 <= box.ymin <= box.ymax - _SMALLEST and box.ymax <= 2
        return across and down and math.isfinite(self.detection.score)


class Thing:
    """What is followed.

    `kind` is that of its sightings. `id` is None until it is confirmed. `hits` counts the frames in which it was found,
    `frames` all since the first, `missed` those since it was found last. `wide` and `high`: how it has been, of late.
    """

    __slots__ = ("first", "frames", "high", "hits", "id", "kalman", "kind", "last", "missed", "sighting", "wide")

    def __init__(self, sighting: Sighting, moment: Moment) -> None:
        self.id: str | None = None
        self.kind = sighting.kind
        self.kalman = Kalman(sighting.box)
        self.first = self.last = moment
        self.frames, self.hits, self.missed = 1, 1, 0
        self.wide, self.high = self.kalman.width, self.kalman.height
        self._shown(sighting)

    @property
    def doubtful(self) -> bool:
        """Whether, not confirmed yet, it is missed so often that it is better forgotten."""
        return self.missed > 0 and (not self.kind[1] or self.missed > 2 or self.frames > 2 * self.hits + 1)

    def passes(self, seconds: float, kept: float) -> None:
        """A frame later, and not found in it yet; `kept` is what isn't forgotten of its size in that time."""
        self.frames += 1
        self.missed += 1
        self.wide *= kept
        self.high *= kept
        self.kalman.predict(seconds)

    def find(self, sighting: Sighting, moment: Moment, whole: Box) -> None:
        """That shows it; `whole` is where all of it must be then."""
        box, kalman = sighting.box, self.kalman
        kalman.update(whole)
        self.wide = max(self.wide, min(box.xmax - box.xmin, kalman.width))
        self.high = max(self.high, min(box.ymax - box.ymin, kalman.height))
        self.last, self.hits, self.missed = moment, self.hits + 1, 0
        self._shown(sighting)

    def resume(self, begun: "Thing") -> None:
        """It is what has just begun again."""
        self.kalman, self.last = begun.kalman, begun.last
        self.hits, self.missed = self.hits + begun.hits, 0
        self._shown(begun.sighting)

    def track(self) -> Track:
        """What is told of it, once confirmed."""
        assert self.id is not None
        shown = self.sighting.detection
        found = self.missed == 0
        return Track(self.id, shown.label, shown.score, shown.box, self.hits, self.first, self.last, found)

    def _shown(self, sighting: Sighting) -> None:
        self.sighting = sighting
        sighting.thing = self
