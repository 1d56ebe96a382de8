"""What inference hands on."""

from edgevision.record import record


@record
class Box:
    """A rectangle in fractions of the camera's whole frame, 0..1, origin top left."""

    xmin: float
    ymin: float
    xmax: float
    ymax: float


@record
class Detection:
    """One labelled thing: `score` is 0..1; a classifier's entry has no `box`."""

    label: str
    score: float
    box: Box | None = None
