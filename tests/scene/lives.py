"""Keeps the books of what a Scene tells, and finds what can't be."""

from edgevision.scene.event import Event
from edgevision.scene.moment import Moment
from edgevision.scene.rules import Rules
from edgevision.scene.scene import Scene
from edgevision.scene.seen import Look


class Books:
    """Takes every Look of a Scene and checks that the lives told by them are well-formed so far."""

    def __init__(self, rules: Rules) -> None:
        self.lives: dict[str, list[Event]] = {}
        self._rules = rules
        self._counted: set[str] = set()
        self._zones_counted: set[tuple[str, str]] = set()

    @property
    def open(self) -> list[Event]:
        """The last event of each track that hasn't ended."""
        return [events[-1] for events in self.lives.values() if events[-1].type != "end"]

    @property
    def events(self) -> list[Event]:
        """All of them, track by track."""
        return [event for events in self.lives.values() for event in events]

    def look(self, look: Look, scene: Scene, moment: Moment, threshold: float) -> None:
        """A frame's."""
        for event in look.events:
            self._event(event, moment)
        self._counts(look)
        tracks = [seen.track for seen in look.seen if seen.track is not None]
        assert len(set(tracks)) == len(tracks)
        labels = {event.track: event.label for event in self.open}
        assert all(labels[seen.track] == seen.detection.label for seen in look.seen if seen.track is not None)
        scores = [seen.detection.score for seen in look.seen]
        assert scores == sorted(scores, reverse=True)
        for seen in look.seen:
            label = seen.detection.label
            assert not self._rules.labels or label in self._rules.labels
            own = self._rules.labels[label].threshold if self._rules.labels else None
            assert seen.detection.score >= (threshold if own is None else own)
        assert scene.occupied or not self.open

    def leave(self, look: Look, scene: Scene, moment: Moment) -> None:
        """What `leave` told."""
        for event in look.events:
            assert event.type == "end"
            self._event(event, moment)
        self._counts(look)
        assert look.seen == ()
        assert self.open == []
        assert not scene.occupied

    def _event(self, event: Event, moment: Moment) -> None:
        events = self.lives.setdefault(event.track, [])
        assert event.id == f"{event.track}-{len(events)}"
        assert (event.type == "start") == (not events)
        assert event.top_score >= event.score
        assert len(set(event.entered_zones)) == len(event.entered_zones)
        assert event.zones == tuple(zone for zone in self._rules.zones if zone in event.zones)
        assert set(event.zones) <= set(event.entered_zones)
        cared_for = [self._rules.zones[zone].labels for zone in event.entered_zones]
        assert all(not labels or event.label in labels for labels in cared_for)
        assert event.box is not None or event.entered_zones == ()
        assert event.start <= event.time
        assert event.time >= moment.time
        if event.type == "end":
            assert event.end is not None
            assert event.start <= event.end <= event.time
        else:
            assert event.end is None
        if events:
            before = events[-1]
            assert before.type != "end"
            assert (event.label, event.start) == (before.label, before.start)
            assert event.time == max(before.time, moment.time)
            assert event.top_score >= before.top_score
            assert event.entered_zones[: len(before.entered_zones)] == before.entered_zones
        else:
            assert event.time == moment.time
        events.append(event)

    def _counts(self, look: Look) -> None:
        """A change of zones is told at once, so counts in them follow from events alone."""
        self._counted |= {event.label for event in self.open}
        self._zones_counted |= {(zone, event.label) for event in self.open for zone in event.zones}
        assert look.counts == {
            label: sum(event.label == label for event in self.open) for label in self._counted | set(look.counts)
        }
        assert set(look.counts) == self._counted
        assert look.zone_counts == {
            (zone, label): sum(event.label == label and zone in event.zones for event in self.open)
            for zone, label in self._zones_counted
        }
