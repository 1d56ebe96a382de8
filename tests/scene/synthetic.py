"""Scenes whose truth is known: things on paths, and what a mediocre detector reports of them.

    crossing = Scene((Thing("ann", "person", line((0.0, 0.5), (0.2, 0.0)), 0.1, 0.3, goes=5.0), …), covers=(BAR,))
    for shot in shots(crossing, every(0.1, 5.0), seed=1):
        tracker.update(shot.detections, shot.starts(0.5), shot.moment)

Lengths are fractions of the frame, times seconds of the clock. Nothing here knows of tracks or pixels: `visible` says
where each thing is and what can be seen of it, for who draws it. The same seed gives the same shots.
"""

import itertools
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from edgevision.inference.detection import Box, Detection
from edgevision.scene.moment import Moment

Path = Callable[[float], tuple[float, float]]
"""Where the centre is at a time."""


@dataclass(frozen=True, slots=True)
class Thing:
    """What is in the picture from `comes` until before `goes`; `score` is what a detector gives it on average."""

    name: str
    label: str
    path: Path
    width: float
    height: float
    comes: float = 0.0
    goes: float = float("inf")
    score: float = 0.8

    def box(self, clock: float) -> Box:
        """Where it is, also where the frame doesn't reach."""
        x, y = self.path(clock)
        return Box(x - self.width / 2, y - self.height / 2, x + self.width / 2, y + self.height / 2)


@dataclass(frozen=True, slots=True)
class Scene:
    """Things, the nearest last, and what stands before them all."""

    things: tuple[Thing, ...]
    covers: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True)
class Detector:
    """How bad it is.

    `dropped`: chance that a thing isn't detected in a frame; `faint`: that its score is but 0.3 to 0.5. `jitter`:
    standard deviation of a box's centre and sides in parts of its sides. `false`: boxes of nothing in a frame, on
    average, whose score is 0.5 to 0.8; `false_faint`: the same with 0.25 to 0.5. Of two boxes of one label with an
    overlap of more than `suppress`, only the better is reported.
    """

    dropped: float = 0.3
    faint: float = 0.1
    jitter: float = 0.04
    false: float = 0.1
    false_faint: float = 0.3
    suppress: float = 0.6


PERFECT = Detector(dropped=0.0, faint=0.0, jitter=0.0, false=0.0, false_faint=0.0)


@dataclass(frozen=True, slots=True)
class Shot:
    """One frame: `truth` has for each detection the name of the thing it shows, or None."""

    moment: Moment
    detections: tuple[Detection, ...]
    truth: tuple[str | None, ...]

    def starts(self, threshold: float) -> list[bool]:
        """Which detections have that score."""
        return [detection.score >= threshold for detection in self.detections]


def every(step: float, until: float, begin: float = 0.0) -> list[float]:
    """Clocks at an even rate."""
    return [begin + i * step for i in range(round((until - begin) / step))]


def uneven(until: float, seed: int, shortest: float = 0.05, longest: float = 0.4) -> list[float]:
    """Clocks at a rate that changes all the time."""
    chance, clocks = random.Random(seed), [0.0]
    while clocks[-1] < until:
        clocks.append(clocks[-1] + chance.uniform(shortest, longest))
    return clocks


def still(x: float, y: float) -> Path:
    """A thing that stands there."""
    return lambda clock: (x, y)


def line(begin: tuple[float, float], speed: tuple[float, float], since: float = 0.0) -> Path:
    """A thing that goes straight on, at `begin` at the time `since`."""
    return lambda clock: (begin[0] + speed[0] * (clock - since), begin[1] + speed[1] * (clock - since))


def stops(*stations: tuple[float, float, float]) -> Path:
    """A thing that is at (clock, x, y), goes straight from one to the next and stays at the last."""

    def path(clock: float) -> tuple[float, float]:
        if clock <= stations[0][0]:
            return stations[0][1:]
        for (t0, x0, y0), (t1, x1, y1) in itertools.pairwise(stations):
            if clock <= t1:
                part = (clock - t0) / (t1 - t0)
                return x0 + part * (x1 - x0), y0 + part * (y1 - y0)
        return stations[-1][1:]

    return path


