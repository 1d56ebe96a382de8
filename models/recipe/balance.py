"""Balance the channels of the linear bottlenecks, so that one int8 scale fits them all.

MobileNet V2's bottleneck tensors have no activation function. In this network some of their channels
range to 90 while the median channel stays below 20: with one scale a tensor the small ones would
drown. Dividing channel c by s_c where it is written and multiplying by s_c where it is read changes
nothing in float, and makes the channels alike:

    s_c = (range_c / geometric mean of the ranges) ** 0.5

The exponent leaves half of the imbalance with the weights that read the channel, whose scale is per
*output* channel and would suffer from all of it (1.0 cost 0.015 of AP50 against 0.5).
Source: cross-layer equalization (Nagel et al. 2019, arXiv 1906.04721), here over additions, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from frozen_graph import constant, network, normalize, set_constant
from numpy.typing import NDArray

EXPONENT = 0.5
_NETWORK = "FeatureExtractor/MobilenetV2/"


@dataclass(frozen=True, slots=True)
class Stream:
    """Bottleneck tensors that are added to one another and so must share their channels' scales.

    `writers`: batch normalizations that end a projection; `sums`: the additions; `readers`:
    weights [1, 1, in, out] of the convolutions that take the stream in.
    """

    writers: tuple[str, ...]
    sums: tuple[str, ...]
    readers: tuple[str, ...]


def _block(index: int) -> str:
    return f"{_NETWORK}expanded_conv" + (f"_{index}" if index else "")


def _stream(first: int, last: int) -> Stream:
    blocks = range(first, last + 1)
    readers = [f"{_block(index + 1)}/expand/weights" if index < 16 else f"{_NETWORK}Conv_1/weights" for index in blocks]
    return Stream(
        writers=tuple(f"{_block(index)}/project/BatchNorm" for index in blocks),
        sums=tuple(f"{_block(index)}/add:0" for index in blocks if index != first),
        readers=tuple(readers),
    )


STREAMS = tuple(_stream(*ends) for ends in ((0, 0), (1, 2), (3, 5), (6, 9), (10, 12), (13, 15), (16, 16)))
"""The 17 blocks of MobileNet V2; a block of stride 2 or of another width starts a new stream."""


def balance(graph: tf.compat.v1.GraphDef, pictures: Sequence[NDArray[np.uint8]]) -> tf.compat.v1.GraphDef:
    """Give a copy of the graph that computes the same with balanced bottlenecks.

    `pictures`: uint8 RGB [1, 300, 300, 3] each, to see the channels' ranges on.
    """
    balanced = tf.compat.v1.GraphDef()
    balanced.CopyFrom(graph)
    for stream in STREAMS:
        factors = channel_factors(_ranges(graph, stream, pictures))
        for writer in stream.writers:
            for part in (f"{writer}/gamma", f"{writer}/beta"):
                set_constant(balanced, part, constant(balanced, part) / factors)
        for reader in stream.readers:
            weights = constant(balanced, reader)
            set_constant(balanced, reader, weights * factors[np.newaxis, np.newaxis, :, np.newaxis])
    return balanced


def channel_factors(ranges: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give the factor s_c of every channel from its range; both float32 [channels], ranges above 0."""
    wide = np.maximum(ranges.astype(np.float64), 1e-6)
    return np.asarray((wide / np.exp(np.log(wide).mean())) ** EXPONENT, dtype=np.float32)


def _ranges(graph: tf.compat.v1.GraphDef, stream: Stream, pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
    """Give the largest magnitude of every channel in the stream over all pictures."""
    outputs = [f"{writer}/FusedBatchNorm:0" for writer in stream.writers] + list(stream.sums)
    run = network(graph, outputs)
    seen = [
        np.abs(tensor.numpy()).max(axis=(0, 1, 2))
        for picture in pictures
        for tensor in run(tf.constant(normalize(picture)))
    ]
    return np.asarray(np.max(seen, axis=0), dtype=np.float32)
