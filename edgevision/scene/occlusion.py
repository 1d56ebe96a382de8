"""What boxes tell of things that are partly behind something."""

from collections.abc import Sequence

from edgevision.inference.detection import Box

_COVERED = 0.7
"""The part of a strip that must be behind another thing, so that nothing is concluded from its not being seen."""

_INSIDE = 0.8
"""A box of which more lies in another may show but a part of that thing."""

_WHOLE, _HALF = 1.2, 0.8
"""What two parts of a thing may measure together, and the area of the greater at most, in parts of all of it."""


def completed(expected: Box, boxes: Sequence[Box], others: Sequence[Box]) -> Sequence[Box]:
    """Each of `boxes`, as far as `expected` where what it lacks is covered by one of `others`.

    So what is partly hidden neither shrinks nor moves, and a sliver of it tells no more than that it is still there.
    Boxes that lack nothing, or have nothing in common with `expected`, are the same objects; so are all, if none does.
    """
    least_x, least_y, most_x, most_y = expected.xmin, expected.ymin, expected.xmax, expected.ymax
    covers = [(other.xmin, other.ymin, other.xmax, other.ymax) for other in others]
    wholes = None
    for place, seen in enumerate(boxes):
        xmin, ymin, xmax, ymax = seen.xmin, seen.ymin, seen.xmax, seen.ymax
        # Here and below, min and max would take half of the time, for it is done for dozens of pairs a frame.
        left = xmin if xmin > least_x else least_x
        top = ymin if ymin > least_y else least_y
        right = xmax if xmax < most_x else most_x
        bottom = ymax if ymax < most_y else most_y
        if left >= right or top >= bottom:
            continue
        lacks = False
        if least_x < xmin and _covered(least_x, top, xmin, bottom, covers):
            xmin, lacks = least_x, True
        if most_x > xmax and _covered(xmax, top, most_x, bottom, covers):
            xmax, lacks = most_x, True
        if least_y < ymin and _covered(left, least_y, right, ymin, covers):
            ymin, lacks = least_y, True
        if most_y > ymax and _covered(left, ymax, right, most_y, covers):
            ymax, lacks = most_y, True
        if lacks:
            wholes = wholes or list(boxes)
            wholes[place] = Box(xmin, ymin, xmax, ymax)
    return wholes or boxes


def may_be_half(box: Box, width: float, height: float) -> bool:
    """Whether so little of a thing of that width and height is seen that `halves` may find another part of it."""
    return area(box) < _HALF * width * height


def halves(box: Box, other: Box, width: float, height: float) -> bool:
    """Whether both may be ends of one thing of that width and height, cut in two by something before it."""
    both = union(box, other)
    fits = both.xmax - both.xmin <= _WHOLE * width and both.ymax - both.ymin <= _WHOLE * height
    return fits and may_be_half(box, width, height) and area(both) > area(box) / _HALF


def union(a: Box, b: Box) -> Box:
    """The smallest box around both."""
    return Box(min(a.xmin, b.xmin), min(a.ymin, b.ymin), max(a.xmax, b.xmax), max(a.ymax, b.ymax))


def inside(box: Box, others: Sequence[Box], least: float = _INSIDE) -> bool:
    """Whether more than that part of `box` lies in one of `others`."""
    return any(common(box, other) > least * area(box) for other in others)


def touching(box: Box, others: Sequence[Box]) -> list[Box]:
    """Those of `others` that have any area in common with `box`, and aren't it."""
    xmin, ymin, xmax, ymax = box.xmin, box.ymin, box.xmax, box.ymax
    return [
        other
        for other in others
        if other is not box and xmin < other.xmax and other.xmin < xmax and ymin < other.ymax and other.ymin < ymax
    ]


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


def _covered(
    xmin: float, ymin: float, xmax: float, ymax: float, covers: Sequence[tuple[float, float, float, float]]
) -> bool:
    """Whether enough of that strip is behind one of `covers`: `inside`, without a box and calls for each of so many."""
    least = _COVERED * ((xmax - xmin) * (ymax - ymin))
    for left, top, right, bottom in covers:
        if left < xmax and xmin < right and top < ymax and ymin < bottom:
            across = (xmax if xmax < right else right) - (xmin if xmin > left else left)
            if across * ((ymax if ymax < bottom else bottom) - (ymin if ymin > top else top)) > least:
                return True
    return False
