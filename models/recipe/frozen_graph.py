"""The float graph: where its parts are, and how to run it.

The graph is an export of the TensorFlow Object Detection API: `image_tensor` (uint8, any size) is
resized, normalized, sent through SSDLite MobileNet V2 and decoded with non-maximum suppression.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.python.framework import tensor_util

IMAGE = "image_tensor:0"
"""uint8 [1, height, width, 3], RGB."""
NORMALIZED = "Preprocessor/sub:0"
"""float32 [1, 300, 300, 3], x * 2 / 255 - 1 of RGB: where the network proper begins."""
BOX_ENCODINGS = "Squeeze:0"
"""float32 [1, 1917, 4], (y, x, h, w) relative to the anchors."""
CLASS_LOGITS = "concat_1:0"
"""float32 [1, 1917, 2], background and person; the graph applies a sigmoid, not a softmax."""
ANCHORS = "Concatenate/concat:0"
"""float32 [1917, 4], (ymin, xmin, ymax, xmax), 0..1: the same for every picture."""
DETECTIONS = ("detection_boxes:0", "detection_scores:0", "num_detections:0")
"""float32 [1, 100, 4] as (ymin, xmin, ymax, xmax); [1, 100]; [1]."""


def parse(content: bytes) -> tf.compat.v1.GraphDef:
    """Read a serialized graph."""
    graph = tf.compat.v1.GraphDef()
    graph.ParseFromString(content)
    return graph


def constant(graph: tf.compat.v1.GraphDef, name: str) -> NDArray[np.float32]:
    """Copy the value of the constant node `name`."""
    return np.array(tensor_util.MakeNdarray(_node(graph, name).attr["value"].tensor), dtype=np.float32)


def set_constant(graph: tf.compat.v1.GraphDef, name: str, value: NDArray[np.float32]) -> None:
    """Replace the value of the constant node `name`."""
    _node(graph, name).attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value, dtype=tf.float32))


def network(graph: tf.compat.v1.GraphDef, outputs: Sequence[str]) -> Callable[[tf.Tensor], list[tf.Tensor]]:
    """Give the graph from `NORMALIZED` to `outputs` as one function."""

    def import_network(normalized: tf.Tensor) -> list[tf.Tensor]:
        replaced = {NORMALIZED: normalized}
        return list(tf.graph_util.import_graph_def(graph, input_map=replaced, return_elements=list(outputs), name=""))

    spec = tf.TensorSpec([1, 300, 300, 3], tf.float32)
    wrapped: Callable[[tf.Tensor], list[tf.Tensor]] = tf.compat.v1.wrap_function(import_network, [spec])
    return wrapped


def detector(graph: tf.compat.v1.GraphDef) -> Callable[[tf.Tensor], list[tf.Tensor]]:
    """Give the whole graph as it was published, from `IMAGE` to `DETECTIONS`."""
    wrapped = tf.compat.v1.wrap_function(lambda: tf.graph_util.import_graph_def(graph, name=""), [])
    pruned: Callable[[tf.Tensor], list[tf.Tensor]] = wrapped.prune(IMAGE, list(DETECTIONS))
    return pruned


def normalize(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Turn uint8 RGB [1, 300, 300, 3] into the float32 that `NORMALIZED` takes, -1..1."""
    return np.asarray(picture.astype(np.float32) * np.float32(2 / 255) - np.float32(1), dtype=np.float32)


def _node(graph: tf.compat.v1.GraphDef, name: str) -> tf.compat.v1.NodeDef:
    return next(node for node in graph.node if node.name == name)
