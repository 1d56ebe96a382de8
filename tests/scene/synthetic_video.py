"""Grey pictures of a scene as a camera gives them, with known truth: what a motion gate is tried on."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from edgevision.scene.polygon import Polygon

Floats = NDArray[np.float32]
Grey = NDArray[np.uint8]

Effect = Callable[[Floats, float], Floats]
"""What happens to the picture (height, width), 0..255, at a time in seconds; given a copy, may change it in place."""

SIZE = (160, 90)


def plain(width: int = SIZE[0], height: int = SIZE[1], darkest: float = 30, brightest: float = 200) -> Floats:
    """A yard that nobody took a picture of: a gradient, a bright wall, a dark door, and some texture."""
    across, down = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    picture = 0.6 * down + 0.1 * np.sin(across * 40) * np.sin(down * 31)
    picture[height // 6 : height // 2, width // 2 : width * 3 // 4] = 1
    picture[height // 4 : height // 2, width // 8 : width // 4] = 0
    low, high = picture.min(), picture.max()
    return np.asarray(darkest + (picture - low) / (high - low) * (brightest - darkest), dtype=np.float32)


def of_photo(photo: NDArray[np.uint8], size: tuple[int, int] = SIZE) -> Floats:
    """A photo (height, width, 3), BGR, as a background of that (width, height)."""
    small = cv2.resize(photo, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Video:
    """Frames of one camera that doesn't move.

    `noise` is the standard deviation in grey levels at middle brightness; it grows with the root of the brightness.
    """

    background: Floats
    effects: Sequence[Effect] = ()
    fps: float = 10
    noise: float = 2.0
    seed: int = 1
    start: float = field(default=1000.0)

    def frames(self, count: int) -> Iterator[tuple[Grey, float]]:
        """Pictures (height, width) and the clock in seconds, from `start`; effects count from 0."""
        random = np.random.default_rng(self.seed)
        for number in range(count):
            picture = self.background.copy()
            for effect in self.effects:
                picture = effect(picture, number / self.fps)
            np.clip(picture, 0, 255, out=picture)
            grain = random.standard_normal(picture.shape, np.float32)
            picture += grain * np.sqrt((picture + 8) / 128) * np.float32(self.noise)
            yield np.clip(np.rint(picture), 0, 255).astype(np.uint8), self.start + number / self.fps


def thing(
    begin: tuple[float, float],
    speed: tuple[float, float],
    size: tuple[float, float] = (0.03, 0.12),
    contrast: float = 20,
    during: tuple[float, float] = (0, np.inf),
) -> Effect:
    """A box that is so much darker or brighter; place of its corner, speed a second and size in fractions (x, y)."""

    def draw(picture: Floats, time: float) -> Floats:
        if during[0] <= time < during[1]:
            height, width = picture.shape
            x, y = (p + v * (time - during[0]) for p, v in zip(begin, speed, strict=True))
            corners = np.array([(x, y), (x + size[0], y), (x + size[0], y + size[1]), (x, y + size[1])])
            cover = np.zeros(picture.shape, np.uint8)
            points = np.rint((corners * (width, height) - 0.5) * 256).astype(np.int32)
            cv2.fillPoly(cover, [points], 255, cv2.LINE_AA, shift=8)
            picture += cover * np.float32(contrast / 255)
        return picture

    return draw


def sprite(
    patch: NDArray[np.floating | np.integer],
    begin: tuple[float, float],
    speed: tuple[float, float],
    during: tuple[float, float] = (0, np.inf),
) -> Effect:
    """Part of another picture, moved over this one: place of its middle and speed a second in fractions (x, y)."""

    def draw(picture: Floats, time: float) -> Floats:
        if during[0] <= time < during[1]:
            height, width = picture.shape
            x, y = (p + v * (time - during[0]) for p, v in zip(begin, speed, strict=True))
            shift = np.array([[1, 0, x * width - patch.shape[1] / 2], [0, 1, y * height - patch.shape[0] / 2]])
            moved = cv2.warpAffine(patch, shift, (width, height), borderValue=(-1.0,))
            picture = np.where(moved >= 0, np.asarray(moved, dtype=np.float32), picture)
        return picture

    return draw


def slow_light(depth: float = 0.3, period: float = 120) -> Effect:
    """Clouds before the sun: everything darker by up to that part, and back."""
    return lambda picture, time: picture * np.float32(1 - depth * (1 - np.cos(2 * np.pi * time / period)) / 2)


def cloud_shadow(depth: float = 0.2, period: float = 200) -> Effect:
    """A soft shadow that takes its time to cross the picture."""

    def draw(picture: Floats, time: float) -> Floats:
        across = np.linspace(0, 1, picture.shape[1]) - (time % period) / period * 3 + 1
        return np.asarray(picture * (1 - depth * np.exp(-((across / 0.4) ** 2))), dtype=np.float32)

    return draw


def hunting(seed: int = 3, step: float = 0.03, every: float = 0.2) -> Effect:
    """Automatic exposure that finds no rest: another gain, and with it a little gamma, every so often."""
    gains = 1 + np.random.default_rng(seed).uniform(-step, step, 100_000)

    def draw(picture: Floats, time: float) -> Floats:
        gain = gains[int(time / every)]
        return np.asarray(255 * (picture / 255) ** (1 - (gain - 1) / 2) * gain, dtype=np.float32)

    return draw


def switched(at: float, gain: float = 0.35, lamp: tuple[float, float] = (0.7, 0.3), until: float = np.inf) -> Effect:
    """From `at` on the light is another: darker or brighter, falling off from a lamp at (x, y), casting shadows."""

    def draw(picture: Floats, time: float) -> Floats:
        if not at <= time < until:
            return picture
        height, width = picture.shape
        across, down = np.meshgrid(np.linspace(0, 1, width) - lamp[0], np.linspace(0, 1, height) - lamp[1])
        light = gain * (0.6 + 1.2 * np.exp(-(across**2 + down**2) / 0.15))
        light[:, width // 3 : width // 2] *= 0.7
        return np.asarray(picture * light, dtype=np.float32)

    return draw


def infrared(at: float, photo_in_red: Floats) -> Effect:
    """From `at` on the camera's filter is out and only the red channel, brightened, makes the picture."""
    return lambda picture, time: photo_in_red * np.float32(0.8) + 40 if time >= at else picture


