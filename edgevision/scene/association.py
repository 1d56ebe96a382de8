"""How likely it is that a box shows a thing that is followed already."""

import math
from collections.abc import Sequence

from edgevision.inference.detection import Box
from edgevision.scene.kalman import Kalman

IMPROBABLE = 15.0
"""The cost from which on a box is sooner something new."""

NEVER = math.inf

_NARROW = 0.009
"""The spread (see Kalman) of a thing that is found in each frame."""

_REACH = 0.2
"""How far from where it is expected a thing may be at once, in units of its size, and as much more as seconds pass."""


_FITS, _FITS_SIZE = 0.45, 1.5
"""The least overlap, and the greatest factor in size, of what is surely the same thing."""

_BEGUN_SIZE, _RETURNED_SIZE = 1.4, 2.5
"""The greatest factor in size from frame to frame, and of what comes out from behind something that hid it in part."""

_BEGUN_SPREADS = 6.0
"""How many spreads from where it was what has just begun may be next: two frames tell little of its speed."""

_OVERLAP_COUNTS = 4.0
"""What no overlap at all costs; all of these were found with the scenes of tests/scene/synthetic.py."""


def overlap(a: Box, b: Box) -> float:
    """Intersection over union, 0..1."""
    xmin, ymin, xmax, ymax = a.xmin, a.ymin, a.xmax, a.ymax
    left, top, right, bottom = b.xmin, b.ymin, b.xmax, b.ymax
    if left >= xmax or xmin >= right or top >= ymax or ymin >= bottom:
        return 0.0
    across = (xmax if xmax < right else right) - (xmin if xmin > left else left)  # min and max take twice as long
    both = across * ((ymax if ymax < bottom else bottom) - (ymin if ymin > top else top))
    return both / ((xmax - xmin) * (ymax - ymin) + (right - left) * (bottom - top) - both)


# Each of these takes all boxes of a frame at once, for what is known of the thing is looked up but once then.


def again(thing: Kalman, boxes: Sequence[Box]) -> list[float]:
    """The cost of taking each of `boxes` for a confirmed thing seen a moment ago."""
    own, x, y, scale, spread = thing.box, thing.x, thing.y, thing.size**2, thing.spread
    least = 2 * math.log(spread / _NARROW)
    costs = []
    for box in boxes:
        right, down = (box.xmin + box.xmax) / 2 - x, (box.ymin + box.ymax) / 2 - y
        cost = (right * right + down * down) / scale / spread + least  # of many boxes mostly enough to know
        costs.append(cost + _OVERLAP_COUNTS * (1 - overlap(own, box)) if cost < IMPROBABLE else NEVER)
    return costs


def surely_again(thing: Kalman, last: Box, boxes: Sequence[Box]) -> list[float]:
    """The same where it was missed for a while, or the score is low, or NEVER: there is much noise, so it must fit.

    `last` is where it was seen; what stands still is there, whatever speed it is thought to have.
    """
    own = thing.box
    costs = []
    for box in boxes:
        shared = max(overlap(own, box), overlap(last, box))
        fits = shared >= _FITS and _alike(thing, box, _FITS_SIZE)
        costs.append(_unlikely(thing, _apart(thing, box)) + _OVERLAP_COUNTS * (1 - shared) if fits else NEVER)
    return costs


def just_begun(thing: Kalman, boxes: Sequence[Box]) -> list[float]:
    """The cost of taking each of `boxes` for a thing not confirmed yet, or NEVER.

    Noise has not twice one size in one place. How far such a thing may have come in the time depends on the frame
    rate; its speed isn't known.
    """
    reach = min(_BEGUN_SPREADS * thing.spread, (_REACH + thing.unseen) ** 2, 1.0)
    costs = []
    for box in boxes:
        apart = _apart(thing, box)
        fits = apart <= reach and _alike(thing, box, _BEGUN_SIZE)
        costs.append(_unlikely(thing, apart) + _OVERLAP_COUNTS * (1 - overlap(thing.box, box)) if fits else NEVER)
    return costs


def returned(thing: Kalman, begun: Kalman) -> float:
    """The cost of taking what has just begun for a thing that was lost, or NEVER."""
    apart = _apart(thing, begun.box)
    spread = thing.spread + begun.spread
    near = apart < (_REACH + thing.unseen) ** 2
    return apart / spread if near and _alike(thing, begun.box, _RETURNED_SIZE) else NEVER


def _unlikely(thing: Kalman, apart: float) -> float:
    """Twice the negative log-likelihood of the centre."""
    spread = thing.spread
    return apart / spread + 2 * math.log(spread / _NARROW)


def _apart(thing: Kalman, box: Box) -> float:
    """The squared distance of the centres, in units of the thing's size."""
    right = (box.xmin + box.xmax) / 2 - thing.x
    down = (box.ymin + box.ymax) / 2 - thing.y
    return (right * right + down * down) / thing.size**2


def _alike(thing: Kalman, box: Box, most: float) -> bool:
    """Whether neither width nor height differs by more than that factor."""
    width, height = (box.xmax - box.xmin) / thing.width, (box.ymax - box.ymin) / thing.height
    return 1 / most <= width <= most and 1 / most <= height <= most
