"""How many pixels the small picture has that a camera gives beside its main one (picamera2's lores stream).

It shows the same view as the main one, whatever its shape: where the hardware gives just the pixels that a model takes,
nothing is left to be resized.
"""

from math import ceil, log2

from edgevision.capture.small_grey import ENOUGH, LONGER_SIDE, small_size
from edgevision.capture.transform import WHOLE, Region, even_span, margin
from edgevision.record import record

_LEAST_SCALE = 1 / 8
"""Of the main stream's sides. More is asked of no camera's scaler."""


@record
class View:
    """What a model sees: `width` x `height` pixels, made of `crop` of the camera's picture turned by `degrees`.

    Of that only the middle counts, `share` of each side. With `letterbox` its shape is kept, and fewer pixels do.
    """

    width: int
    height: int
    share: float = 1.0
    crop: Region = WHOLE
    degrees: int = 0
    letterbox: bool = False


def lores_size(main: tuple[int, int], view: View) -> tuple[int, int] | None:
    """(width, height), both even, of the lores that serves `view` best beside a `main` of this size; None: none does.

    What the model sees of it has exactly the model's pixels, or twice as many on each side where those would be too few
    for the camera's scaler or the motion gate, or odd; they are then hardly ever square. Where that can't be, as for a
    model that takes more than `main` has, it has the shape of `main` (`_limit`).
    """
    size = _exact(main, view) or _shaped(main, _limit(main, view))
    return None if size[0] >= main[0] and size[1] >= main[1] else size


def _exact(main: tuple[int, int], view: View) -> tuple[int, int] | None:
    across, down = _turned(main, view)
    left, top, right, bottom = view.crop
    seen = (right - left) * across, (bottom - top) * down
    width, height = view.width, view.height
    if view.letterbox:
        scale = min(width / seen[0], height / seen[1])
        width, height = (2 * round(side * scale / 2) for side in seen)
        if max(width - view.width, height - view.height) != 0:
            return None  # the side that fills the model's input is odd
    # Movement is looked for on so many pixels of the main picture, or somewhat less.
    enough = seen[0] * seen[1] * (ENOUGH * min(LONGER_SIDE / max(seen), 1)) ** 2
    for times in (1, 2):
        columns = _side(times * width, left, right, view.share, across)
        rows = _side(times * height, top, bottom, view.share, down)
        if columns is None or rows is None:
            continue
        x, y = small_size(round((right - left) * columns), round((bottom - top) * rows))
        if x * y >= enough:
            return _turned((columns, rows), view)
    return None


def _side(wanted: int, low: float, high: float, share: float, most: int) -> int | None:
    """The side of a picture of which the model sees just `wanted` pixels between `low` and `high`; None if none has."""

    def seen(side: int) -> int:
        first, last = even_span(low, high, side)
        return last - first - 2 * margin(last - first, share, 2)

    exact = wanted / share / (high - low)
    least = 2 * ceil(most * _LEAST_SCALE / 2)
    sides = (side for side in range(least, most + 1, 2) if seen(side) == wanted)
    return min(sides, key=lambda side: abs(side - exact), default=None)


def _limit(main: tuple[int, int], view: View) -> int:
    """Pixels on the longer side of the smallest lores of the shape of `main` (width, height) that serves `view` well.

    It has all of `view`, and at least what movement is looked for on (`small_grey`); that alone where the model needs
    more than `main` has. Of the whole picture it has 160, 320, 640 pixels and so on: halving is many times faster than
    other scaling, and done for every frame. The main stream's own longer side where nothing smaller will do.
    """
    # Each edge of a crop moves by up to a pixel (`model_view`).
    lost = 0 if view.crop == WHOLE else 2
    across, down = _turned(main, view)
    left, top, right, bottom = view.crop
    sides = (right - left) * across, (bottom - top) * down
    scales = [
        (_even(pixels / view.share) + lost) / side
        for pixels, side in zip((view.width, view.height), sides, strict=True)
    ]
    model = min(scales) if view.letterbox else max(scales)
    least = max((LONGER_SIDE + lost) / max(sides), _LEAST_SCALE)
    scale = min(max(model, least) if model < 1 else least, 1)
    longest = max(main)
    limit = min(_even(scale * longest), longest)
    doubled = LONGER_SIDE * 2 ** ceil(log2(limit / LONGER_SIDE))
    return doubled if view.crop == WHOLE and limit <= doubled < longest else limit


def _shaped(main: tuple[int, int], limit: int) -> tuple[int, int]:
    """The shape of `main` with `limit` pixels on its longer side."""
    longest = max(main)
    width, height = (max(2, 2 * round(side * limit / longest / 2)) for side in main)
    return width, height


def _turned(size: tuple[int, int], view: View) -> tuple[int, int]:
    return size if view.degrees % 180 == 0 else size[::-1]


def _even(pixels: float) -> int:
    return 2 * ceil(pixels / 2)
