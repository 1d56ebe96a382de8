"""The events in the life of one thing."""

from typing import Final

from edgevision.scene.event import Event, EventType
from edgevision.scene.moment import Moment
from edgevision.scene.rules import Rules
from edgevision.scene.track import Track
from edgevision.scene.zones import Whereabouts

_BETTER = 0.1 - 1e-9  # 0.6 is better than 0.5 by a little less than 0.1
_ONCE_IN = 60.0


class Life:
    """Follows one track and tells `start`, `update`s and `end`.

    Times never go backwards within it, even where the wall clock does: an event isn't earlier than the one before.
    """

    def __init__(self, rules: Rules, track: Track) -> None:
        self.label: Final = track.label
        self._track = track
        self._whereabouts = Whereabouts(rules.zones, track.label, track.box)
        self._entered = self._whereabouts.zones
        self._top = track.score
        self._told = 0
        self._told_top = 0.0
        self._told_clock = 0.0
        self._start = self._time = track.first.time

    @property
    def zones(self) -> tuple[str, ...]:
        """Those it is in."""
        return self._whereabouts.zones

    def start(self, moment: Moment) -> Event:
        """It has come."""
        # A wall clock that was put back since the first hit is right now, not then.
        self._start = self._time = min(self._start, moment.time)
        return self._event("start", moment)

    def update(self, track: Track, moment: Moment) -> Event | None:
        """Takes what the next frame shows of it: an event when there is something to tell."""
        self._track = track
        moved = False
        if track.found:
            self._top = max(self._top, track.score)
            moved = self._whereabouts.found_at(track.box)
        if moved:
            self._entered += tuple(zone for zone in self.zones if zone not in self._entered)
        due = moment.clock - self._told_clock >= _ONCE_IN
        return self._event("update", moment) if moved or due or self._top - self._told_top >= _BETTER else None

    def end(self, track: Track, moment: Moment) -> Event:
        """It has gone, when it was seen last."""
        self._track = track
        return self._event("end", moment)

    def _event(self, kind: EventType, moment: Moment) -> Event:
        number, track = self._told, self._track
        self._told += 1
        self._told_top, self._told_clock = self._top, moment.clock
        self._time = max(self._time, moment.time)
        return Event(
            id=f"{track.id}-{number}",
            type=kind,
            track=track.id,
            label=self.label,
            score=track.score,
            top_score=self._top,
            box=track.box,
            zones=self.zones,
            entered_zones=self._entered,
            start=self._start,
            time=self._time,
            end=min(max(track.last.time, self._start), self._time) if kind == "end" else None,
        )
