"""The anchors of SSD detectors, as the TensorFlow Object Detection API generates them.

Sources: object_detection/anchor_generators/multiple_grid_anchor_generator.py (create_ssd_anchors) and
multiscale_grid_anchor_generator.py.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from edgevision.record import record

if TYPE_CHECKING:
    from edgevision.inference.ssd_parameters import MultiscaleAnchorGenerator, SsdAnchorGenerator, SsdParameters

FIRST_STRIDE = 16
"""Input pixels a cell of MobileNet's first feature map that SSD uses."""

REDUCED = ((0.1, 1.0), (None, 2.0), (None, 0.5))
"""Scale (None: the layer's own) and aspect ratio of the lowest layer's boxes when they are reduced."""


@record
class _Grid:
    """A feature map of `rows` x `columns`; cells and boxes in fractions of the picture, or in pixels."""

    rows: int
    columns: int
    stride: tuple[float, float]
    offset: tuple[float, float]
    boxes: Sequence[tuple[float, float]]
    """Height and width of each anchor of a cell."""


def generate_anchors(parameters: SsdParameters, height: int, width: int) -> NDArray[np.float64]:
    """Anchors [n, 4] as ycenter, xcenter, height, width in fractions of an input of `height` x `width` pixels."""
    if parameters.multiscale_anchor_generator is not None:
        anchors = _tiled(_pyramid(parameters.multiscale_anchor_generator, height, width))
        anchors /= (height, width, height, width)
        return anchors
    return _tiled(_ssd(parameters.ssd_anchor_generator, height, width))


def _ssd(generator: SsdAnchorGenerator, height: int, width: int) -> Iterable[_Grid]:
    layers = generator.num_layers
    step = (generator.max_scale - generator.min_scale) / max(layers - 1, 1)
    scales = [*(generator.scales or (generator.min_scale + step * layer for layer in range(layers))), 1.0]
    # Anchors are square in pixels whatever the shape of the input.
    shorter = min(height, width)
    base_height = generator.base_anchor_height * shorter / height
    base_width = generator.base_anchor_width * shorter / width
    for layer in range(layers):
        scale = scales[layer]
        if layer == 0 and generator.reduce_boxes_in_lowest_layer:
            forms = [(scale if own is None else own, ratio) for own, ratio in REDUCED]
        else:
            forms = [(scale, ratio) for ratio in generator.aspect_ratios]
            if generator.interpolated_scale_aspect_ratio > 0:
                forms.append((math.sqrt(scale * scales[layer + 1]), generator.interpolated_scale_aspect_ratio))
        rows, columns = (math.ceil(side / (FIRST_STRIDE << layer)) for side in (height, width))
        boxes = [(form / math.sqrt(ratio) * base_height, form * math.sqrt(ratio) * base_width) for form, ratio in forms]
        yield _Grid(rows, columns, (1 / rows, 1 / columns), (0.5 / rows, 0.5 / columns), boxes)


def _pyramid(generator: MultiscaleAnchorGenerator, height: int, width: int) -> Iterable[_Grid]:
    octave = [2 ** (part / generator.scales_per_octave) for part in range(generator.scales_per_octave)]
    for level in range(generator.min_level, generator.max_level + 1):
        stride = float(1 << level)
        base = stride * generator.anchor_scale
        boxes = [
            (scale / math.sqrt(ratio) * base, scale * math.sqrt(ratio) * base)
            for ratio in generator.aspect_ratios
            for scale in octave
        ]
        # Where the stride doesn't divide the picture, the centres begin at its edge.
        offset_y, offset_x = (0.0 if side % stride else stride / 2 for side in (height, width))
        rows, columns = (math.ceil(side / stride) for side in (height, width))
        yield _Grid(rows, columns, (stride, stride), (offset_y, offset_x), boxes)


def _tiled(grids: Iterable[_Grid]) -> NDArray[np.float64]:
    """Row by row, cell by cell, box by box."""
    parts = []
    for grid in grids:
        anchors = np.empty((grid.rows, grid.columns, len(grid.boxes), 4))
        anchors[..., 0] = (np.arange(grid.rows) * grid.stride[0] + grid.offset[0])[:, np.newaxis, np.newaxis]
        anchors[..., 1] = (np.arange(grid.columns) * grid.stride[1] + grid.offset[1])[:, np.newaxis]
        anchors[..., 2:] = grid.boxes
        parts.append(anchors.reshape(-1, 4))
    return np.concatenate(parts) if parts else np.empty((0, 4))
