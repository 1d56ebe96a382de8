"""When something was seen."""

from typing import NamedTuple


class Moment(NamedTuple):
    """`clock` in seconds measures durations and never goes back; `time` in seconds since 1970 (UTC) is what is told.

    Where a video is worked on faster than it was taken, `clock` is the video's own.
    """

    clock: float
    time: float
