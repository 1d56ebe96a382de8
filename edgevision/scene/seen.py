"""What a frame shows once the rules have been followed."""

from collections.abc import Mapping

from edgevision.inference.detection import Detection
from edgevision.record import record
from edgevision.scene.event import Event


@record
class Seen:
    """A detection that counts, the track it belongs to, if that has started, and the zones it is in at this moment."""

    detection: Detection
    track: str | None
    zones: tuple[str, ...]


@record
class Look:
    """What one frame shows and what it changes.

    `seen` has the highest score first, `events` are in order. `counts` says how many of a label are there, that is,
    have started and not ended; `zone_counts` the same by (zone, label). What was ever counted stays in them, with 0.
    """

    seen: tuple[Seen, ...]
    events: tuple[Event, ...]
    counts: Mapping[str, int]
    zone_counts: Mapping[tuple[str, str], int]
