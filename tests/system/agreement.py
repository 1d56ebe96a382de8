"""Comparing detections of one picture that were made on different ways."""

from collections.abc import Sequence

from tests.bare import Found

Box = tuple[float, float, float, float]


def assert_agree(ours: Sequence[Found], theirs: Sequence[Found], *, sure: float, score: float, overlap: float) -> None:
    """Whatever one side finds with a score of `sure` or more, the other finds too.

    That is, with the same label, a score that differs by at most `score`, and a box with at least that `overlap`
    (intersection over union).
    """
    for these, others in ((ours, theirs), (theirs, ours)):
        for this in these:
            found = any(
                this.label == other.label
                and abs(this.score - other.score) <= score
                and intersection_over_union(this.box, other.box) >= overlap
                for other in others
            )
            assert found or this.score < sure, f"{this} is not among {others}"


def intersection_over_union(one: Box | None, other: Box | None) -> float:
    """Of two boxes (xmin, ymin, xmax, ymax)."""
    assert one is not None
    assert other is not None
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(width, 0.0) * max(height, 0.0)
    return shared / (_area(one) + _area(other) - shared)


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
