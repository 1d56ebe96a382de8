"""Where in the picture a thing is."""

from collections.abc import Mapping, Sequence

from edgevision.inference.detection import Box
from edgevision.scene.polygon import Point, Polygon, contains
from edgevision.scene.rules import Zone

_INSIDE = 1 - 1e-9
_HOLDS = 3
_JITTER = 0.1


def foot(box: Box) -> Point:
    """The bottom centre of a box, where a thing stands.

    What stands on the frame's border, as whoever is cut off by its bottom edge does, is moved in by a hair: polygons
    that reach to the border contain it.
    """
    return _within((box.xmin + box.xmax) / 2), _within(box.ymax)


def masked(masks: Sequence[Polygon], box: Box) -> bool:
    """Whether a thing stands in one of the masks."""
    return any(contains(mask, foot(box)) for mask in masks)


def zones_of(zones: Mapping[str, Zone], label: str, box: Box | None) -> tuple[str, ...]:
    """The names of the zones that care for `label` and that the box stands in, in their order; none without a box."""
    if box is None or not zones:
        return ()
    point = foot(box)
    return tuple(name for name, zone in zones.items() if cares(zone, label) and contains(zone.polygon, point))


def cares(zone: Zone, label: str) -> bool:
    """Whether the label is one of the zone's."""
    return not zone.labels or label in zone.labels


class Whereabouts:
    """The zones that one thing is in, without the to and fro of one that stands on an edge.

    `zones` are in the configuration's order: at first those its box stands in. It has entered or left one when that was
    so in 3 frames in a row, and it leaves only by more than its box jitters, a tenth of width and height.
    """

    def __init__(self, zones: Mapping[str, Zone], label: str, box: Box | None) -> None:
        self.zones = zones_of(zones, label, box)
        self._polygons = {name: zone.polygon for name, zone in zones.items() if cares(zone, label)}
        self._held = dict.fromkeys(self._polygons, 0)

    def found_at(self, box: Box | None) -> bool:
        """Takes the box that it was found with; whether that changed what it is in."""
        if box is None or not self._polygons:
            return False
        told, point = self.zones, foot(box)
        for name, polygon in self._polygons.items():
            inside = contains(polygon, point) or (name in told and _touches(polygon, box))
            self._held[name] = self._held[name] + 1 if inside != (name in told) else 0
        changed = {name for name, frames in self._held.items() if frames >= _HOLDS}
        if not changed:
            return False
        self._held.update(dict.fromkeys(changed, 0))
        self.zones = tuple(name for name in self._polygons if (name in told) != (name in changed))
        return True


def _touches(polygon: Polygon, box: Box) -> bool:
    """Whether a point to the left or right of a thing's foot, above or below it, is inside."""
    x, y = foot(box)
    right, down = _JITTER * (box.xmax - box.xmin), _JITTER * (box.ymax - box.ymin)
    return any(contains(polygon, point) for point in ((x - right, y), (x + right, y), (x, y - down), (x, y + down)))


def _within(side: float) -> float:
    return min(max(side, 0.0), _INSIDE)
