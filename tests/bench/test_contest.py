"""Contenders that run, in short: the bundled model on the demo's pictures."""

import random
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.contest import Contender, ContenderError, Entry, Key, Results, cold_starts, contest, ours
from bench.frames import make_frames
from bench.plan import DEMO
from edgevision.inference.bundled import bundled_model

SECONDS = 0.15


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Of one model and two cameras."""
    folders = make_frames(tmp_path_factory.mktemp("frames"), sorted(DEMO.glob("*.jpg")), 2, 1)
    return {"model": str(bundled_model("person")), "labels": None, "frames": [str(folder) for folder in folders]}


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("bare", {}),
        ("bare", {"opencv": True}),
        ("straightforward", {}),
        ("pipeline", {"lores": False}),
        ("pipeline", {"lores": True}),
        ("daemon", {"fps": 50.0}),
        ("daemon", {"fps": 20.0, "still": True, "stock": True}),
    ],
)
def test_each_contender_answers(settings: dict[str, Any], name: str, more: dict[str, Any]) -> None:
    cameras = 1 if name in ("bare", "straightforward") else 2
    with Contender(Entry(Key("person", 1, name), ours(name), settings | more)) as contender:
        assert contender.ready["started"] > 0
        turns = [contender.turn(SECONDS) for _ in range(2)]
    for turn in turns:
        assert turn.frames > 0
        assert turn.seconds > 0
        assert turn.cpu > 0
        assert turn.resident > 10_000_000
        if cameras == 2:
            assert len(turn.each) == 2
        if name == "daemon":
            assert turn.started is not None and turn.started > 0
            assert turn.latency is not None and turn.beyond is not None
            assert 0 < turn.latency["p50"] <= turn.latency["p95"] <= turn.latency["p99"]
            assert turn.beyond["p50"] < turn.latency["p50"]


def entry(name: str, script: str) -> Entry:
    """One that runs a script in place of a model."""
    return Entry(Key("none", 1, name), (sys.executable, "-c", script), {})


ANSWERS = """
import sys
print('{"ready": true, "started": 0.5, "resident": 7}', flush=True)
for line in sys.stdin:
    print('{"frames": 3, "seconds": 1, "cpu": 1, "resident": 8, "of_a_later_version": 1}', flush=True)
"""
ENDS = "print('{\"ready\": true, \"started\": 1}', flush=True); input(); raise SystemExit('no more')"


def run(entries: list[Entry], rounds: int = 2) -> Results:
    """A contest of them."""
    results = Results()
    contest(
        entries, results, phase="speed", rounds=rounds, seconds=0.1, chance=random.Random(1), progress=lambda what: None
    )
    return results


def test_who_fails_does_not_keep_others_from_running() -> None:
    others = [
        entry("ends", ENDS),
        entry("never comes", "raise SystemExit('not today')"),
        entry("unable", 'print(\'{"unable": "no such operator"}\')'),
        entry("babbles", "print('hello')"),
    ]
    results = run([others[0], entry("answers", ANSWERS), *others[1:]])
    assert [(one.key.name, one.round, one.turn.frames) for one in results.records] == [
        ("answers", 0, 3),
        ("answers", 1, 3),
    ]
    failures = {key.name: why for key, why in results.failures.items()}
    assert failures.keys() == {one.key.name for one in others}
    assert "no more" in failures["ends"]
    assert "not today" in failures["never comes"]
    assert "no such operator" in failures["unable"]
    assert "hello" in failures["babbles"]


def test_turns_are_told_in_the_order_of_the_entries() -> None:
    names = ["a", "b", "c", "d"]
    results = run([entry(name, ANSWERS) for name in names], rounds=3)
    assert [one.key.name for one in results.records] == [name for name in names for _ in range(3)]


def test_cold_starts_are_starts_of_processes() -> None:
    results = Results()
    cold_starts([entry("a", ANSWERS)], results, rounds=3, chance=random.Random(1), progress=lambda what: None)
    assert [(one.phase, one.round, one.seconds, one.resident) for one in results.starts] == [
        ("starts", number, 0.5, 7) for number in range(3)
    ]


def test_a_contender_ends_with_its_block(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    script = f"{ANSWERS}\nopen({str(gone)!r}, 'w')"
    with Contender(entry("a", script)):
        assert not gone.exists()
    assert gone.exists()


def test_a_contender_that_has_ended_says_so() -> None:
    with Contender(entry("ends", ENDS)) as contender:
        with pytest.raises(ContenderError, match="no more"):
            contender.turn(0.1)
        with pytest.raises(ContenderError, match="no more"):
            contender.turn(0.1)
