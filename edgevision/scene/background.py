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
        self._counts = None if counts.all() else counts.view(np.uint8)
        where = np.flatnonzero(counts)
        self._bins = BrightnessBins(where) if len(where) else None
        self._noise: list[float] | None = None
        self._scattered = 0.0
        self._place: tuple[int, int] | None = None
        self._restless = np.zeros(self.shape, np.float32)
        # Filled anew with each picture.
        self._difference, self._gap, self._correction, self._limit = np.empty((4, *self.shape), np.float32)
        self._level, self._shown, self._moved = np.empty((3, *self.shape), np.uint8)
        self._clock = self._sorted = clock
        self._picture = _blurred(grey)
        self._begin()

    def follow(self, grey: NDArray[np.uint8], clock: float) -> None:
        """Compare the next picture, of the same shape, then learn from it. Sets `changed` and `moving`."""
        self.changed = self.moving = False
        if self._bins is None:
            return
        _blurred(grey, self._picture)
        elapsed, self._clock = max(clock - self._clock, 0.0), clock
        self._seen += 1
        cv2.subtract(self._picture, self._recent, self._difference)
        change, deviation = self._bins.measure(self._difference)
        # Lists: on so few numbers NumPy takes ten times as long.
        noise = [min(one, _NOISIEST) for one in deviation]
        usual = noise if self._noise is None else self._noise
        rising, falling = _part(elapsed, _RISING), _part(elapsed, _FALLING)
        self._noise = [
            old + (rising if new > old else falling) * (new - old) for new, old in zip(noise, usual, strict=True)
        ]
        if _median([new / max(old, _QUIETEST) for new, old in zip(deviation, usual, strict=True)]) > _WHOLE:
            self._begin()
            return
        self.moving = self._compare(change, [*map(max, noise, usual)], elapsed)
        if clock - self._sorted >= _SORT_EVERY:
            self._bins.sort(self._recent)
            self._sorted = clock

    def _begin(self) -> None:
        self.changed = True
        self._recent, self._usual = self._picture.copy(), self._picture.copy()
        self._seen, self._sorted = 1, self._clock
        if self._bins is not None:
            self._bins.sort(self._recent)

    def _compare(self, change: list[float], noise: list[float], elapsed: float) -> bool:
        assert self._bins is not None
        picture, difference, correction, limit = self._picture, self._difference, self._correction, self._limit
        corrections, limits = self._bins.line(change), self._bins.mean([_SIGMAS * one for one in noise])
        limits += _UNSURE * np.abs(corrections)
        np.maximum(limits, _LEAST, out=limits)
        limits[_WHITE:] += _BEYOND
        level = cv2.convertScaleAbs(self._recent, self._level)
        cv2.LUT(level, corrections, correction)
        cv2.LUT(level, limits, limit)
        cv2.max(limit, np.multiply(self._restless, _RESTLESS_TIMES, out=self._gap), limit)
        cv2.absdiff(difference, correction, difference)
        cv2.subtract(picture, self._usual, self._gap)
        cv2.absdiff(self._gap, correction, self._gap)
        # 255 where it is so.
        shown = cv2.compare(self._gap, limit, cv2.CMP_LE, self._shown)
        moved = cv2.subtract(cv2.compare(difference, limit, cv2.CMP_GT, self._moved), shown, self._moved)
        start = 1 / self._seen
        recent = max(start, _part(elapsed, _RECENT))
        cv2.scaleAdd(correction, recent, self._usual, self._usual)  # stays in the exposure of the recent picture
        cv2.accumulateWeighted(picture, self._recent, recent)
        cv2.accumulateWeighted(picture, self._usual, max(start, _part(elapsed, _HIDDEN)))
        cv2.accumulateWeighted(picture, self._usual, _part(elapsed, _USUAL), shown)
        cv2.threshold(difference, _RESTLESS_MOST, 0, cv2.THRESH_TRUNC, difference)
        cv2.accumulateWeighted(difference, self._restless, _part(elapsed, _RESTLESS))
        return self._is_crowd(self._crowds(moved), elapsed)

    def _crowds(self, moved: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
        """Of the pixels that have moved (255), how many are near, at each pixel; None where none has."""
        if self._counts is not None:
            moved *= self._counts
        if not cv2.countNonZero(moved):
            return None
        moved &= 1
        return np.asarray(cv2.boxFilter(moved, cv2.CV_8U, (_WINDOW, _WINDOW), normalize=False), dtype=np.uint8)

    def _is_crowd(self, crowds: NDArray[np.uint8] | None, elapsed: float) -> bool:
        """Whether so many pixels lie together as only a thing has; clears some of `crowds`."""
        most, elsewhere, x, y = 0.0, 0, 0, 0
        if crowds is not None:
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


def _blurred(grey: NDArray[np.uint8], into: Floats | None = None) -> Floats:
    return np.asarray(cv2.boxFilter(grey, cv2.CV_32F, (3, 3), into), dtype=np.float32)


def _part(elapsed: float, constant: float) -> float:
    """How far something that follows with this time constant gets in `elapsed` seconds."""
    return -math.expm1(-elapsed / constant)


def _median(values: list[float]) -> float:
    # That of `statistics` comes with fractions, decimals and random numbers.
    ordered = sorted(values)
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2
