"""What counts in a camera's picture, and when a thing has come and gone."""

from collections.abc import Mapping

from edgevision.record import record
from edgevision.scene.polygon import Polygon


@record
class LabelRule:
    """How a label counts: its least score (None: the camera's), the least and greatest area, as part of the frame's."""

    threshold: float | None = None
    min_area: float = 0.0
    max_area: float = 1.0


@record
class Zone:
    """A part of the picture, and the labels that it cares for; none: all."""

    polygon: Polygon
    labels: tuple[str, ...] = ()


@record
class Rules:
    """A camera's rules, which hold as long as its Scene.

    `labels` are those that count; empty: all. `zones` go by their names. What stands in one of the `masks` isn't there.
    A thing has come when it was found in `min_hits` frames, and is gone when it wasn't for `max_lost` seconds.
    """

    labels: Mapping[str, LabelRule]
    zones: Mapping[str, Zone]
    masks: tuple[Polygon, ...]
    min_hits: int
    max_lost: float
