"""From a camera's configuration to the rules of its scene."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from edgevision.config.nearest import did_you_mean
from edgevision.inference.labels import Labels
from edgevision.scene.rules import LabelRule, Rules, Zone

if TYPE_CHECKING:
    from edgevision.config.schema import CameraSettings

MOST_ANNOUNCED = 20
"""Labels of a model up to which all are counted and shown from the beginning. Of more, those that have been seen."""


def scene_rules(settings: CameraSettings) -> Rules:
    """What the configuration says of labels, zones, masks and events."""
    return Rules(
        labels={
            name: LabelRule(label.threshold, label.min_area, label.max_area) for name, label in settings.labels.items()
        },
        zones={name: Zone(zone.polygon, zone.labels) for name, zone in settings.zones.items()},
        masks=settings.masks,
        min_hits=settings.events.min_hits,
        max_lost=settings.events.max_lost,
    )


def counted_labels(settings: CameraSettings, names: Sequence[str], seen: Sequence[str]) -> tuple[str, ...]:
    """The labels that a camera counts from the beginning: those configured, else the model's `names` if they are few.

    Else those that zones name, and those that have been `seen` before and are still the model's.
    """
    if settings.labels:
        return tuple(settings.labels)
    if len(names) <= MOST_ANNOUNCED:
        return tuple(names)
    in_zones = (label for zone in settings.zones.values() for label in zone.labels)
    known = frozenset(names)
    return tuple(dict.fromkeys((*in_zones, *(label for label in seen if label in known))))


def counted_in_zones(settings: CameraSettings, labels: Sequence[str]) -> list[tuple[str, str]]:
    """Each (zone, label) that is counted, given the labels that the camera counts."""
    return [
        (zone, label)
        for zone, zone_settings in settings.zones.items()
        for label in labels
        if not zone_settings.labels or label in zone_settings.labels
    ]


def label_names(labels: Labels) -> tuple[str, ...]:
    """The names that a model has for its classes, each once."""
    return tuple(dict.fromkeys(name for name in labels if name))


def unknown_labels(settings: CameraSettings, names: Sequence[str]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Labels that the configuration asks for and the model doesn't have: the place below the camera, what is wrong."""
    asked: list[tuple[tuple[str | int, ...], str]] = [(("labels", label), label) for label in settings.labels]
    for zone, zone_settings in settings.zones.items():
        asked += [(("zones", zone, "labels", place), label) for place, label in enumerate(zone_settings.labels)]
    for place, label in asked:
        if label not in names:
            few = f"; it has {', '.join(names)}" if names and len(names) <= MOST_ANNOUNCED else ""
            hint = did_you_mean(label, names) or few or "; `edgevision models inspect FILE` shows its labels"
            yield place, f"the model has no label {label!r}{hint}"
