"""Some rounds of what `make soak` does hundreds of times."""

import random
from pathlib import Path

import pytest

from tests.soak.kill_rounds import kill_rounds
from tests.soak.stage import Stage

pytestmark = [pytest.mark.system, pytest.mark.timeout(180), pytest.mark.usefixtures("prepared_host")]

ROUNDS = 8


def test_no_event_is_lost_when_the_daemon_is_killed_and_broker_and_network_fail(tmp_path: Path) -> None:
    with Stage(tmp_path) as stage:
        figures = kill_rounds(stage, ROUNDS, random.Random(5), print)
    assert figures.broken == []
    assert figures.verdict.written > 20
    assert figures.verdict.tracks > 5
    assert figures.left_behind == 0
