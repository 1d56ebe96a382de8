"""Polygons are judged as exact arithmetic judges them."""

import itertools
import math
from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from edgevision.scene.polygon import Point, Polygon, area, contains, crossing_edges

Exact = tuple[Fraction, Fraction]

SQUARE: Polygon = ((0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75))
L_SHAPE: Polygon = ((0.0, 0.0), (0.25, 0.0), (0.25, 0.75), (1.0, 0.75), (1.0, 1.0), (0.0, 1.0))

eighths = st.integers(0, 8).map(lambda n: n / 8)
corners = st.tuples(eighths, eighths)
points = st.tuples(st.floats(0, 1), st.floats(0, 1))


@st.composite
def star_shaped(draw: st.DrawFn) -> Polygon:
    """A polygon all of whose corners are seen from the middle of the frame: it can't cross itself."""
    angles = sorted(draw(st.sets(st.integers(0, 35), min_size=3, max_size=12)))
    gaps = zip(angles, [*angles[1:], angles[0] + 36], strict=True)
    assume(all(after - before < 18 for before, after in gaps))
    distances = [draw(st.floats(0.05, 0.5)) for _ in angles]
    return tuple(
        (0.5 + distance * math.cos(angle * math.pi / 18), 0.5 + distance * math.sin(angle * math.pi / 18))
        for angle, distance in zip(angles, distances, strict=True)
    )


def edges(polygon: Polygon) -> list[tuple[Point, Point]]:
    return list(zip(polygon, polygon[1:] + polygon[:1], strict=True))


