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
    if not inside(expected, [seen], 0.0):
        return seen
    top, bottom = max(ymin, expected.ymin), min(ymax, expected.ymax)
    left, right = max(xmin, expected.xmin), min(xmax, expected.xmax)
    if expected.xmin < xmin and inside(Box(expected.xmin, top, xmin, bottom), others, _COVERED):
        xmin = expected.xmin
    if expected.xmax > xmax and inside(Box(xmax, top, expected.xmax, bottom), others, _COVERED):
        xmax = expected.xmax
    if expected.ymin < ymin and inside(Box(left, expected.ymin, right, ymin), others, _COVERED):
        ymin = expected.ymin
    if expected.ymax > ymax and inside(Box(left, ymax, right, expected.ymax), others, _COVERED):
        ymax = expected.ymax
    return Box(xmin, ymin, xmax, ymax)


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
    width = min(a.xmax, b.xmax) - max(a.xmin, b.xmin)
    if width <= 0:
        return 0.0
    height = min(a.ymax, b.ymax) - max(a.ymin, b.ymin)
    return width * height if height > 0 else 0.0


def area(box: Box) -> float:
    """The part of the frame that it takes."""
    return (box.xmax - box.xmin) * (box.ymax - box.ymin)
