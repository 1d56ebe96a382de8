"""Cameras give up frames while it is too hot, and get them back."""

import logging
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgevision.daemon.camera import Camera
from edgevision.daemon.thermal import COOL, LEAST, LOOK_EVERY, LOWERED_TO, RAISED_AFTER, Thermal
from tests.daemon.cameras import a_camera

MAXIMUM = 80.0


class Board:
    """Cameras with these own rates on a board whose temperature is `degrees`; looks are LOOK_EVERY seconds apart."""

    def __init__(self, *rates: float) -> None:
        self.own = dict(zip("abc", rates, strict=False))
        self.cameras: dict[str, Camera] = {name: a_camera() for name in self.own}
        self.degrees: float | None = 50.0
        self.now = 0.0
        self.thermal = Thermal(self.cameras, lambda: self.degrees)
        self._seen = dict.fromkeys(self.own, 0.0)
        self.thermal.attend(MAXIMUM, self.now)
        self.look()

    def rates(self) -> list[float]:
        """Frames per second that are looked at now."""
        return [min(rate, limit or rate) for rate, limit in zip(self.own.values(), self.limits(), strict=True)]

    def limits(self) -> list[float | None]:
        return [camera.controls.fps_limit for camera in self.cameras.values()]

    def look(self, degrees: float | None = 50.0, maximum: float | None = MAXIMUM) -> list[float | None]:
        """Some seconds pass, then it is that hot."""
        self.degrees = degrees
        self.now += LOOK_EVERY
        for (name, camera), rate in zip(self.cameras.items(), self.rates(), strict=True):
            self._seen[name] += rate * LOOK_EVERY
            camera.counters.inferred = round(self._seen[name])
        self.thermal.attend(maximum, self.now)
        return self.limits()


def test_at_a_good_temperature_nothing_is_limited() -> None:
    board = Board(10.0)
    assert [board.look(degrees) for degrees in (20.0, 79.9, 80.0, -5.0)] == [[None]] * 4


def test_above_the_maximum_each_look_takes_a_fifth() -> None:
    board = Board(10.0)
    limits = [board.look(degrees)[0] for degrees in (80.5, 81.0, 81.0)]
    assert limits == pytest.approx([8.0, 6.4, 5.12])


def test_while_it_gets_cooler_what_was_done_is_enough() -> None:
    board = Board(10.0)
    before = board.look(84.0)
    assert [board.look(degrees) for degrees in (83.5, 83.0, 80.1)] == [before] * 3
    assert board.look(80.2) != before


def test_between_cool_and_too_hot_nothing_changes() -> None:
    board = Board(10.0)
    before = board.look(81.0)
    assert [board.look(degrees) for degrees in (79.0, 77.0, 80.0, 78.0) * 5] == [before] * 20


def test_when_it_is_cool_again_rates_rise_until_nothing_is_limited(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "edgevision")
    board = Board(10.0)
    for _ in range(30):
        board.look(85.0)
    seen = [board.look(76.0)[0] for _ in range(200)]
    rising = [limit for limit in seen if limit is not None]
    assert rising == sorted(rising)
    assert seen[len(rising) :] == [None] * (len(seen) - len(rising))
    assert None in seen
    assert [record.message for record in caplog.records] == [
        "the processor is too hot (85 °C): fewer frames are looked at until it is cooler",
        "the processor is cool enough: all frames are looked at again",
    ]


def test_the_cooler_the_sooner() -> None:
    def looks_until_free(degrees: float) -> int:
        board = Board(10.0)
        for _ in range(10):
            board.look(85.0)
        return next(number for number in range(1000) if board.look(degrees) == [None])

    assert looks_until_free(50.0) < looks_until_free(65.0) < looks_until_free(76.0)


def test_every_camera_gives_up_the_same_share_of_its_own_rate_down_to_the_least() -> None:
    board = Board(20.0, 2.0)
    assert board.look(81.0) == pytest.approx([16.0, 1.6])
    for _ in range(100):
        board.look(85.0)
    assert board.limits() == pytest.approx([LEAST, LEAST])


def test_the_way_back_does_not_grow_longer_with_the_time_that_it_was_too_hot() -> None:
    def looks_until_free(hot: int) -> int:
        board = Board(10.0)
        for _ in range(hot):
            board.look(85.0)
        return next(number for number in range(1000) if board.look(60.0) == [None])

    assert looks_until_free(500) == looks_until_free(20)


