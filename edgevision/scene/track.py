"""One thing that is followed from frame to frame."""

from edgevision.inference.detection import Box
from edgevision.record import record
from edgevision.scene.moment import Moment


@record
class Track:
    """What is known of one thing after a frame.

    `score` and `box` are those of the last detection of it; a classifier's label has no box. `first` and `last` are
    when it was found first and last, `hits` in how many frames; `found`: also in this one.
    """

    id: str
    label: str
    score: float
    box: Box | None
    hits: int
    first: Moment
    last: Moment
    found: bool
