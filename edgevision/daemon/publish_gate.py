"""Which frames' detections are sent."""

from collections import Counter
from collections.abc import Sequence
from typing import Literal

from edgevision.inference.detection import Detection

PublishMode = Literal["nonempty", "all", "changes", "off"]


class PublishGate:
    """`nonempty`, `all`, `changes` (other labels, or another number of one, than in the frame before), `off`."""

    def __init__(self, mode: PublishMode) -> None:
        self._mode = mode
        self._last: Counter[str] = Counter()

    def passes(self, detections: Sequence[Detection]) -> bool:
        """Whether this frame's detections are to be sent."""
        if self._mode != "changes":
            return self._mode == "all" or (self._mode == "nonempty" and bool(detections))
        labels = Counter(detection.label for detection in detections)
        changed = labels != self._last
        self._last = labels
        return changed
