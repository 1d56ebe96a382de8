"""A camera's scene: what its frames show, put together to things that come, stay and go."""

import math
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter

from edgevision.inference.detection import Detection
from edgevision.scene.event import Event
from edgevision.scene.events import Life
from edgevision.scene.filters import least_score, there, threshold_of
from edgevision.scene.moment import Moment
from edgevision.scene.rules import Rules
from edgevision.scene.seen import Look, Seen
from edgevision.scene.track import Track
from edgevision.scene.tracker import Tracker
from edgevision.scene.zones import zones_of

_SCORE = attrgetter("detection.score")

_SHORTEST_REST, _LONGEST_REST = 0.5, 5.0
"""Seconds between two looks at things that stand still."""


class Scene:
    """Follows what one camera sees; `new_id` gives each track an id of its own."""

    def __init__(self, rules: Rules, new_id: Callable[[], str]) -> None:
        self._rules = rules
        self._tracker = Tracker(rules.min_hits, rules.max_lost, new_id)
        self._lives: dict[str, Life] = {}
        self._followed: set[str] = set()
        self._tentative = False
        self._settled = False
        """Whether the last look has found all that is followed."""
        self._counts: dict[str, int] = {}
        self._zone_counts: dict[tuple[str, str], int] = {}
        self._nothing = Look((), (), self._counts, self._zone_counts)

    @property
    def occupied(self) -> bool:
        """Whether something is there, or may be."""
        return self._tentative or bool(self._lives)

    @property
    def patience(self) -> float:
        """Seconds for which it can do without a look while nothing moves: 0 unless all that may be there was found."""
        if not self.occupied:
            return math.inf
        # What a look misses has the other half of its time to be found by those that follow then.
        patience = min(self._rules.max_lost / 2, _LONGEST_REST)
        return patience if self._settled and patience >= _SHORTEST_REST else 0.0

    def least(self, threshold: float) -> float:
        """The least score that the model is to be asked for, given the camera's threshold."""
        return least_score(self._rules, threshold)

    def look(self, detections: Sequence[Detection], moment: Moment, threshold: float) -> Look:
        """Takes a frame's detections, those with a score of `least` and more, of any label.

        `threshold` is the camera's in this moment; a label's own goes before it. `moment.clock` never goes back,
        `moment.time` may.
        """
        rules, lives = self._rules, self._lives
        found = there(rules, detections, threshold, self._followed)
        if not found and not self.occupied:
            return self._nothing
        if rules.labels:
            counts = [one.score >= threshold_of(rules, one.label, threshold) for one in found]
        else:
            counts = [one.score >= threshold for one in found]
        tracked = self._tracker.update(found, counts, moment)
        self._tentative = tracked.tentative
        self._settled = not tracked.tentative and all(track.found for track in tracked.alive)
        events = self._end(tracked.ended, moment) if tracked.ended else []
        for track in tracked.alive:
            life = lives.get(track.id)
            event = self._begun(track, moment) if life is None else life.update(track, moment)
            if event is not None:
                events.append(event)
        zones = rules.zones
        seen = [
            Seen(one, track, zones_of(zones, one.label, one.box) if zones else ())
            for one, track, counted in zip(found, tracked.of, counts, strict=True)
            if counted
        ]
        seen.sort(key=_SCORE, reverse=True)
        return self._look(seen, events)

    def leave(self, moment: Moment) -> Look:
        """Nothing is seen any more: whatever is there ends. A later `look` starts anew."""
        self._tentative = False
        return self._look((), self._end(self._tracker.clear(), moment))

    def _begun(self, track: Track, moment: Moment) -> Event:
        life = self._lives[track.id] = Life(self._rules, track)
        return life.start(moment)

    def _end(self, tracks: Iterable[Track], moment: Moment) -> list[Event]:
        return [self._lives.pop(track.id).end(track, moment) for track in tracks]

    def _look(self, seen: Sequence[Seen], events: Sequence[Event]) -> Look:
        if events:  # nothing else changes what is there, and where
            self._counts = dict.fromkeys(self._counts, 0)
            self._zone_counts = dict.fromkeys(self._zone_counts, 0)
            self._followed = {life.label for life in self._lives.values()}
            for life in self._lives.values():
                self._counts[life.label] = self._counts.get(life.label, 0) + 1
                for zone in life.zones:
                    self._zone_counts[zone, life.label] = self._zone_counts.get((zone, life.label), 0) + 1
            self._nothing = Look((), (), self._counts, self._zone_counts)
        return Look(tuple(seen), tuple(events), self._counts, self._zone_counts)
