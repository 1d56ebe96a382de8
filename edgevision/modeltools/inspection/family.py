"""Which MobileNet a network is, told from the channels of its depthwise convolutions."""

from collections.abc import Callable, Iterator, Sequence

from edgevision.modeltools.inspection.cost import Layer
from edgevision.record import record

USUAL_WIDTHS = (1.0, 0.75, 0.5, 0.25, 0.35, 1.3, 1.4, 1.25)
OTHER_WIDTHS = tuple(percent / 100 for percent in range(5, 205, 5))

CLASSIFIER_SIDE, SSD_SIDE = 224, 300
"""The input of a network with resolution multiplier 1."""

Stage = tuple[int, int]
"""Channels and kernel of one depthwise convolution."""


@record
class Family:
    """`width` and `resolution` are the multipliers alpha and rho of the MobileNets paper (Howard et al. 2017)."""

    name: str
    width: float
    resolution: float | None


def _scaled(channels: float, width: float) -> int:
    """Channels times width as V2 and V3 round them: to the nearest 8, but no more than a tenth down (TF-Slim)."""
    wanted = channels * width
    rounded = max(8, int(wanted + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * wanted else rounded


def _expanded(blocks: Sequence[tuple[int, float, int]], width: float) -> list[Stage]:
    """Blocks of (channels in, expansion, kernel): the depthwise convolution works on the expanded channels."""
    return [
        (_scaled(channels, width) if factor == 1 else _scaled(_scaled(channels, width) * factor, 1), kernel)
        for channels, factor, kernel in blocks
    ]


def _v1(width: float) -> list[Stage]:
    channels = (32, 64, 128, 128, 256, 256, *(512,) * 6, 1024)
    return [(max(int(count * width), 8), 3) for count in channels]


V2 = (
    *((32, 1, 3), (16, 6, 3)),
    *((24, 6, 3),) * 2,
    *((32, 6, 3),) * 3,
    *((64, 6, 3),) * 4,
    *((96, 6, 3),) * 3,
    *((160, 6, 3),) * 3,
)
V3_LARGE = (
    *((16, 1, 3), (16, 4, 3), (24, 3, 3), (24, 3, 5), (40, 3, 5), (40, 3, 5), (40, 6, 3), (80, 2.5, 3)),
    *((80, 2.3, 3), (80, 2.3, 3), (80, 6, 3), (112, 6, 3), (112, 6, 5), (160, 6, 5), (160, 6, 5)),
)
V3_SMALL = (
    *((16, 1, 3), (16, 4.5, 3), (24, 88 / 24, 3), (24, 4, 5), (40, 6, 5), (40, 6, 5), (40, 3, 5)),
    *((48, 3, 5), (48, 6, 5), (96, 6, 5), (96, 6, 5)),
)
EDGE_TPU = (
    *((48, 8, 3), (96, 4, 3), (96, 4, 3), (96, 4, 3), (96, 8, 3), (96, 4, 3), (96, 4, 3), (96, 4, 3)),
    *((96, 8, 5), (160, 4, 5), (160, 4, 5), (160, 4, 5), (160, 8, 3)),
)
"""Channels in, expansion and kernel of the blocks (tables 2 of the V2 paper, 1 and 2 of the V3 paper, TF-Slim)."""

FAMILIES: dict[str, Callable[[float], list[Stage]]] = {
    "MobileNet V1": _v1,
    "MobileNet V2": lambda width: _expanded(V2, width),
    "MobileNet V3 large": lambda width: _expanded(V3_LARGE, width),
    "MobileNet V3 small": lambda width: _expanded(V3_SMALL, width),
    "MobileNet V3 large minimalistic": lambda width: _plain(_expanded(V3_LARGE, width)),
    "MobileNet V3 small minimalistic": lambda width: _plain(_expanded(V3_SMALL, width)),
    "MobileNet EdgeTPU": lambda width: _expanded(EDGE_TPU, width),
}


def _plain(stages: Sequence[Stage]) -> list[Stage]:
    return [(channels, 3) for channels, _ in stages]


def family_of(layers: Sequence[Layer], *, detects: bool, side: int | None) -> Family | None:
    """Which MobileNet these layers are; None for another network, and where an Edge TPU compiler has hidden them.

    `side` is the input's smaller one in pixels, None when the input is no picture.
    """
    stages = [(layer.shape[-1], (layer.kernel or (0, 0))[0]) for layer in layers if layer.kind == "depthwise"]
    for name, width in _candidates():
        expected = FAMILIES[name](width)
        # A detector's heads have depthwise convolutions of their own, which may stand anywhere behind their inputs.
        if _in_order(expected, stages):
            more = len(stages) > len(expected)
            head = ("SSDLite " if more else "SSD ") if detects else ""
            whole = SSD_SIDE if detects else CLASSIFIER_SIDE
            return Family(head + name, width, round(side / whole, 3) if side else None)
    return None


def _candidates() -> Iterator[tuple[str, float]]:
    for widths in (USUAL_WIDTHS, OTHER_WIDTHS):
        for name in FAMILIES:
            for width in widths:
                yield name, width


def _in_order(expected: Sequence[Stage], found: Sequence[Stage]) -> bool:
    """Whether `expected` is in `found`, in that order, with anything between."""
    rest = iter(found)
    return all(stage in rest for stage in expected)
