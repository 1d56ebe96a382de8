"""What happened to one thing: it came, something about it changed, it went."""

from dataclasses import replace
from typing import Literal

from edgevision.inference.detection import Box
from edgevision.record import record

EventType = Literal["start", "update", "end"]


@record
class Event:
    """One step in the life of a track; `id` is this event's alone.

    `score` and `box` are the latest, `top_score` is the best so far; a classifier's label has no box. `zones` are those
    it is in, in the configuration's order, `entered_zones` all that it has been in, in the order of entering. `start`,
    `time` (of this event) and `end` are in seconds since 1970 (UTC); `end` is None until it has ended, and then the
    time it was last seen.
    """

    id: str
    type: EventType
    track: str
    label: str
    score: float
    top_score: float
    box: Box | None
    zones: tuple[str, ...]
    entered_zones: tuple[str, ...]
    start: float
    time: float
    end: float | None


def stamped(event: Event, shift: float) -> Event:
    """`event` with all of its times later by `shift` seconds."""
    end = None if event.end is None else event.end + shift
    return replace(event, start=event.start + shift, time=event.time + shift, end=end)
