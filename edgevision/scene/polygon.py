"""Polygons over a camera's frame."""

from collections.abc import Sequence

Point = tuple[float, float]
"""(x, y) in fractions of the whole frame, 0..1, origin top left."""

Polygon = tuple[Point, ...]
"""At least three corners in order; the last is joined to the first."""


def contains(polygon: Polygon, point: Point) -> bool:
    """Whether `point` lies inside, by the number of edges that a ray from it crosses (even-odd rule).

    Of points right on an edge, those on the upper and left ones are inside.
    """
    x, y = point
    inside = False
    x1, y1 = polygon[-1]
    for x2, y2 in polygon:
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) / (y2 - y1) * (x2 - x1):
            inside = not inside
        x1, y1 = x2, y2
    return inside


def crossing_edges(polygon: Polygon) -> tuple[int, int] | None:
    """Two edges, counted from 0 by their first corner, that cross or touch where they shouldn't, or None.

    Neighbours share a corner, which is allowed, but may not run back over each other.
    """
    edges = list(_edges(polygon))
    last = len(edges) - 1
    for i, first in enumerate(edges):
        for j in range(i + 1, len(edges)):
            neighbours = j == i + 1 or (i, j) == (0, last)
            if neighbours:
                shared, before, after = (
                    (first[1], first[0], edges[j][1]) if j == i + 1 else (first[0], edges[j][0], first[1])
                )
                if _turns(before, shared, after) == 0 and _ahead(shared, before, after):
                    return i, j
            elif _meet(first, edges[j]):
                return i, j
    return None


def area(polygon: Polygon) -> float:
    """The part of the frame that it covers, 0..1 (shoelace formula)."""
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in _edges(polygon))) / 2


def _edges(polygon: Polygon) -> Sequence[tuple[Point, Point]]:
    return [(corner, polygon[(i + 1) % len(polygon)]) for i, corner in enumerate(polygon)]


def _turns(a: Point, b: Point, c: Point) -> int:
    """1 or -1 for the side on which c lies of the line from a to b, 0 on it."""
    cross = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    return 0 if abs(cross) < 1e-12 else 1 if cross > 0 else -1


def _ahead(origin: Point, a: Point, b: Point) -> bool:
    """Whether a and b, on one line with origin, lie on the same side of it."""
    return (a[0] - origin[0]) * (b[0] - origin[0]) + (a[1] - origin[1]) * (b[1] - origin[1]) > 0


def _meet(first: tuple[Point, Point], second: tuple[Point, Point]) -> bool:
    (a, b), (c, d) = first, second
    sides = _turns(a, b, c), _turns(a, b, d), _turns(c, d, a), _turns(c, d, b)
    if sides[0] * sides[1] < 0 and sides[2] * sides[3] < 0:
        return True
    touching = ((sides[0], a, b, c), (sides[1], a, b, d), (sides[2], c, d, a), (sides[3], c, d, b))
    return any(side == 0 and _between(start, end, point) for side, start, end, point in touching)


def _between(a: Point, b: Point, point: Point) -> bool:
    """Whether a point on the line through a and b lies between them."""
    return all(min(p, q) - 1e-12 <= r <= max(p, q) + 1e-12 for p, q, r in zip(a, b, point, strict=True))
