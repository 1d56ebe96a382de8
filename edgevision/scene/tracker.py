"""Follows things from frame to frame.

After ByteTrack (Zhang et al., 2022): Kalman filter, overlap and optimal assignment, first with the boxes of high score,
then for what is still missing with those of low score. What is found again elsewhere than expected must first prove
itself like something new, so that no false box leads a hidden thing's track astray.

Of our own because the libraries that do this need SciPy, 35 MB for one function, or another compiled extension.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import TypeVar

from edgevision.inference.detection import Box, Detection
from edgevision.record import record
from edgevision.scene.assignment import assign
from edgevision.scene.association import IMPROBABLE, NEVER, again, just_begun, overlap, returned, surely_again
from edgevision.scene.moment import Moment
from edgevision.scene.occlusion import area, completed, halves, inside, may_be_half, touching, union
from edgevision.scene.thing import SHRINKS, Sighting, Thing
from edgevision.scene.track import Track

MOST = 100
"""Confirmed tracks at once; others have to wait until one of them ends."""

_PATIENCE = 2.0
"""Seconds for which a thing may be missed while others wait, whatever `max_lost` is."""

_DOUBLE = 0.6
"""A box that overlaps another by more shows the same thing: non-maximum suppression leaves none such of two things."""

_MOMENT = 0.35
"""Seconds after which anything could be where a thing was last."""

_HIDDEN = 4.0
"""What it costs, times the part of it that is hidden, to take a box for a thing."""

_CLEARLY = 0.3
"""By so much better a score, a box shows a thing of which one inside it shows but a part."""

_SCORE = attrgetter("detection.score")

_LOST = 2
"""Frames missed in a row after which a thing may be found elsewhere, or be over."""

_OfKind = TypeVar("_OfKind", Sighting, Thing)


@record
class Tracked:
    """What became of the tracks with a frame.

    `alive` are the confirmed ones in the order they were confirmed, found in this frame or still hoped for; `ended`
    those that are given up. `of` has for each detection the id of the confirmed track it belongs to, or None.
    `tentative`: something is there that isn't confirmed yet.
    """

    alive: tuple[Track, ...]
    ended: tuple[Track, ...]
    of: tuple[str | None, ...]
    tentative: bool


class Tracker:
    """Gives each thing in a camera's picture one track; labels never mix.

    A track is confirmed when found in `min_hits` frames, of which it wasn't missed in three in a row or in more than
    half; a label without box in none at all. It ends when it was unseen for more than `max_lost` seconds and in at
    least two frames. `new_id` is asked when one is confirmed.
    """

    def __init__(self, min_hits: int, max_lost: float, new_id: Callable[[], str]) -> None:
        self._min_hits = min_hits
        self._max_lost = max_lost
        self._new_id = new_id
        self._confirmed: list[Thing] = []
        self._tentative: list[Thing] = []
        self._clock: float | None = None

    def update(self, detections: Sequence[Detection], starts: Sequence[bool], moment: Moment) -> Tracked:
        """Take what was found in the frame of `moment`.

        `starts`, one for each detection: whether it may begin and confirm a track; the others only keep one alive.
        Boxes that are none (without area, not finite, far outside) are ignored.
        """
        seconds = 0.0 if self._clock is None else moment.clock - self._clock
        self._clock = moment.clock
        kept = math.exp(-seconds / SHRINKS)
        for thing in self._confirmed:
            thing.passes(seconds, kept)
        for thing in self._tentative:
            thing.passes(seconds, kept)
        sightings = [Sighting(detection, may) for detection, may in zip(detections, starts, strict=True)]
        sound = [sighting for sighting in sightings if sighting.sound]
        sound.sort(key=_SCORE, reverse=True)
        confirmed, tentative = _by_kind(self._confirmed), _by_kind(self._tentative)
        for kind, those in _by_kind(sound).items():
            self._follow(those, confirmed.get(kind, []), tentative.get(kind, []), moment)
        ended = self._sweep(moment.clock)
        return Tracked(
            alive=tuple([thing.track() for thing in self._confirmed]),
            ended=tuple([thing.track() for thing in ended]),
            of=tuple([sighting.thing.id if sighting.thing else None for sighting in sightings]),
            tentative=bool(self._tentative),
        )

    def clear(self) -> list[Track]:
        """End all tracks; returns the confirmed ones."""
        ended = [thing.track() for thing in self._confirmed]
        self._confirmed, self._tentative, self._clock = [], [], None
        return ended

    def _follow(
        self, sightings: list[Sighting], confirmed: list[Thing], tentative: list[Thing], moment: Moment
    ) -> None:
        """Sightings and things of one kind."""
        strong: list[Sighting] = []
        faint: list[Sighting] = []
        for sighting in sightings:
            (strong if sighting.starts else faint).append(sighting)
        if confirmed:
            near = [thing for thing in confirmed if thing.kalman.unseen < _MOMENT]
            if strong:
                _match(strong, confirmed, near, _expected, moment)
            if faint and (missed := [thing for thing in confirmed if thing.missed]):
                _match(faint, missed, near, _surely, moment)
        rest = [sighting for sighting in strong if not sighting.thing and not sighting.part]
        if rest:
            self._begin(rest, confirmed, tentative, moment)
        if self._tentative:
            self._confirm()

    def _begin(self, rest: list[Sighting], confirmed: list[Thing], tentative: list[Thing], moment: Moment) -> None:
        """The rest may show what has begun before, something new, or what was lost."""
        new = _single(rest, [thing for thing in confirmed if thing.kalman.unseen < _MOMENT])
        if new and tentative:
            _match(new, tentative, [], _tentatively, moment)
        begun = [Thing(sighting, moment) for sighting in new if not sighting.thing]
        self._tentative += begun
        lost = [thing for thing in confirmed if thing.missed >= _LOST]
        if lost:
            self._return(lost, tentative + begun)

    def _return(self, lost: list[Thing], begun: list[Thing]) -> None:
        """What has been lost, and what has begun since, may be one thing."""
        seen = [thing for thing in begun if not thing.missed and thing.hits >= min(2, self._min_hits)]
        costs = [[_returned(old, thing) for old in lost] for thing in seen]
        for row, column in assign(costs, IMPROBABLE):
            lost[column].resume(seen[row])
            self._tentative.remove(seen[row])

    def _confirm(self) -> None:
        for thing in self._tentative:
            if thing.hits >= self._min_hits and len(self._confirmed) < MOST:
                thing.id = self._new_id()
                self._confirmed.append(thing)
        self._tentative = [thing for thing in self._tentative if thing.id is None]

    def _sweep(self, clock: float) -> list[Thing]:
        """Give up what wasn't found for too long; returns the confirmed among it."""
        self._tentative = [thing for thing in self._tentative if not thing.doubtful]
        kept = [thing for thing in self._confirmed if not self._over(thing, clock)]
        if len(kept) >= MOST:
            kept = [thing for thing in kept if clock - thing.last.clock <= _PATIENCE]
        ended = [thing for thing in self._confirmed if thing not in kept] if len(kept) < len(self._confirmed) else []
        self._confirmed = kept
        return ended

    def _over(self, thing: Thing, clock: float) -> bool:
        """Whether a thing is gone; not while it may be what has begun in time and isn't confirmed yet."""
        if thing.missed < _LOST or clock - thing.last.clock <= self._max_lost:
            return False
        return not any(
            begun.kind == thing.kind
            and begun.first.clock - thing.last.clock <= self._max_lost
            and _returned(thing, begun) < IMPROBABLE
            for begun in self._tentative
        )