def mains_flicker(depth: float = 0.06, bands: float = 2.0, drift: float = 0.37) -> Effect:
    """Bands that a rolling shutter makes of 50 Hz light."""

    def draw(picture: Floats, time: float) -> Floats:
        rows = np.linspace(0, bands, picture.shape[0])[:, np.newaxis]
        return np.asarray(picture * (1 + depth * np.sin(2 * np.pi * (rows + drift * time * 10))), dtype=np.float32)

    return draw


def rain(drops: int = 15, brightness: float = 30, seed: int = 5) -> Effect:
    """Specks, one pixel wide and up to three tall, each frame elsewhere."""
    random = np.random.default_rng(seed)

    def draw(picture: Floats, time: float) -> Floats:
        height, width = picture.shape
        for x, y, tall in random.integers(0, (width, height - 3, 4), (drops, 3)):
            picture[y : y + tall, x] += brightness
        return picture

    return draw


def swaying(polygon: Polygon, amplitude: float = 5.0, seed: int = 6) -> Effect:
    """Leaves: inside the polygon patches go up and down, each at its own pace, by this many grey levels."""
    random = np.random.default_rng(seed)
    grid = random.uniform(0, 2 * np.pi, (18, 32)), random.uniform(0.3, 1.2, (18, 32))

    def draw(picture: Floats, time: float) -> Floats:
        height, width = picture.shape
        waves = np.sin(grid[0] + 2 * np.pi * grid[1] * time).astype(np.float32)
        waves = np.asarray(cv2.resize(waves, (width, height), interpolation=cv2.INTER_CUBIC), dtype=np.float32)
        where = np.zeros(picture.shape, np.float32)
        cv2.fillPoly(where, [np.rint(np.array(polygon) * (width, height)).astype(np.int32)], 1.0)
        return picture + waves * where * np.float32(amplitude)

    return draw


def compressed(quality: int = 80, every: int = 20, fps: float = 10) -> Effect:
    """Blocks of compression that differ a little with each key frame: the picture is coded anew, a pixel aside."""

    def draw(picture: Floats, time: float) -> Floats:
        aside = int(time * fps / every) % 8
        shifted = np.roll(np.clip(picture, 0, 255).astype(np.uint8), aside, (0, 1))
        done, coded = cv2.imencode(".jpg", shifted, [cv2.IMWRITE_JPEG_QUALITY, quality])
        assert done
        decoded = np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), dtype=np.float32)
        return np.roll(decoded, -aside, (0, 1))

    return draw