def near_an_edge(polygon: Polygon, point: Point) -> bool:
    x, y = point
    for (x1, y1), (x2, y2) in edges(polygon):
        along = ((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / ((x2 - x1) ** 2 + (y2 - y1) ** 2)
        along = min(max(along, 0), 1)
        if math.hypot(x1 + along * (x2 - x1) - x, y1 + along * (y2 - y1) - y) < 1e-9:
            return True
    return False


def exact(point: Point) -> Exact:
    return Fraction(point[0]), Fraction(point[1])


def cross(a: Exact, b: Exact) -> Fraction:
    return a[0] * b[1] - a[1] * b[0]


def minus(a: Exact, b: Exact) -> Exact:
    return a[0] - b[0], a[1] - b[1]


def in_triangle(a: Exact, b: Exact, c: Exact, point: Exact) -> bool:
    turns = [cross(minus(end, start), minus(point, start)) for start, end in ((a, b), (b, c), (c, a))]
    return all(turn >= 0 for turn in turns) or all(turn <= 0 for turn in turns)


def common_points(first: tuple[Point, Point], second: tuple[Point, Point]) -> int:
    """How many points two edges share: 0, 1, or 2 for a whole stretch."""
    a, b, c, d = (exact(point) for point in (*first, *second))
    along, other, between = minus(b, a), minus(d, c), minus(c, a)
    if cross(along, other):
        t = cross(between, other) / cross(along, other)
        u = cross(between, along) / cross(along, other)
        return int(0 <= t <= 1 and 0 <= u <= 1)
    if cross(between, along):
        return 0
    length = along[0] ** 2 + along[1] ** 2
    ends = sorted((minus(end, a)[0] * along[0] + minus(end, a)[1] * along[1]) / length for end in (c, d))
    low, high = max(ends[0], Fraction(0)), min(ends[1], Fraction(1))
    return 0 if low > high else 1 if low == high else 2


@given(star_shaped(), points)
def test_a_point_is_inside_when_it_is_in_one_of_the_triangles_it_is_made_of(polygon: Polygon, point: Point) -> None:
    assume(not near_an_edge(polygon, point))
    middle = exact((0.5, 0.5))
    inside = any(in_triangle(middle, exact(a), exact(b), exact(point)) for a, b in edges(polygon))
    assert contains(polygon, point) == inside


@given(star_shaped(), points, st.integers(0, 11))
def test_which_corner_comes_first_and_which_way_round_makes_no_difference(
    polygon: Polygon, point: Point, first: int
) -> None:
    assume(not near_an_edge(polygon, point))
    turned = polygon[first % len(polygon) :] + polygon[: first % len(polygon)]
    for other in (turned, turned[::-1]):
        assert contains(other, point) == contains(polygon, point)
        assert area(other) == pytest.approx(area(polygon))
        assert crossing_edges(other) is None


@settings(max_examples=30, deadline=None)
@given(star_shaped())
def test_the_area_is_the_part_of_the_frame_that_it_contains(polygon: Polygon) -> None:
    side = 40
    inside = sum(contains(polygon, ((x + 0.5) / side, (y + 0.5) / side)) for x in range(side) for y in range(side))
    around = sum(math.dist(a, b) for a, b in edges(polygon))
    assert inside / side**2 == pytest.approx(area(polygon), abs=1.5 * around / side)


def test_areas_of_known_shapes() -> None:
    assert area(SQUARE) == 0.25
    assert area(SQUARE[::-1]) == 0.25
    assert area(SQUARE[:3]) == 0.125
    assert area(L_SHAPE) == 0.4375
    assert area(((0, 0), (1, 0), (1, 1), (0, 1))) == 1


def test_a_corner_that_points_inward_is_outside() -> None:
    assert contains(L_SHAPE, (0.125, 0.5))
    assert contains(L_SHAPE, (0.75, 0.875))
    assert not contains(L_SHAPE, (0.5, 0.5))


def test_upper_and_left_edges_belong_to_it_lower_and_right_ones_do_not() -> None:
    assert contains(SQUARE, (0.25, 0.5))
    assert contains(SQUARE, (0.5, 0.25))
    assert contains(SQUARE, (0.25, 0.25))
    assert not contains(SQUARE, (0.75, 0.5))
    assert not contains(SQUARE, (0.5, 0.75))


@given(st.tuples(eighths, eighths), st.integers(1, 7), st.integers(1, 7))
def test_a_point_is_in_exactly_one_of_the_rectangles_that_make_up_the_frame(
    point: Point, right: int, down: int
) -> None:
    xs, ys = (0.0, right / 8, 1.0), (0.0, down / 8, 1.0)
    parts = [
        ((x1, y1), (x2, y1), (x2, y2), (x1, y2))
        for x1, x2 in itertools.pairwise(xs)
        for y1, y2 in itertools.pairwise(ys)
    ]
    assert sum(contains(part, point) for part in parts) == (point[0] < 1 and point[1] < 1)


@settings(max_examples=500, deadline=None)
@given(st.lists(corners, min_size=3, max_size=7))
def test_edges_that_meet_are_found_wherever_exact_arithmetic_finds_them(drawn: list[Point]) -> None:
    polygon = tuple(drawn)
    assume(all(a != b for a, b in edges(polygon)))
    sides = edges(polygon)
    last = len(sides) - 1
    meeting = [
        (i, j)
        for i in range(len(sides))
        for j in range(i + 1, len(sides))
        if common_points(sides[i], sides[j]) > (j == i + 1 or (i, j) == (0, last))
    ]
    assert crossing_edges(polygon) == (meeting[0] if meeting else None)


@pytest.mark.parametrize(
    ("polygon", "crossing"),
    [
        pytest.param(((0, 0), (1, 1), (1, 0), (0, 1)), (0, 2), id="bow tie"),
        pytest.param(((0, 0), (1, 0), (0.5, 0)), (0, 1), id="flat"),
        pytest.param(((0, 0), (1, 0), (1, 1), (0.5, 0), (0, 1)), (0, 2), id="corner on an edge"),
        pytest.param(((0, 0), (1, 0), (1, 1), (0.5, 1), (0.5, 0.5), (0.5, 1), (0, 1)), (2, 4), id="spike"),
        pytest.param(((0.5, 0), (1, 0), (1, 1), (0, 1), (0, 0), (0.7, 0)), (0, 4), id="runs over its own start"),
        pytest.param(L_SHAPE, None, id="L"),
        pytest.param(((0, 0), (0.5, 0), (1, 0), (1, 1), (0, 1)), None, id="corner in a straight line"),
    ],
)
def test_known_shapes_that_cross_themselves_or_do_not(polygon: Polygon, crossing: tuple[int, int] | None) -> None:
    assert crossing_edges(polygon) == crossing