def _by_kind(ones: Iterable[_OfKind]) -> dict[tuple[str, bool], list[_OfKind]]:
    kinds: dict[tuple[str, bool], list[_OfKind]] = {}
    for one in ones:
        kinds.setdefault(one.kind, []).append(one)
    return kinds


def _match(
    sightings: list[Sighting],
    things: list[Thing],
    near: list[Thing],
    cost: Callable[[Thing, Sequence[Box]], list[float]],
    moment: Moment,
) -> None:
    """Find those things in those sightings that they go best with; those of `near` may hide parts of the others."""
    seen = [sighting.box for sighting in sightings]
    there = [thing.kalman.box for thing in near] if len(near) > 1 or near != things else []
    wholes, costs = [], []
    for thing in things:
        own = thing.kalman.box
        others = touching(own, there) if there else there
        boxes = completed(own, seen, others) if others else seen
        row = cost(thing, boxes)
        if boxes is not seen:
            for column, whole in enumerate(boxes):
                if whole is not seen[column]:
                    row[column] += _HIDDEN * (1 - area(seen[column]) / area(whole))
        wholes.append(boxes)
        costs.append(row)
    pairs = assign(costs, IMPROBABLE)
    spare: list[Sighting] = []
    if len(pairs) < len(sightings):
        found = [column for _, column in pairs]
        spare = [sighting for column, sighting in enumerate(sightings) if column not in found]
    for place, column in pairs:
        thing, whole = things[place], wholes[place][column]
        if spare and thing.id is not None and may_be_half(whole, thing.wide, thing.high):
            for sighting in spare:
                if halves(whole, sighting.box, thing.wide, thing.high):
                    whole, sighting.part = union(whole, sighting.box), True
        thing.find(sightings[column], moment, whole)


def _expected(thing: Thing, boxes: Sequence[Box]) -> list[float]:
    return again(thing.kalman, boxes) if thing.kalman.unseen < _MOMENT else _surely(thing, boxes)


def _surely(thing: Thing, boxes: Sequence[Box]) -> list[float]:
    return surely_again(thing.kalman, thing.sighting.box, boxes)


def _tentatively(thing: Thing, boxes: Sequence[Box]) -> list[float]:
    return just_begun(thing.kalman, boxes)


def _returned(thing: Thing, begun: Thing) -> float:
    return returned(thing.kalman, begun.kalman) if begun.first.clock > thing.last.clock else NEVER


def _single(sightings: list[Sighting], there: list[Thing]) -> list[Sighting]:
    """Without those that show once more, or only a part of, what is `there` or in one before them."""
    known = [
        (thing.kalman.box if thing.missed else thing.sighting.box, thing.sighting.detection.score) for thing in there
    ]
    single: list[Sighting] = []
    for sighting in sightings:
        box, score = sighting.box, sighting.detection.score
        better = [other for other, best in known if best > score + _CLEARLY]
        if not inside(box, better) and all(overlap(box, other) <= _DOUBLE for other, _ in known):
            single.append(sighting)
            known.append((box, score))
    return single
