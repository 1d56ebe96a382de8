"""The cheapest pairs are found."""

import random
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from edgevision.scene.assignment import assign

LIMIT = 10.0
costs = st.one_of(st.integers(0, 15).map(float), st.just(float("inf")), st.floats(-5, 15))
tables = st.tuples(st.integers(1, 5), st.integers(1, 5)).flatmap(
    lambda shape: st.lists(st.lists(costs, min_size=shape[1], max_size=shape[1]), min_size=shape[0], max_size=shape[0])
)


def most_saved(table: list[list[float]]) -> float:
    """The greatest sum of savings, by trying all."""
    if len(table) > len(table[0]):
        table = [list(column) for column in zip(*table, strict=True)]
    rows, columns = len(table), len(table[0])
    return max(
        sum(max(LIMIT - table[i][j], 0.0) for i, j in enumerate(order)) for order in permutations(range(columns), rows)
    )


@given(tables)
def test_no_other_assignment_saves_more(table: list[list[float]]) -> None:
    pairs = assign(table, LIMIT)
    assert all(table[i][j] < LIMIT for i, j in pairs)
    assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs)
    assert pairs == sorted(pairs)
    assert abs(sum(LIMIT - table[i][j] for i, j in pairs) - most_saved(table)) < 1e-9


def test_each_of_thirty_gets_back_its_own() -> None:
    chance = random.Random(3)
    order = chance.sample(range(30), 30)
    table = [[0.0 if order[i] == j else chance.uniform(0.01, 9) for j in range(30)] for i in range(30)]
    assert assign(table, LIMIT) == list(enumerate(order))


def test_rows_that_want_the_same_column_leave_it_to_the_one_that_loses_most() -> None:
    assert assign([[1.0, 2.0], [1.0, 9.0]], LIMIT) == [(0, 1), (1, 0)]
    assert assign([[1.0, 11.0], [3.0, 11.0]], LIMIT) == [(0, 0)]


def test_of_nothing_nothing_is_assigned() -> None:
    assert assign([], LIMIT) == []
    assert assign([[], []], LIMIT) == []
    assert assign([[float("inf")] * 3], LIMIT) == []