def test_a_camera_that_is_idle_just_now_is_limited_by_what_it_can() -> None:
    board = Board(10.0)
    board.own["a"] = 0.0  # nothing moves
    for _ in range(50):
        board.look(60.0)
    assert board.look(81.0) == pytest.approx([8.0])


def test_a_slow_camera_is_left_alone_and_a_camera_without_frames_too() -> None:
    board = Board(0.2, 0.0)
    assert [board.look(90.0) for _ in range(20)] == [[None, None]] * 20


def test_a_camera_that_comes_while_it_is_hot_is_limited_as_the_others_once_its_rate_is_known() -> None:
    board = Board(10.0, 10.0)
    late = board.cameras.pop("b")
    own = board.own.pop("b")
    late.counters.inferred = 0
    for _ in range(3):
        board.look(81.0)
    board.cameras["b"], board.own["b"] = late, own
    board._seen["b"] = 0.0
    board.look(81.0 - 1.5)
    board.look(81.0 - 1.5)
    assert board.limits()[1] == pytest.approx(board.limits()[0])


def test_without_a_thermometer_nothing_changes() -> None:
    board = Board(10.0)
    assert board.look(None) == [None]
    before = board.look(85.0)
    assert [board.look(None) for _ in range(10)] == [before] * 10


def test_a_configuration_without_a_maximum_frees_all() -> None:
    board = Board(10.0, 5.0)
    board.look(85.0)
    assert board.look(95.0, maximum=None) == [None, None]
    assert board.look(95.0, maximum=None) == [None, None]
    assert board.look(95.0, maximum=MAXIMUM) == pytest.approx([8.0, 4.0])


def test_the_temperature_is_looked_at_every_ten_seconds() -> None:
    asked: list[float] = []

    def temperature() -> float:
        asked.append(now)
        return 50.0

    thermal = Thermal({}, temperature)
    for now in range(35):
        thermal.attend(MAXIMUM, now)
    assert asked == [0, 10, 20, 30]


TEMPERATURES = st.lists(st.none() | st.floats(-40, 120), min_size=1, max_size=60)


@given(TEMPERATURES, st.lists(st.floats(0.01, 120), min_size=1, max_size=3))
def test_whatever_the_temperature_limits_stay_within_bounds_and_rise_slowly(
    temperatures: Sequence[float | None], rates: Sequence[float]
) -> None:
    board = Board(*rates)
    share, changed = 1.0, -RAISED_AFTER
    for degrees in temperatures:
        board.look(degrees)
        for own, limit in zip(rates, board.limits(), strict=True):
            assert limit is None or LEAST <= limit <= own + 1 / LOOK_EVERY
        was, share = share, board.thermal._share
        assert share >= was * LOWERED_TO
        if share > was:
            assert degrees is not None
            assert degrees < MAXIMUM - COOL
            assert board.now - changed >= RAISED_AFTER
        elif share < was:
            assert degrees is not None
            assert degrees > MAXIMUM
        if share != was:
            changed = board.now


@pytest.mark.parametrize("chip", [5.0, 15.0, 25.0])
@pytest.mark.parametrize("housing", [60.0, 200.0, 900.0])
@pytest.mark.parametrize("idle", [50.0, 60.0, 70.0])
def test_a_board_in_the_sun_settles_below_the_maximum(chip: float, housing: float, idle: float) -> None:
    """At full load the chip is `chip` K hotter than its board, which is 25 K hotter than without, after `housing` s."""
    board = Board(10.0)
    near, far = 0.0, 25.0  # it has been running at full load in the shade
    shares, degrees = [], []
    for _ in range(1000):
        load = board.rates()[0] / 10.0
        near = chip * load  # the chip follows within a look
        far += (25.0 * load - far) * min(LOOK_EVERY / housing, 1.0)
        degrees.append(round((idle + near + far) / 0.487) * 0.487)
        board.look(degrees[-1])
        shares.append(board.rates()[0])
    settled = slice(300, None)
    assert max(degrees[settled]) < MAXIMUM + 2.0
    turns = sum((b - a) * (c - b) < 0 for a, b, c in zip(shares[300:], shares[301:], shares[302:], strict=False))
    assert turns == 0
    assert min(shares[settled]) > 0.2 * min(1.0, (MAXIMUM - idle) / (chip + 25.0)) * 10.0
