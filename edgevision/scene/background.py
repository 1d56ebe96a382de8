"""What a camera usually shows, learnt as it goes, and what moves before it."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from edgevision.scene.brightness import BrightnessBins

_RECENT, _USUAL, _HIDDEN = 1.5, 5.0, 60.0
"""Time constants in seconds: of the recent picture, and of the background where it shows and where it is hidden."""

_RISING, _FALLING, _RESTLESS = 3.0, 1.0, 15.0
"""Time constants in seconds: of the noise, and of restlessness."""

_SIGMAS = 4.0

_LEAST = 3.0
"""Grey levels. Less may be rounding and compression, however quiet the picture is."""

_RESTLESS_MOST, _RESTLESS_TIMES = 7.0, 3.2
"""A thing that differs by more than their product, in grey levels, is seen before swaying leaves, too."""

_UNSURE = 0.15
"""The part of a correction for exposure that may be wrong at a pixel."""

_WHITE, _BEYOND = 230, 6.0
"""From this grey level on much may be brighter than white; nobody knows what to correct: so much more is allowed."""

_WHOLE = 3.0
"""More than this many times the usual noise in half of the pixels is no thing, but the light or the camera."""

_QUIETEST, _NOISIEST = 1.0, 8.0
"""Grey levels. Quieter pictures change as easily as these; what is noisier isn't the sensor's doing."""

_WINDOW, _CROWD, _SOLID = 7, 10, 45
"""Movement is this many pixels in a square of that side; so many of its 49 are surely a thing."""

_SCATTERED, _SCATTERED_TIMES, _SCATTERED_MOST = 3.0, 1.5, 30
"""Where more than this many pixels usually seem to move elsewhere too, as in rain, a thing must have so many times as
many, and be there in two frames. No more than that is taken for usual."""

_REACH = 16
"""Pixels. What is further away is elsewhere."""

_SORT_EVERY = 2.0

Floats = NDArray[np.float32]


class Background:
    """Pictures of one size, slightly blurred, against the recent one and against the usual one.

    What moves differs from both: where a thing has left, the usual picture is back; where one has stayed for some
    seconds, it is part of the recent one. Noise is measured, by brightness; the exposure is followed.

    `changed`: this is the first picture, or the whole picture is another than before, and learning begins anew.
    `moving`: something moves in it, where movement counts.
    """

    def __init__(self, counts: NDArray[np.bool_], grey: NDArray[np.uint8], clock: float) -> None:
        """`grey` of shape (height, width), dtype uint8; of the same shape, `counts` says where movement counts."""
        self.shape = grey.shape
        self.moving = False
        self._counts = None if counts.all() else counts
        where = np.flatnonzero(counts)
        self._bins = BrightnessBins(where) if len(where) else None
        self._noise: Floats | None = None
        self._scattered = 0.0
        self._place: tuple[int, int] | None = None
        self._restless = np.zeros(self.shape, np.float32)
        self._clock = self._sorted = clock
        self._begin(_blurred(grey))

    def follow(self, grey: NDArray[np.uint8], clock: float) -> None:
        """Compare the next picture, of the same shape, then learn from it. Sets `changed` and `moving`."""
        self.changed = self.moving = False
        if self._bins is None:
            return
        picture = _blurred(grey)
        elapsed, self._clock = max(clock - self._clock, 0.0), clock
        self._seen += 1
        difference = picture - self._recent
        change, deviation = self._bins.measure(difference)
        noise = np.minimum(deviation, _NOISIEST)
        usual = noise if self._noise is None else self._noise
        follow = np.where(noise > usual, _part(elapsed, _RISING), _part(elapsed, _FALLING))
        self._noise = np.asarray(usual + follow * (noise - usual), dtype=np.float32)
        if np.median(deviation / np.maximum(usual, _QUIETEST)) > _WHOLE:
            self._begin(picture)
            return
        self.moving = self._compare(picture, difference, change, np.maximum(noise, usual), elapsed)
        if clock - self._sorted >= _SORT_EVERY:
            self._bins.sort(self._recent)
            self._sorted = clock

    def _begin(self, picture: Floats) -> None:
        self.changed = True
        self._recent, self._usual = picture, picture.copy()
        self._seen, self._sorted = 1, self._clock
        if self._bins is not None:
            self._bins.sort(picture)

    def _compare(self, picture: Floats, difference: Floats, change: Floats, noise: Floats, elapsed: float) -> bool:
        assert self._bins is not None
        level = cv2.convertScaleAbs(self._recent)
        corrections = self._bins.line(change)
        limits = np.maximum(_SIGMAS * self._bins.mean(noise) + _UNSURE * np.abs(corrections), _LEAST)
        limits[_WHITE:] += _BEYOND
        correction = cv2.LUT(level, corrections)
        limit = np.maximum(cv2.LUT(level, limits), _RESTLESS_TIMES * self._restless)
        difference = np.abs(difference - correction)
        hidden = np.abs(picture - self._usual - correction) > limit
        moved = (difference > limit) & hidden
        if self._counts is not None:
            moved &= self._counts
        crowds = cv2.boxFilter(moved.view(np.uint8), cv2.CV_8U, (_WINDOW, _WINDOW), normalize=False)
        start = 1 / self._seen
        recent = max(start, _part(elapsed, _RECENT))
        self._usual += recent * correction  # stays in the exposure of the recent picture
        cv2.accumulateWeighted(picture, self._recent, recent)
        cv2.accumulateWeighted(picture, self._usual, max(start, _part(elapsed, _HIDDEN)))
        cv2.accumulateWeighted(picture, self._usual, _part(elapsed, _USUAL), (~hidden).view(np.uint8))
        cv2.accumulateWeighted(np.minimum(difference, _RESTLESS_MOST), self._restless, _part(elapsed, _RESTLESS))
        return self._is_crowd(crowds, elapsed)

    def _is_crowd(self, crowds: NDArray[np.uint8], elapsed: float) -> bool:
        """Whether so many pixels lie together as only a thing has; clears some of `crowds`."""
        _, most, _, (x, y) = cv2.minMaxLoc(crowds)
        crowds[max(y - _REACH, 0) : y + _REACH + 1, max(x - _REACH, 0) : x + _REACH + 1] = 0
        elsewhere = min(int(crowds.max()), _SCATTERED_MOST)
        usual = self._scattered
        self._scattered += _part(elapsed, _RESTLESS) * (elsewhere - usual)
        before, self._place = self._place, None
        if most < max(_CROWD, _SCATTERED_TIMES * usual):
            return False
        self._place = x, y
        return (
            usual < _SCATTERED
            or most >= _SOLID
            or (before is not None and max(abs(x - before[0]), abs(y - before[1])) <= _REACH)
        )


def _blurred(grey: NDArray[np.uint8]) -> Floats:
    return np.asarray(cv2.boxFilter(grey, cv2.CV_32F, (3, 3)), dtype=np.float32)


def _part(elapsed: float, constant: float) -> float:
    """How far something that follows with this time constant gets in `elapsed` seconds."""
    return -math.expm1(-elapsed / constant)
