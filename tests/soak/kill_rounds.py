"""The daemon is killed again and again, at any moment, while what lies between it and its subscriber fails, too."""

import random
import sched
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from tests.soak.stage import Fault, Stage
from tests.soak.verdict import Verdict

_LIFE = (0.2, 6.0)
"""Seconds from start to SIGKILL. The model is loaded after one or two."""

_OUTAGE = (0.1, 3.0)
_PEACE = (0.2, 3.0)


@dataclass(frozen=True, slots=True)
class KillFigures:
    """What happened; `faults` by name."""

    rounds: int
    seconds: float
    faults: Counter[str]
    left_behind: int
    """Processes of killed daemons that didn't end."""
    sessions_lost: int
    events_passed: int
    """That came to the broker's door, repetitions included."""
    left: tuple[int, int]
    """Events and open tracks in the outbox at the end."""
    verdict: Verdict

    @property
    def broken(self) -> list[str]:
        """The promises that were broken."""
        events, tracks = self.left
        rest = [f"{events} events and {tracks} open tracks are left in the outbox"] if events or tracks else []
        return self.verdict.broken + rest


def kill_rounds(stage: Stage, rounds: int, chance: random.Random, say: Callable[[str], None]) -> KillFigures:
    """Start and kill so many daemons; `say` takes a line now and then."""
    started = time.monotonic()
    faults: Counter[str] = Counter()
    outages, faults_due = stage.outages(), list[Fault]()
    schedule = sched.scheduler(time.monotonic, time.sleep)

    def fail() -> None:
        if not faults_due:  # each kind as often as the others
            faults_due.extend(chance.sample(outages, len(outages)))
        fault = faults_due.pop()
        faults[fault.name] += 1
        fault.begin()
        schedule.enter(chance.uniform(*_OUTAGE), 0, mend, (fault.end,))

    def mend(end: Callable[[], object]) -> None:
        end()
        if number < rounds:
            schedule.enter(chance.uniform(*_PEACE), 0, fail)

    number = 0
    schedule.enter(chance.uniform(*_PEACE), 0, fail)
    while number < rounds:
        number += 1
        dead = time.monotonic() + chance.uniform(*_LIFE)
        with stage.daemon({"clip": stage.clip}) as daemon:
            while (left := dead - time.monotonic()) > 0:
                wait = schedule.run(blocking=False)
                time.sleep(max(min(left, wait if wait is not None else left), 0))
            status = daemon.process.poll()
            assert status is None, f"round {number}: the daemon ended with {status}: {daemon.log}"
        if number % 10 == 0 or number == rounds:
            arrived = len(stage.subscriber.events)
            say(f"round {number:3d} of {rounds}: {stage.relay.passed} events sent, {arrived} arrived")
    schedule.run()
    verdict = stage.verdict()
    return KillFigures(
        rounds,
        time.monotonic() - started,
        faults,
        len(stage.network.inhabitants),
        stage.subscriber.sessions_lost,
        stage.relay.passed,
        stage.witness.left(),
        verdict,
    )
