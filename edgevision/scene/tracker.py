"""Follows things from frame to frame.

After ByteTrack (Zhang et al., 2022): Kalman filter, overlap and optimal assignment, first with the boxes of high score,
then for what is still missing with those of low score. What is found again elsewhere than expected must first prove
itself like something new, so that no false box leads a hidden thing's track astray.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edgevision.inference.detection import Box, Detection
from edgevision.scene.assignment import assign
from edgevision.scene.association import IMPROBABLE, again, just_begun, overlap, returned, surely_again
from edgevision.scene.moment import Moment
from edgevision.scene.thing import Sighting, Thing
from edgevision.scene.track import Track

MOST = 100
"""Of more confirmed tracks at once, those unseen for longest end early."""

_DOUBLE = 0.6
"""A box that overlaps another by more shows the same thing: non-maximum suppression leaves none such of two things."""

_MOMENT = 0.35
"""Seconds after which anything could be where a thing was last."""

_LOST = 2
"""Frames missed in a row after which a thing may be found elsewhere, or be over."""


@dataclass(frozen=True, slots=True)
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
        for thing in (*self._confirmed, *self._tentative):
            thing.passes(seconds)
        sightings = [Sighting(detection, may) for detection, may in zip(detections, starts, strict=True)]
        kinds: dict[tuple[str, bool], list[Sighting]] = {}
        for sighting in sorted(sightings, key=lambda sighting: -sighting.detection.score):
            if sighting.sound:
                kinds.setdefault((sighting.detection.label, sighting.boxed), []).append(sighting)
        for kind, those in kinds.items():
            confirmed = [thing for thing in self._confirmed if (thing.label, thing.boxed) == kind]
            tentative = [thing for thing in self._tentative if (thing.label, thing.boxed) == kind]
            self._follow(those, confirmed, tentative, moment)
        ended = self._sweep(moment.clock)
        return Tracked(
            alive=tuple(thing.track() for thing in self._confirmed),
            ended=tuple(thing.track() for thing in ended),
            of=tuple(sighting.thing.id if sighting.thing else None for sighting in sightings),
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
        """Sightings and things of one label."""
        strong = [sighting for sighting in sightings if sighting.starts]
        _match(strong, confirmed, _expected, moment)
        faint = [sighting for sighting in sightings if not sighting.starts]
        _match(faint, [thing for thing in confirmed if thing.missed], _surely, moment)

        boxes = [thing.sighting.box for thing in confirmed if not thing.missed]
        new = _single([sighting for sighting in strong if not sighting.thing], boxes)
        _match(new, tentative, _tentatively, moment)
        begun = [Thing(sighting, moment) for sighting in new if not sighting.thing]
        self._tentative += begun
        self._return([thing for thing in confirmed if thing.missed >= _LOST], tentative + begun)
        self._confirm()

    def _return(self, lost: list[Thing], begun: list[Thing]) -> None:
        """What has been lost, and what has just begun, may be one thing."""
        seen = [thing for thing in begun if not thing.missed and thing.hits >= min(2, self._min_hits)]
        costs = [[returned(old.kalman, thing.kalman) for old in lost] for thing in seen]
        for row, column in assign(costs, IMPROBABLE):
            lost[column].resume(seen[row])
            self._tentative.remove(seen[row])

    def _confirm(self) -> None:
        for thing in self._tentative:
            if thing.hits >= self._min_hits:
                thing.id = self._new_id()
                self._confirmed.append(thing)
        self._tentative = [thing for thing in self._tentative if thing.id is None]

    def _sweep(self, clock: float) -> list[Thing]:
        """Give up what wasn't found for too long; returns the confirmed among it."""
        self._tentative = [thing for thing in self._tentative if not thing.doubtful]
        kept = [thing for thing in self._confirmed if not self._over(thing, clock)]
        if len(kept) > MOST:
            late = sorted(kept, key=lambda thing: thing.last, reverse=True)[MOST - 1].last
            kept = [thing for thing in kept if thing.last >= late][:MOST]
        ended = [thing for thing in self._confirmed if thing not in kept] if len(kept) < len(self._confirmed) else []
        self._confirmed = kept
        return ended

    def _over(self, thing: Thing, clock: float) -> bool:
        """Whether a thing is gone; not while it may be what has begun in time and isn't confirmed yet."""
        if thing.missed < _LOST or clock - thing.last.clock <= self._max_lost:
            return False
        return not any(
            (begun.label, begun.boxed) == (thing.label, thing.boxed)
            and begun.first.clock - thing.last.clock <= self._max_lost
            and returned(thing.kalman, begun.kalman) < IMPROBABLE
            for begun in self._tentative
        )


def _match(sightings: list[Sighting], things: list[Thing], cost: Callable[[Thing, Box], float], moment: Moment) -> None:
    """Find those things in those sightings that they go best with."""
    costs = [[cost(thing, sighting.box) for sighting in sightings] for thing in things]
    for row, column in assign(costs, IMPROBABLE):
        things[row].find(sightings[column], moment)


def _expected(thing: Thing, box: Box) -> float:
    return again(thing.kalman, box) if thing.kalman.unseen < _MOMENT else _surely(thing, box)


def _surely(thing: Thing, box: Box) -> float:
    return surely_again(thing.kalman, thing.sighting.box, box)


def _tentatively(thing: Thing, box: Box) -> float:
    return just_begun(thing.kalman, box)


def _single(sightings: list[Sighting], boxes: list[Box]) -> list[Sighting]:
    """Without those that show once more what is in `boxes` or in one before them, of better score."""
    single: list[Sighting] = []
    for sighting in sightings:
        if all(overlap(sighting.box, box) <= _DOUBLE for box in boxes):
            single.append(sighting)
            boxes = [*boxes, sighting.box]
    return single
