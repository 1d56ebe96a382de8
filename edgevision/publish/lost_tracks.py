"""What is made of payloads of events: the `end` of a track that nobody could end, and times put right."""

import json
import math
from dataclasses import replace
from datetime import datetime

from edgevision.publish.entry import Entry
from edgevision.publish.json_values import rfc3339, to_json

_TIMES = ("start", "time", "end")
_MOST_DIGITS = 15


def end_of(last: Entry, now: float) -> Entry | None:
    """The `end` of the track whose last event is `last`, seen then for the last time; None if that is no event.

    `now` is in seconds since 1970, by the clock that `last` was made with; the `end` is not made before `last`.
    """
    event = _event(last.payload)
    if event is None:
        return None
    track, _, number = str(event.get("id")).rpartition("-")
    seen = _seconds(event.get("time"))
    if not track or not number.isdecimal() or len(number) > _MOST_DIGITS or seen is None:
        return None
    end = {
        "id": f"{track}-{int(number) + 1}",
        "type": "end",
        "time": rfc3339(max(now, seen)),
        "end": rfc3339(seen),
    }
    return replace(last, payload=to_json({**event, **end}), over=True)


def righted(entry: Entry, offset: float) -> Entry:
    """`entry` with the times that it would have if the clocks had been `offset` seconds apart when it was made."""
    if entry.offset is None:
        return entry
    event, seconds = _event(entry.payload), offset - entry.offset
    right = replace(entry, offset=None)
    if event is None or not math.isfinite(seconds):
        return right
    for key in _TIMES:
        wrong = _seconds(event.get(key))
        if wrong is not None:
            try:
                event[key] = rfc3339(wrong + seconds)
            except OverflowError:  # beyond the calendar, as nothing is that a clock showed
                return right
    return replace(right, payload=to_json(event))


def _event(payload: bytes) -> dict[str, object] | None:
    try:
        event = json.loads(payload)
        to_json({"event": event})  # what has a NaN in it can be read, but not written
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) else None


def _seconds(time: object) -> float | None:
    try:
        return datetime.fromisoformat(time).timestamp() if isinstance(time, str) else None
    except (ValueError, OverflowError):
        return None
