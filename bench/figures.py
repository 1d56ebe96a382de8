"""From turns to figures: ratios within a round, then their median; and which figures are reached."""

import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bench.contest import STILL, WITH_OPENCV, Key, Record, Results, Start
from bench.turns import Turn

SMALL = 1e-3
"""Seconds of an invoke below which a model is a small one."""

Measure = Callable[[Turn], float | None]


@dataclass(frozen=True, slots=True)
class Row:
    """Medians of one contender over the rounds: `cpu` in seconds a frame, `resident` in bytes, latencies in ms.

    `relative` is frames a second against the bare interpreter's.
    """

    key: Key
    fps: float
    relative: float | None
    cpu: float | None
    resident: float
    started: float | None
    latency: Mapping[str, float] | None
    beyond: Mapping[str, float] | None


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of the ten: `measured` is to be at least `target`, or at most where `at_most`."""

    number: int
    what: str
    target: float
    measured: float
    at_most: bool = False
    unit: str = ""

    @property
    def met(self) -> bool:
        """Whether it is reached."""
        return self.measured <= self.target if self.at_most else self.measured >= self.target


def fps(turn: Turn) -> float:
    """Frames a second."""
    return turn.frames / turn.seconds


def cpu_a_frame(turn: Turn) -> float | None:
    """Seconds of all processors together."""
    return turn.cpu / turn.frames if turn.frames else None


class Rounds:
    """The turns of one phase, by contender and round."""

    def __init__(self, records: Sequence[Record], phase: str) -> None:
        self._turns: dict[Key, dict[int, Turn]] = {}
        for one in records:
            if one.phase == phase:
                self._turns.setdefault(one.key, {})[one.round] = one.turn

    def keys(self, *names: str) -> Iterator[Key]:
        """The contenders of those names."""
        return (key for key in self._turns if key.name in names)

    def __iter__(self) -> Iterator[Key]:
        return iter(self._turns)

    def turns(self, key: Key) -> list[Turn]:
        """Its turns, round by round."""
        return list(self._turns.get(key, {}).values())

    def median(self, key: Key, measure: Measure) -> float | None:
        """Of one contender over the rounds; None where there is nothing to measure."""
        return _median(measure(turn) for turn in self.turns(key))

    def combined(self, keys: Sequence[Key], combine: Callable[..., float | None]) -> float | None:
        """The median of what `combine` makes of the turns that `keys` had in the same round."""
        rounds = [self._turns.get(key, {}) for key in keys]
        shared = set.intersection(*(set(one) for one in rounds))
        return _median(combine(*(one[number] for one in rounds)) for number in sorted(shared))

    def ratio(self, key: Key, other: Key, measure: Measure) -> float | None:
        """The median over the rounds of one contender's measure divided by another's in the same round."""

        def divided(turn: Turn, by: Turn) -> float | None:
            above, below = measure(turn), measure(by)
            return above / below if above is not None and below else None

        return self.combined([key, other], divided)


def rows(results: Results) -> list[Row]:
    """The table, contenders that ran as fast as they could."""
    rounds = Rounds(results.records, "speed")
    table = []
    for key in rounds:
        turns = rounds.turns(key)
        own = [turn.started for turn in turns if turn.started is not None]
        table.append(
            Row(
                key,
                fps=rounds.median(key, fps) or 0.0,
                relative=rounds.ratio(key, bare_of(key), fps),
                cpu=rounds.median(key, cpu_a_frame),
                resident=statistics.median(turn.resident for turn in turns),
                started=_median(own or [one.seconds for one in results.starts if one.key == key]),
                latency=_percentiles([turn.latency for turn in turns]),
                beyond=_percentiles([turn.beyond for turn in turns]),
            )
        )
    return table


def figures(results: Results) -> list[Figure]:
    """The figures that can be told from what was measured, by their numbers."""
    speed, paced = Rounds(results.records, "speed"), Rounds(results.records, "paced")
    found = [*_speeds(speed), *_sharing(speed), *_cpu(speed), *_paced(paced), *_starts(results.starts)]
    if results.idle:
        idle = statistics.median(results.idle)
        found.append(Figure(8, "nothing moving: CPU / that without the gate", 0.1, idle, at_most=True))
    return sorted(found, key=lambda figure: figure.number)


def bare_of(key: Key) -> Key:
    """The bare interpreter beside a contender."""
    return Key(key.model, key.threads, "bare")


def _speeds(rounds: Rounds) -> Iterator[Figure]:
    for key in rounds.keys("pipeline", "daemon"):
        ratio = rounds.ratio(key, bare_of(key), fps)
        if ratio is None or key.cameras > 1:
            continue
        where = f"{key} / bare: frames a second"
        small = (rounds.median(bare_of(key), fps) or 0.0) > 1 / SMALL
        if key.name == "daemon":
            # Of faster models, the configuration doesn't let a camera give enough frames.
            if not key.kind:
                yield Figure(4, where, 0.95, ratio)
        elif small:
            yield Figure(3, where, 0.80, ratio)
        elif key.threads <= 2:
            yield Figure(key.threads, where, 0.98 if key.threads == 1 else 0.95, ratio)


def _sharing(rounds: Rounds) -> Iterator[Figure]:
    for key in rounds.keys("pipeline", "daemon"):
        alone = replace(key, cameras=1)
        ratio = rounds.ratio(key, alone, fps)
        if key.cameras == 4 and ratio is not None and not (key.name == "daemon" and key.kind):
            yield Figure(6, f"{key} / one camera: frames a second", 0.97, ratio)
            yield Figure(6, f"{key}: least camera's part of its share", 0.9, least_share(rounds.turns(key)))


def least_share(turns: Sequence[Turn]) -> float:
    """The frames of the camera that had fewest, of all turns, against an equal share of all."""
    cameras = max(len(turn.each) for turn in turns)
    each = [sum(turn.each[n] for turn in turns if n < len(turn.each)) for n in range(cameras)]
    return min(each) * cameras / sum(each) if sum(each) else 0.0


def _cpu(rounds: Rounds) -> Iterator[Figure]:
    for key in rounds.keys("pipeline"):
        loop = replace(bare_of(key), name="straightforward")

        def beyond(turn: Turn, loop: Turn, bare: Turn) -> float | None:
            ours, theirs, least = cpu_a_frame(turn), cpu_a_frame(loop), cpu_a_frame(bare)
            if ours is None or theirs is None or least is None or theirs <= least:
                return None
            return (ours - least) / (theirs - least)

        ratio = rounds.combined([key, loop, bare_of(key)], beyond)
        if key.cameras == 1 and ratio is not None:
            yield Figure(7, f"{key} / straightforward: CPU a frame beyond invoke's", 0.5, ratio, at_most=True)


def _paced(rounds: Rounds) -> Iterator[Figure]:
    for key in rounds.keys("daemon"):
        beyond = _percentiles([turn.beyond for turn in rounds.turns(key)])
        if key.kind == STILL:
            bare = replace(key, name="bare", kind=WITH_OPENCV)
            ratio = rounds.ratio(key, bare, lambda turn: float(turn.resident))
            if ratio is not None:
                yield Figure(9, f"{key} / {bare.title}: resident set", 1.3, ratio, at_most=True)
        elif beyond is not None:
            what = f"{key} at half speed: capture to subscriber less invoke"
            yield Figure(5, f"{what}, p50", 3.0, beyond["p50"], at_most=True, unit="ms")
            yield Figure(5, f"{what}, p99", 15.0, beyond["p99"], at_most=True, unit="ms")


def _starts(starts: Sequence[Start]) -> Iterator[Figure]:
    seconds: dict[Key, dict[int, float]] = {}
    for one in starts:
        if one.phase == "starts":
            seconds.setdefault(one.key, {})[one.round] = one.seconds
    for key, ours in seconds.items():
        for bare, theirs in seconds.items():
            if (key.name, bare.name) == ("daemon", "bare"):
                ratio = _median(ours[number] / theirs[number] for number in ours if number in theirs)
                if ratio is not None:
                    yield Figure(10, f"{key} / {bare.title}: start to the first result", 2.0, ratio, at_most=True)


def _percentiles(each: Sequence[Mapping[str, float] | None]) -> dict[str, float] | None:
    told = [one for one in each if one is not None]
    return {key: statistics.median(one[key] for one in told) for key in told[0]} if told else None


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None
