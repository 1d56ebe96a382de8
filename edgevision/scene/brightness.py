"""How a picture differs from an earlier one as a whole: exposure and noise, each by brightness."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

SAMPLES = 1280
"""Pixels looked at. The median of 160 of them is sure to a tenth of the noise."""

BINS = 8

_STRIDE = 7919
"""A prime, so that the samples, and those of one bin where all is equally bright, lie all over the picture."""

_WIDTH, _LEVEL = 16.0, 4.0
"""Grey levels over which neighbouring bins share what they know, and below which they are equally bright."""


class BrightnessBins:
    """Sample pixels in groups of equal size, from the darkest to the brightest.

    A curve over brightness and no single factor, for cameras have gamma, knees and a white beyond which nothing shows.
    Medians, so that a thing that covers less than half of a group's pixels doesn't count.
    """

    def __init__(self, where: NDArray[np.intp]) -> None:
        """`where`: the flat indices of the pixels that count, at least one."""
        bins = BINS if len(where) >= 8 * BINS else 1
        samples = min(SAMPLES, len(where)) // bins * bins
        self._samples = where[np.arange(samples) * _STRIDE % len(where)]
        self._groups = self._samples.reshape(bins, -1)
        self._means = self._lines = np.full((256, bins), 1 / bins, np.float32)

    def sort(self, picture: Floats) -> None:
        """Group the samples anew by their brightness in `picture`."""
        values = picture.ravel()[self._samples]
        order = np.argsort(values, kind="stable")
        self._groups = self._samples[order].reshape(self._groups.shape)
        values = values[order].reshape(self._groups.shape)
        count = values.shape[1]
        levels = (values[:, (count - 1) // 2] + values[:, count // 2]) / 2  # the medians
        apart = np.asarray(levels - np.arange(256)[:, np.newaxis], dtype=np.float32)
        near = 1 / (1 + (apart / _WIDTH) ** 2) ** 2
        self._means = near / near.sum(axis=1, keepdims=True)
        # Local linear regression: https://en.wikipedia.org/wiki/Local_regression. Without much difference in
        # brightness there is no slope to be found.
        first = (near * apart).sum(axis=1, keepdims=True)
        second = (near * (apart**2 + _LEVEL**2)).sum(axis=1, keepdims=True)
        lines = near * (second - first * apart)
        self._lines = lines / lines.sum(axis=1, keepdims=True)

    def measure(self, difference: Floats) -> tuple[list[float], list[float]]:
        """Median, and standard deviation as the median tells it, of `difference` in each group."""
        found = difference.ravel()[self._groups]
        middle = found.shape[1] // 2
        found.sort(axis=1)
        medians = found[:, middle].tolist()
        np.abs(np.subtract(found, found[:, middle : middle + 1].copy(), out=found), out=found)
        found.sort(axis=1)
        # Of a normal distribution. Lists: NumPy takes ten times as long over so few numbers.
        return medians, [1.4826 * deviation for deviation in found[:, middle].tolist()]

    def mean(self, values: list[float]) -> Floats:
        """One value for each of the 256 levels of brightness, the mean of those of the groups that are near."""
        curve: Floats = self._means.dot(np.array(values, np.float32))  # half as long as `@`
        return curve

    def line(self, values: list[float]) -> Floats:
        """The same by a line through the groups that are near, which goes on beyond the darkest and the brightest."""
        curve: Floats = self._lines.dot(np.array(values, np.float32))  # half as long as `@`
        return curve
