"""Which frames' detections are sent."""

from collections import Counter
from collections.abc import Sequence

from edgevision.config.schema import PublishMode
from edgevision.inference.detection import Detection


class PublishGate:
    """`nonempty`, `all`, `changes` (other labels, or another number of one, than in the last one sent), `off`."""

    def __init__(self, mode: PublishMode) -> None:
        self._mode = mode
        self._last: Counter[str] = Counter()

    def passes(self, detections: Sequence[Detection]) -> bool:
        """Whether this frame's detections are to be sent."""
        if self._mode == "changes":
            return _labels(detections) != self._last
        return self._mode == "all" or (self._mode == "nonempty" and bool(detections))

    def sent(self, detections: Sequence[Detection]) -> None:
        """They are on their way: what comes next is compared with them. A change that was dropped is still news."""
        self._last = _labels(detections)


def _labels(detections: Sequence[Detection]) -> Counter[str]:
    return Counter(detection.label for detection in detections)
