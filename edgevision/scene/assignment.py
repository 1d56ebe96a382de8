"""Which of some things goes with which of others, so that the whole is cheapest.

Ours, for a few dozen boxes a frame: scipy's `linear_sum_assignment` is the same algorithm behind 35 MB.
"""

from collections.abc import Sequence

_FAR = float("inf")


def assign(costs: Sequence[Sequence[float]], limit: float) -> list[tuple[int, int]]:
    """The pairs (row, column), each used at most once and each cheaper than `limit`, with the greatest sum of savings.

    The saving of a pair is limit - cost, so that to leave out costs `limit`; `costs` is n x m, inf for what can't go
    together. In the order of the rows. The Hungarian method with shortest augmenting paths (Jonker and Volgenant,
    1987), O(n² m).
    """
    if not costs or not costs[0]:
        return []
    if len(costs) == len(costs[0]) == 1:  # as mostly
        return [(0, 0)] if costs[0][0] < limit else []
    cheapest = [min(row) for row in costs]
    pairs = [(i, costs[i].index(cost)) for i, cost in enumerate(cheapest) if cost < limit]
    if len(pairs) == 1 or len({j for _, j in pairs}) == len(pairs):
        return pairs  # each row's own cheapest, nearly always
    savings = [[cost - limit if cost < limit else 0.0 for cost in row] for row in costs]
    if len(savings) <= len(savings[0]):
        pairs = list(enumerate(_columns(savings)))
    else:
        pairs = sorted((i, j) for j, i in enumerate(_columns(list(zip(*savings, strict=True)))))
    return [(i, j) for i, j in pairs if savings[i][j] < 0]


def _columns(costs: Sequence[Sequence[float]]) -> list[int]:
    """The column of each row in the cheapest assignment of all rows, where there are at least as many columns."""
    rows, width = len(costs), len(costs[0])
    row_price, column_price = [0.0] * rows, [0.0] * (width + 1)
    row_of = [-1] * (width + 1)  # by column; the last one stands for "not assigned yet"
    for new in range(rows):
        row_of[width] = new
        column = width
        shortest, came_from, done = [_FAR] * width, [width] * width, [False] * (width + 1)
        while row_of[column] >= 0:
            done[column] = True
            row, price = row_of[column], row_price[row_of[column]]
            step, nearest = _FAR, -1
            for j in range(width):
                if not done[j]:
                    length = costs[row][j] - price - column_price[j]
                    if length < shortest[j]:
                        shortest[j], came_from[j] = length, column
                    if shortest[j] < step:
                        step, nearest = shortest[j], j
            for j in range(width + 1):
                if done[j]:
                    row_price[row_of[j]] += step
                    column_price[j] -= step
                elif j < width:
                    shortest[j] -= step
            column = nearest
        while column != width:
            row_of[column] = row_of[came_from[column]]
            column = came_from[column]
    columns = [-1] * rows
    for j, row in enumerate(row_of[:width]):
        if row >= 0:
            columns[row] = j
    return columns
