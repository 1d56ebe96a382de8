"""How many pixels the small picture needs that a camera gives beside its main one (picamera2's lores stream)."""

from dataclasses import dataclass
from math import ceil, log2

from edgevision.capture.small_grey import LONGER_SIDE
from edgevision.capture.transform import WHOLE, Region

_LEAST_SCALE = 1 / 8
"""Of the main stream's sides. More is asked of no camera's scaler."""


@dataclass(frozen=True, slots=True)
class View:
    """What a model sees: `width` x `height` pixels, made of `crop` of the camera's picture turned by `degrees`.

    Of that only the middle counts, `share` of each side.
    """

    width: int
    height: int
    share: float = 1.0
    crop: Region = WHOLE
    degrees: int = 0


def lores_limit(main: tuple[int, int], view: View) -> int:
    """Pixels on the longer side of the smallest lores of the shape of `main` (width, height) that serves `view` well.

    It has all of `view`, and at least what movement is looked for on (`small_grey`); that alone where the model needs
    more than `main` has. Of the whole picture it has 160, 320, 640 pixels and so on: halving is many times faster than
    other scaling, and done for every frame. The main stream's own longer side where nothing smaller will do.
    """
    # Each edge of a crop moves by up to a pixel (`model_view`).
    lost = 0 if view.crop == WHOLE else 2
    across, down = main if view.degrees % 180 == 0 else main[::-1]
    left, top, right, bottom = view.crop
    sides = (right - left) * across, (bottom - top) * down
    model = max(
        (_even(pixels / view.share) + lost) / side
        for pixels, side in zip((view.width, view.height), sides, strict=True)
    )
    least = max((LONGER_SIDE + lost) / max(sides), _LEAST_SCALE)
    scale = min(max(model, least) if model < 1 else least, 1)
    longest = max(main)
    limit = min(_even(scale * longest), longest)
    doubled = LONGER_SIDE * 2 ** ceil(log2(limit / LONGER_SIDE))
    return doubled if view.crop == WHOLE and limit <= doubled < longest else limit


def _even(pixels: float) -> int:
    return 2 * ceil(pixels / 2)
