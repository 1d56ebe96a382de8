"""The number of threads is what measures fastest."""

import pytest

from edgevision.inference.threads import fastest, thread_counts


@pytest.mark.parametrize(
    ("seconds", "best"),
    [
        ({1: 1.0, 2: 0.6, 4: 0.4}, 4),
        ({1: 1.0, 2: 0.6, 4: 0.7}, 2),
        ({1: 1.0, 2: 0.99, 4: 0.98}, 1),
        ({1: 1.0, 2: 1.5, 4: 0.5}, 4),
    ],
)
def test_a_thread_is_taken_only_where_it_saves_time(seconds: dict[int, float], best: int) -> None:
    assert fastest(list(seconds), seconds.__getitem__) == best


def test_never_more_threads_than_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {0, 1, 2})
    assert thread_counts() == [1, 2]
