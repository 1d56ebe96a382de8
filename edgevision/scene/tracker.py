"""Follows things from frame to frame.

After ByteTrack (Zhang et al., 2022): Kalman filter, overlap and optimal assignment, first with the boxes of high score,
then for what is still missing with those of low score. What is found again elsewhere than expected must first prove
itself like something new, so that no false box leads a hidden thing's track astray.

Of our own because the libraries that do this need SciPy, 35 MB for one function, or another compiled extension.
"""

from collections.abc import Callable, Sequence
from operator import attrgetter

from edgevision.inference.detection import Box, Detection
from edgevision.record import record
from edgevision.scene.assignment import assign
from edgevision.scene.association import IMPROBABLE, NEVER, again, just_begun, overlap, returned, surely_again
from edgevision.scene.moment import Moment
from edgevision.scene.occlusion import area, common, completed, halves, inside, union
from edgevision.scene.thing import Sighting, Thing
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
        for thing in (*self._confirmed, *self._tentative):
            thing.passes(seconds)
        sightings = [Sighting(detection, may) for detection, may in zip(detections, starts, strict=True)]
        kinds: dict[tuple[str, bool], list[Sighting]] = {}
        sound = [sighting for sighting in sightings if sighting.sound]
        sound.sort(key=_SCORE, reverse=True)
        for sighting in sound:
            kinds.setdefault(sighting.kind, []).append(sighting)
        for kind, those in kinds.items():
            confirmed = [thing for thing in self._confirmed if thing.kind == kind]
            tentative = [thing for thing in self._tentative if thing.kind == kind]
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
        """Sightings and things of one kind."""
        near = [thing for thing in confirmed if thing.kalman.unseen < _MOMENT]
        strong = [sighting for sighting in sightings if sighting.starts]
        _match(strong, confirmed, near, _expected, moment)
        if len(strong) < len(sightings) and (missed := [thing for thing in confirmed if thing.missed]):
            _match([sighting for sighting in sightings if not sighting.starts], missed, near, _surely, moment)

        rest = [sighting for sighting in strong if not sighting.thing and not sighting.part]
        if rest:
            self._begin(rest, confirmed, tentative, moment)
        if self._tentative:
            self._confirm()

    def _begin(self, rest: list[Sighting], confirmed: list[Thing], tentative: list[Thing], moment: Moment) -> None:
        """The rest may show what has begun before, something new, or what was lost."""
        new = _single(rest, [thing for thing in confirmed if thing.kalman.unseen < _MOMENT])
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


def _match(
    sightings: list[Sighting],
    things: list[Thing],
    near: list[Thing],
    cost: Callable[[Thing, Box], float],
    moment: Moment,
) -> None:
    """Find those things in those sightings that they go best with; those of `near` may hide parts of the others."""
    if not sightings or not things:
        return
    seen = [sighting.box for sighting in sightings]
    wholes, costs = [], []
    for thing in things:
        own = thing.kalman.box
        others: list[Box] = []
        if near != [thing]:
            others = [other.kalman.box for other in near if other is not thing and common(own, other.kalman.box)]
        boxes = [completed(own, box, others) for box in seen] if others else seen
        wholes.append(boxes)
        costs.append(
            [
                cost(thing, box) if whole is box else cost(thing, whole) + _HIDDEN * (1 - area(box) / area(whole))
                for box, whole in zip(seen, boxes, strict=True)
            ]
        )
    pairs = assign(costs, IMPROBABLE)
    spare: list[Sighting] = []
    if len(pairs) < len(sightings):
        found = {column for _, column in pairs}
        spare = [sighting for column, sighting in enumerate(sightings) if column not in found]
    for row, column in pairs:
        thing, whole = things[row], wholes[row][column]
        for sighting in spare if thing.id is not None else ():
            if halves(whole, sighting.box, *thing.whole):
                whole, sighting.part = union(whole, sighting.box), True
        thing.find(sightings[column], moment, whole)


def _expected(thing: Thing, box: Box) -> float:
    return again(thing.kalman, box) if thing.kalman.unseen < _MOMENT else _surely(thing, box)


def _surely(thing: Thing, box: Box) -> float:
    return surely_again(thing.kalman, thing.sighting.box, box)


def _tentatively(thing: Thing, box: Box) -> float:
    return just_begun(thing.kalman, box)


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