def visible(scene: Scene, clock: float) -> dict[str, Box]:
    """The box of what can be seen of each thing, of which enough can.

    Covers and the frame's edge cut boxes; of a thing mostly behind another nothing is seen.
    """
    there = [thing for thing in scene.things if thing.comes <= clock < thing.goes]
    boxes = {}
    for number, thing in enumerate(there):
        whole = thing.box(clock)
        seen = Box(max(whole.xmin, 0.0), max(whole.ymin, 0.0), min(whole.xmax, 1.0), min(whole.ymax, 1.0))
        for cover in scene.covers:
            seen = _rest(seen, cover)
        nearer = [*(other.box(clock) for other in there[number + 1 :]), *scene.covers]
        hidden = max((_common(seen, other) for other in nearer), default=0.0)
        if _area(seen) - hidden >= 0.3 * _area(whole):
            boxes[thing.name] = seen
    return boxes


def shots(scene: Scene, clocks: Iterable[float], seed: int, detector: Detector | None = None) -> Iterator[Shot]:
    """What a detector reports of a scene, the highest score first."""
    how, chance = detector or Detector(), random.Random(seed)
    things = {thing.name: thing for thing in scene.things}
    labels = sorted({thing.label for thing in scene.things}) or ["person"]
    for clock in clocks:
        found: list[tuple[Detection, str | None]] = []
        for name, box in visible(scene, clock).items():
            if chance.random() >= how.dropped:
                score = min(max(chance.gauss(things[name].score, 0.08), 0.5), 1.0)
                score = chance.uniform(0.3, 0.499) if chance.random() < how.faint else score
                found.append((Detection(things[name].label, score, _shaken(box, how.jitter, chance)), name))
        for expected, least, most in ((how.false, 0.5, 0.8), (how.false_faint, 0.25, 0.499)):
            for _ in range(int(expected) + (chance.random() < expected % 1)):
                found.append((Detection(chance.choice(labels), chance.uniform(least, most), _anywhere(chance)), None))
        kept = _suppressed(found, how.suppress)
        yield Shot(Moment(clock, 1.7e9 + clock), tuple(d for d, _ in kept), tuple(name for _, name in kept))


def _shaken(box: Box, jitter: float, chance: random.Random) -> Box:
    width, height = box.xmax - box.xmin, box.ymax - box.ymin
    x = (box.xmin + box.xmax) / 2 + chance.gauss(0, jitter) * width
    y = (box.ymin + box.ymax) / 2 + chance.gauss(0, jitter) * height
    width, height = width * (1 + chance.gauss(0, jitter)) / 2, height * (1 + chance.gauss(0, jitter)) / 2
    return Box(max(x - width, 0.0), max(y - height, 0.0), min(x + width, 1.0), min(y + height, 1.0))


def _anywhere(chance: random.Random) -> Box:
    width, height = chance.uniform(0.03, 0.3), chance.uniform(0.05, 0.5)
    x, y = chance.uniform(0, 1 - width), chance.uniform(0, 1 - height)
    return Box(x, y, x + width, y + height)


def _suppressed(found: list[tuple[Detection, str | None]], limit: float) -> list[tuple[Detection, str | None]]:
    kept: list[tuple[Detection, str | None]] = []
    for detection, name in sorted(found, key=lambda pair: -pair[0].score):
        if all(other.label != detection.label or _iou(other.box, detection.box) <= limit for other, _ in kept):
            kept.append((detection, name))
    return kept


def _rest(box: Box, cover: Box) -> Box:
    """The smallest box around what of `box` isn't behind `cover`; without area if all is."""
    if cover.ymin <= box.ymin and box.ymax <= cover.ymax:
        left = max(box.xmin, cover.xmax) if cover.xmin <= box.xmin else box.xmin
        right = min(box.xmax, cover.xmin) if box.xmax <= cover.xmax else box.xmax
        return Box(left, box.ymin, max(left, right), box.ymax)
    if cover.xmin <= box.xmin and box.xmax <= cover.xmax:
        top = max(box.ymin, cover.ymax) if cover.ymin <= box.ymin else box.ymin
        bottom = min(box.ymax, cover.ymin) if box.ymax <= cover.ymax else box.ymax
        return Box(box.xmin, top, box.xmax, max(top, bottom))
    return box


def _area(box: Box) -> float:
    return max(box.xmax - box.xmin, 0.0) * max(box.ymax - box.ymin, 0.0)


def _common(a: Box, b: Box) -> float:
    return _area(Box(max(a.xmin, b.xmin), max(a.ymin, b.ymin), min(a.xmax, b.xmax), min(a.ymax, b.ymax)))


def _iou(a: Box | None, b: Box | None) -> float:
    if a is None or b is None:
        return 0.0
    common = _common(a, b)
    return common / (_area(a) + _area(b) - common) if common else 0.0
