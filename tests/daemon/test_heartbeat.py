"""A hang shows: what should have been done by now, and isn't."""

import pytest

from edgevision.daemon.heartbeat import STAYS_LATE, Heartbeat


def test_only_what_takes_longer_than_it_may_is_overdue() -> None:
    now = 0.0
    heartbeat = Heartbeat(lambda: now)
    assert heartbeat.overdue() is None
    with heartbeat.within(10.0, "reading"):
        now = 10.0
        assert heartbeat.overdue() is None
        now = 25.0
        assert heartbeat.overdue() == "reading for 25 s"
    assert heartbeat.overdue() is None


def test_what_failed_is_over() -> None:
    now = 0.0
    heartbeat = Heartbeat(lambda: now)
    with pytest.raises(ZeroDivisionError), heartbeat.within(1.0, "opening"):
        print(1 / int(now))
    now = 5.0
    assert heartbeat.overdue() is None


def test_after_a_pause_of_the_whole_process_only_what_stays_late_hangs() -> None:
    now = 0.0
    heartbeat = Heartbeat(lambda: now)
    for _ in range(2):
        with heartbeat.within(10.0, "reading"):
            assert heartbeat.hangs() is None
            now += 60.0
            assert heartbeat.hangs() is None, "it may be done in a moment"
        now += 60.0
        assert heartbeat.hangs() is None
    with heartbeat.within(10.0, "reading"):
        now += 60.0
        assert heartbeat.hangs() is None, "it was another reading that was late before"
        now += STAYS_LATE
        assert heartbeat.hangs() == "reading for 62 s"
