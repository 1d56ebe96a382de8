"""A hang shows: what should have been done by now, and isn't."""

import pytest

from edgevision.daemon.heartbeat import Heartbeat


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
