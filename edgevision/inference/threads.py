"""Choosing the number of inference threads by measurement: more are not always faster."""

import os
from collections.abc import Callable, Sequence

WORTH_A_THREAD = 0.95
"""Another core is taken only if it saves at least a twentieth of the time."""


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0))


def thread_counts() -> list[int]:
    """The numbers of threads worth trying here: 1, 2, 4 … up to one a core."""
    return [count for count in (1, 2, 4, 8) if count <= cores()]


def fastest(candidates: Sequence[int], seconds_of: Callable[[int], float]) -> int:
    """The candidate with the shortest time, a smaller one unless a larger one is clearly faster."""
    best, best_seconds = candidates[0], seconds_of(candidates[0])
    for candidate in candidates[1:]:
        seconds = seconds_of(candidate)
        if seconds < best_seconds * WORTH_A_THREAD:
            best, best_seconds = candidate, seconds
    return best
