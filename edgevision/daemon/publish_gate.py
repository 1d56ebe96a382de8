"""Which frames' detections are sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from edgevision.scene.seen import Seen

if TYPE_CHECKING:
    from edgevision.config.schema import PublishMode


class PublishGate:
    """`nonempty`, `all`, `changes` (other labels, or another number of one, than in the last one sent), `off`."""

    def __init__(self) -> None:
        self._last: Sequence[Seen] = ()

    def passes(self, mode: PublishMode, seen: Sequence[Seen]) -> bool:
        """Whether this frame's detections are to be sent."""
        if mode == "changes":
            return _labels(seen) != _labels(self._last)
        return mode == "all" or (mode == "nonempty" and bool(seen))

    def sent(self, seen: Sequence[Seen]) -> None:
        """They are on their way: what comes next is compared with them. A change that was dropped is still news."""
        self._last = seen


def _labels(seen: Sequence[Seen]) -> Counter[str]:
    return Counter(one.detection.label for one in seen)
