"""The filter follows what moves, rests with what rests, and stays sane for ever."""

import math
import random

import pytest

from edgevision.inference.detection import Box
from edgevision.scene.kalman import Kalman


def around(x: float, y: float, width: float = 0.1, height: float = 0.3) -> Box:
    return Box(x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def test_a_steady_walk_is_learned_and_foretold() -> None:
    thing = Kalman(around(0.1, 0.5))
    for frame in range(1, 31):
        thing.predict(0.1)
        thing.update(around(0.1 + 0.02 * frame, 0.5 - 0.005 * frame))
    assert thing.vx == pytest.approx(0.2, rel=0.1)
    assert thing.vy == pytest.approx(-0.05, rel=0.1)
    thing.predict(1.0)
    assert thing.x == pytest.approx(0.9, abs=0.03)
    assert thing.y == pytest.approx(0.3, abs=0.01)


def test_jitter_is_smoothed() -> None:
    chance = random.Random(1)
    thing = Kalman(around(0.5, 0.5))
    seen, thought = [], []
    for _ in range(1000):
        box = around(0.5 + chance.gauss(0, 0.01), 0.5, 0.1 * (1 + chance.gauss(0, 0.1)))
        thing.predict(0.1)
        thing.update(box)
        seen.append(((box.xmin + box.xmax) / 2 - 0.5, box.xmax - box.xmin - 0.1))
        thought.append((thing.x - 0.5, thing.width - 0.1))
    for axis in (0, 1):
        assert sum(t[axis] ** 2 for t in thought) < 0.5 * sum(s[axis] ** 2 for s in seen)


def test_the_frame_rate_does_not_matter() -> None:
    often, seldom = Kalman(around(0.3, 0.3)), Kalman(around(0.3, 0.3))
    for thing in (often, seldom):
        for frame in range(1, 6):
            thing.predict(0.1)
            thing.update(around(0.3 + 0.02 * frame, 0.3))
    for _ in range(100):
        often.predict(0.01)
    seldom.predict(1.0)
    assert often.x == pytest.approx(seldom.x)
    assert often.vx == pytest.approx(seldom.vx)
    assert often.spread == pytest.approx(seldom.spread)


def test_what_is_unseen_comes_to_rest() -> None:
    thing = Kalman(around(0.2, 0.5))
    for frame in range(1, 20):
        thing.predict(0.1)
        thing.update(around(0.2 + 0.02 * frame, 0.5))
    for _ in range(36000):
        thing.predict(0.1)
    rest = thing.box
    assert abs(thing.vx) < 1e-6
    assert thing.x < 1.3
    for _ in range(36000):
        thing.predict(0.1)
    assert thing.box == rest


def test_uncertainty_grows_unseen_but_has_an_end() -> None:
    thing = Kalman(around(0.5, 0.5))
    spreads = [thing.spread]
    for _ in range(100):
        thing.predict(0.1)
        spreads.append(thing.spread)
    assert spreads == sorted(spreads)
    assert spreads[5] < 2 * spreads[-1]
    thing.predict(1e9)
    assert thing.spread == pytest.approx(spreads[-1])
    thing.update(around(0.7, 0.5))
    assert thing.x == pytest.approx(0.7, abs=0.02)


@pytest.mark.parametrize("seconds", [0.0, 1e-9, 1e-4, 0.1, 60.0])
def test_long_standing_changes_nothing(seconds: float) -> None:
    thing = Kalman(around(0.5, 0.5))
    for _ in range(20000):
        thing.predict(seconds)
        thing.update(around(0.5, 0.5))
    assert thing.x == pytest.approx(0.5)
    assert thing.box.ymin == pytest.approx(0.35)
    assert 0 < thing.spread < 1
    assert math.isfinite(thing.vx)


def test_a_clock_that_goes_back_changes_nothing() -> None:
    thing = Kalman(around(0.5, 0.5))
    before = thing.box, thing.spread
    thing.predict(-60.0)
    assert (thing.box, thing.spread) == before
