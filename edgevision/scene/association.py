"""How likely it is that a box shows a thing that is followed already."""

import math

from edgevision.inference.detection import Box
from edgevision.scene.kalman import Kalman

IMPROBABLE = 20.0
"""The cost from which on a box is sooner something new."""

NEVER = math.inf

_NARROW = 0.009
"""The spread (see Kalman) of a thing that is found in each frame."""


def overlap(a: Box, b: Box) -> float:
    """Intersection over union, 0..1."""
    width = min(a.xmax, b.xmax) - max(a.xmin, b.xmin)
    height = min(a.ymax, b.ymax) - max(a.ymin, b.ymin)
    if width <= 0 or height <= 0:
        return 0.0
    common = width * height
    return common / ((a.xmax - a.xmin) * (a.ymax - a.ymin) + (b.xmax - b.xmin) * (b.ymax - b.ymin) - common)


def again(thing: Kalman, box: Box) -> float:
    """The cost of taking `box` for a confirmed thing seen a moment ago."""
    return _unlikely(thing, _apart(thing, box), overlap(thing.box, box))


def surely_again(thing: Kalman, last: Box, box: Box) -> float:
    """The same where it was missed for a while, or the score is low, or NEVER: there is much noise, so it must fit.

    `last` is where it was seen; what stands still is there, whatever speed it is thought to have.
    """
    shared = max(overlap(thing.box, box), overlap(last, box))
    return _unlikely(thing, _apart(thing, box), shared) if shared >= 0.45 and _alike(thing, box, 1.5) else NEVER


def just_begun(thing: Kalman, box: Box) -> float:
    """The cost of taking `box` for a thing not confirmed yet, or NEVER: noise has not twice one size in one place.

    How far such a thing may have come in the time depends on the frame rate; its speed isn't known.
    """
    apart = _apart(thing, box)
    if apart > min(6 * thing.spread, (0.2 + thing.unseen) ** 2, 1.0) or not _alike(thing, box, 1.4):
        return NEVER
    return _unlikely(thing, apart, overlap(thing.box, box))


def returned(thing: Kalman, begun: Kalman) -> float:
    """The cost of taking what has just begun for a thing that was lost, or NEVER."""
    apart = _apart(thing, begun.box)
    spread = thing.spread + begun.spread
    return apart / spread if _alike(thing, begun.box, 2.5) else NEVER


def _unlikely(thing: Kalman, apart: float, shared: float) -> float:
    """Twice the negative log-likelihood of the centre, and what the overlap says of the place and the size."""
    return apart / thing.spread + 2 * math.log(thing.spread / _NARROW) + 4 * (1 - shared)


def _apart(thing: Kalman, box: Box) -> float:
    """The squared distance of the centres, in units of the thing's size."""
    right = (box.xmin + box.xmax) / 2 - thing.x
    down = (box.ymin + box.ymax) / 2 - thing.y
    return (right * right + down * down) / thing.size**2


def _alike(thing: Kalman, box: Box, most: float) -> bool:
    """Whether neither width nor height differs by more than that factor."""
    width, height = (box.xmax - box.xmin) / thing.width, (box.ymax - box.ymin) / thing.height
    return 1 / most <= width <= most and 1 / most <= height <= most
