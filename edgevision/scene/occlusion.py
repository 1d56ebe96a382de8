"""What boxes tell of things that are partly behind something."""

from edgevision.inference.detection import Box

_COVERED = 0.7
"""The part of a strip that must be behind another thing, so that nothing is concluded from its not being seen."""

_INSIDE = 0.8
"""A box of which more lies in another may show but a part of that thing."""

_WHOLE, _HALF = 1.2, 0.8
"""What two parts of a thing may measure together, and the area of the greater at most, in parts of all of it."""


def completed(expected: Box, seen: Box, others: list[Box]) -> Box:
    """`seen`, as far as `expected` where what it lacks is covered by one of `others`.

    So what is partly hidden neither shrinks nor moves, and a sliver of it tells no more than that it is still there.
    """
    xmin, ymin, xmax, ymax = seen.xmin, seen.ymin, seen.xmax, seen.ymax
    # Here and below, min and max would take half of the time, for it is done for dozens of pairs a frame.
    left = xmin if xmin > expected.xmin else expected.xmin
    top = ymin if ymin > expected.ymin else expected.ymin
    right = xmax if xmax < expected.xmax else expected.xmax
    bottom = ymax if ymax < expected.ymax else expected.ymax
    if left >= right or top >= bottom:
        return seen
    if expected.xmin < xmin and _covered(expected.xmin, top, xmin, bottom, others):
        xmin = expected.xmin
    if expected.xmax > xmax and _covered(xmax, top, expected.xmax, bottom, others):
        xmax = expected.xmax
    if expected.ymin < ymin and _covered(left, expected.ymin, right, ymin, others):
        ymin = expected.ymin
    if expected.ymax > ymax and _covered(left, ymax, right, expected.ymax, others):
        ymax = expected.ymax
    same = xmin == seen.xmin and ymin == seen.ymin and xmax == seen.xmax and ymax == seen.ymax
    return seen if same else Box(xmin, ymin, xmax, ymax)


def halves(box: Box, other: Box, width: float, height: float) -> bool:
    """Whether both may be ends of one thing of that width and height, cut in two by something before it."""
    both = union(box, other)
    fits = both.xmax - both.xmin <= _WHOLE * width and both.ymax - both.ymin <= _WHOLE * height
    return fits and area(box) < _HALF * width * height and area(both) > area(box) / _HALF


def union(a: Box, b: Box) -> Box:
    """The smallest box around both."""
    return Box(min(a.xmin, b.xmin), min(a.ymin, b.ymin), max(a.xmax, b.xmax), max(a.ymax, b.ymax))


def inside(box: Box, others: list[Box], least: float = _INSIDE) -> bool:
    """Whether more than that part of `box` lies in one of `others`."""
    return any(common(box, other) > least * area(box) for other in others)


def common(a: Box, b: Box) -> float:
    """The area that both share."""
    left = a.xmin if a.xmin > b.xmin else b.xmin
    right = a.xmax if a.xmax < b.xmax else b.xmax
    if left >= right:
        return 0.0
    top = a.ymin if a.ymin > b.ymin else b.ymin
    bottom = a.ymax if a.ymax < b.ymax else b.ymax
    return (right - left) * (bottom - top) if top < bottom else 0.0


def area(box: Box) -> float:
    """The part of the frame that it takes."""
    return (box.xmax - box.xmin) * (box.ymax - box.ymin)


def _covered(xmin: float, ymin: float, xmax: float, ymax: float, others: list[Box]) -> bool:
    """Whether enough of that strip is behind one of `others`: `inside`, without a box and calls for each of so many."""
    least = _COVERED * ((xmax - xmin) * (ymax - ymin))
    for other in others:
        left = xmin if xmin > other.xmin else other.xmin
        right = xmax if xmax < other.xmax else other.xmax
        if left < right:
            top = ymin if ymin > other.ymin else other.ymin
            bottom = ymax if ymax < other.ymax else other.ymax
            if top < bottom and (right - left) * (bottom - top) > least:
                return True
    return False
