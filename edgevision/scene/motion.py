"""The motion gate: which frames of a camera are worth an inference."""

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from edgevision.scene.background import Background
from edgevision.scene.polygon import Polygon

LOOK_EVERY = 10.0
"""Seconds without movement after which a frame passes all the same."""

LINGER = 1.0
"""Seconds for which frames pass after movement that was more than a single frame's."""

COMPARE_EVERY = 0.29
"""Seconds from one comparison to the next while nothing moves: the frames between needn't even be had.

A little less than three frames' time at ten a second, as cameras aren't quite regular.
"""

SETTLE = 1.0
"""Seconds after a change of the whole picture until a second look, and at least between two such looks."""


class MotionGate:
    """Lets a camera's frames pass while something moves in them, and now and then besides.

    When the whole picture changes, as when a light is switched, it gives a look or two and learns anew. Durations are
    in seconds of the `clock` that comes with the frames.
    """

    def __init__(self, masks: Sequence[Polygon], crop: tuple[float, float, float, float]) -> None:
        """Movement in `masks`, in fractions of the whole frame, doesn't count; the pictures show its `crop`."""
        self._masks = tuple(masks)
        self._crop = crop
        self._background: Background | None = None
        self._moved = self._passed = self._changed = self._compared = -math.inf
        self._moving = False
        self._unsettled = True

    def until_due(self, clock: float, patience: float) -> float:
        """Seconds until a frame needs to be compared, 0: this moment's does. One that needn't be doesn't pass."""
        resting = patience > 0 and not (self._moving or self._unsettled) and clock - self._moved >= LINGER
        return max(self._compared + COMPARE_EVERY - clock, 0.0) if resting else 0.0

    def passes(self, grey: NDArray[np.uint8], clock: float, patience: float) -> bool:
        """Whether this frame is worth an inference; `grey` (height, width) is what `crop` selects of it, small.

        After `patience` seconds without one it is, whatever moves, or after LOOK_EVERY if that is less; 0: each is.
        Call it with every frame that is due, for the gate learns from each.
        """
        self._compared = clock
        if self._background is None or self._background.shape != grey.shape:
            self._background = Background(self._counts(*grey.shape), grey, clock)
        else:
            self._background.follow(grey, clock)
        if self._background.changed:
            self._unsettled, self._changed = True, clock
        moving = self._background.moving
        if moving and self._moving:
            self._moved = clock
        self._moving = moving
        wait = min(SETTLE if self._unsettled else LOOK_EVERY, patience)
        if not (moving or clock - self._moved < LINGER or clock - self._passed >= wait):
            return False
        self._passed = clock
        self._unsettled = self._unsettled and clock - self._changed < SETTLE
        return True

    def _counts(self, height: int, width: int) -> NDArray[np.bool_]:
        """Where movement counts: the pixels that no mask comes near."""
        left, top, right, bottom = self._crop
        masked = np.zeros((height, width), np.uint8)
        for mask in self._masks:
            corners = (np.array(mask) - (left, top)) / (right - left, bottom - top) * (width, height) - 0.5
            cv2.fillPoly(masked, [np.round(corners * 16).astype(np.int32)], 1, shift=4)
        # What moves beside the edge reaches a pixel across it, for the pictures are compared blurred.
        return np.equal(cv2.dilate(masked, np.ones((3, 3), np.uint8)), 0)
