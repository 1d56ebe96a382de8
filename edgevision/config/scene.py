"""The part of the configuration's schema that says which detections count and what becomes of them."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, model_validator

from edgevision.config import checks
from edgevision.config.checks import Between, disagreement
from edgevision.config.model import Fraction
from edgevision.config.section import Section
from edgevision.scene.polygon import area, crossing_edges

_SMALLEST_AREA = 1e-6


def _corner(value: object) -> object:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise disagreement("a corner is needed here, [x, y]")
    return value


def _corners(value: object) -> object:
    if not isinstance(value, list | tuple):
        raise disagreement("a polygon is needed here, [[x, y], [x, y], [x, y], …]")
    if len(value) < 3:
        raise disagreement("a polygon needs at least 3 corners, [[x, y], [x, y], [x, y], …]")
    if len(value) > 100:
        raise disagreement("this polygon has more than 100 corners")
    return value


def _simple(polygon: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    for number, corner in enumerate(polygon):
        if corner == polygon[number - 1]:
            first, second = (number, number + 1) if number else (len(polygon), 1)
            again = "; it closes by itself" if not number else ""
            raise disagreement(
                f"this polygon has the same corner twice in a row, the {_nth(first)} and the {_nth(second)}{again}"
            )
    crossing = crossing_edges(polygon)
    if crossing is not None:
        edges = " and ".join(
            f"from the {_nth(edge + 1)} corner to the {_nth((edge + 1) % len(polygon) + 1)}" for edge in crossing
        )
        raise disagreement(
            f"this polygon crosses itself: the edges {edges} meet; write the corners in the order one walks around it"
        )
    if area(polygon) < _SMALLEST_AREA:
        raise disagreement("this polygon has no area")
    return polygon


def _each_once(labels: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(labels))


def _nth(number: int) -> str:
    suffix = {1: "st", 2: "nd", 3: "rd"}.get(number % 10 if number % 100 not in (11, 12, 13) else 0, "th")
    return f"{number}{suffix}"


def _auto_or_truth(value: object) -> object:
    """Written as a tag or in quotes, `auto`, `true` and `false` come as text."""
    return (
        {"true": True, "on": True, "yes": True, "false": False, "off": False, "no": False}.get(value, value)
        if isinstance(value, str)
        else value
    )


PolygonSetting = Annotated[
    tuple[Annotated[tuple[Fraction, Fraction], BeforeValidator(_corner)], ...],
    BeforeValidator(_corners),
    AfterValidator(_simple),
]
"""Corners in fractions of the whole frame, 0..1."""


class LabelSettings(Section):
    """How a label counts."""

    threshold: Fraction | None = None
    """The least score of this label; null: the camera's."""

    min_area: Fraction = 0.0
    """The least area of a box, as a fraction of the frame's."""

    max_area: Fraction = 1.0
    """The greatest area of a box, as a fraction of the frame's."""

    @model_validator(mode="after")
    def _least_is_below_greatest(self) -> Self:
        if self.min_area >= self.max_area:
            raise disagreement(f"min_area must be less than max_area, which is {self.max_area:g}", "min_area")
        return self


class ZoneSettings(Section):
    """A part of the picture that has a name. A thing is where the bottom centre of its box is."""

    polygon: PolygonSetting
    """Its corners, [[x, y], …], each 0 to 1 of the whole frame, in the order one walks around it."""

    labels: Annotated[tuple[str, ...], AfterValidator(_each_once)] = ()
    """The labels that it cares for; empty: all."""


class MotionSettings(Section):
    """The motion gate: no inference while nothing moves."""

    enabled: Annotated[Literal["auto", True, False], BeforeValidator(_auto_or_truth)] = "auto"
    """true, false, or auto: on for cameras and streams, off for videos, pictures and feature vectors."""


class EventSettings(Section):
    """When a thing counts as come, and when as gone."""

    min_hits: Annotated[int, Between(1, 100)] = 3
    """Frames in which it must be found; it may be missed in one now and then."""

    max_lost: Annotated[float, Between(0.1, 3600)] = 2.0
    """Seconds without finding it after which it is gone."""


class SnapshotSettings(Section):
    """The pictures of events."""

    enabled: bool = True
    """Whether they are sent; false: no picture ever leaves this machine."""

    quality: Annotated[int, Between(1, 100)] = 80
    """Of the JPEG."""

    annotate: bool = True
    """Draw box, label and score."""

    crop: bool = False
    """Send only the part around the thing, not the whole frame."""

    height: Annotated[int, Between(16, 16384)] | None = None
    """Pixels from top to bottom, the width follows; null: as the camera gives it. Never enlarged."""


ZoneName = Annotated[str, AfterValidator(checks.name)]
