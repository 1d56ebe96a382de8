"""Run TensorFlow's converter: frozen graph in, .tflite with TFLite_Detection_PostProcess out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import tensorflow as tf
from frozen_graph import ANCHORS, BOX_ENCODINGS, CLASS_LOGITS, network, normalize
from numpy.typing import NDArray

ANCHOR_COUNT = 1917
MAX_DETECTIONS = 100
"""As many as the float graph gives, so that nothing is lost before the user's own limits. Against 20
it costs less than 0.1 ms."""
SCORE_THRESHOLD = 0.001
"""Below 1/256, the smallest score above 0 that int8 can tell: thresholds are left to the user."""
IOU_THRESHOLD = 0.6
"""Non-maximum suppression of the float graph."""
BOX_SCALES = {"y_scale": 10.0, "x_scale": 10.0, "h_scale": 5.0, "w_scale": 5.0}
"""The box coder of the float graph."""


def post_process_attributes() -> str:
    """Give name and attributes of the custom op, as the text form that `experimental_implements` reads."""
    numbers = {"max_detections": MAX_DETECTIONS, "max_classes_per_detection": 1, "num_classes": 1}
    fractions = {"nms_score_threshold": SCORE_THRESHOLD, "nms_iou_threshold": IOU_THRESHOLD, **BOX_SCALES}
    values = (
        [(key, f"i: {value}") for key, value in numbers.items()]
        + [(key, f"f: {value:g}") for key, value in fractions.items()]
        # With one class the fast suppression gives the same and needs no second pass.
        + [("use_regular_nms", "b: false")]
    )
    attributes = " ".join(f'attr {{ key: "{key}" value {{ {value} }} }}' for key, value in values)
    return f'name: "TFLite_Detection_PostProcess" {attributes}'


def anchors(graph: tf.compat.v1.GraphDef) -> NDArray[np.float32]:
    """Give the anchors as the custom op wants them: float32 [1917, 4], centre y, x, height, width, 0..1."""
    (corners,) = (tensor.numpy() for tensor in network(graph, [ANCHORS])(tf.zeros([1, 300, 300, 3])))
    low, high = corners[:, :2], corners[:, 2:]
    return np.concatenate([(low + high) / 2, high - low], axis=1).astype(np.float32)


def float_model(graph: tf.compat.v1.GraphDef) -> bytes:
    """Convert without quantizing: input float32 [1, 300, 300, 3], -1..1."""
    return bytes(_converter(graph).convert())


def int8_model(graph: tf.compat.v1.GraphDef, pictures: Sequence[NDArray[np.uint8]]) -> bytes:
    """Convert to int8 with per-channel weights and uint8 input, calibrated on the pictures.

    `pictures`: uint8 RGB [1, 300, 300, 3] each. Together they must hold both 0 and 255: the input's
    scale comes from them, and only then is a picture's byte the input's byte.

    Raises:
        ValueError: the pictures don't cover 0..255.
    """
    if min(int(p.min()) for p in pictures) != 0 or max(int(p.max()) for p in pictures) != 255:
        raise ValueError("the calibration pictures must hold values from 0 to 255")

    def representative_inputs() -> Iterator[list[NDArray[np.float32]]]:
        for picture in pictures:
            yield [normalize(picture)]

    converter = _converter(graph)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = representative_inputs
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.uint8
    return bytes(converter.convert())


def _converter(graph: tf.compat.v1.GraphDef) -> tf.lite.TFLiteConverter:
    run = network(graph, [BOX_ENCODINGS, CLASS_LOGITS])
    detect = _detect(run, anchors(graph))
    keeper = tf.Module()
    keeper.run, keeper.detect = run, detect
    converter = tf.lite.TFLiteConverter.from_concrete_functions([detect.get_concrete_function()], keeper)
    converter.allow_custom_ops = True
    return converter


def _detect(
    run: Callable[[tf.Tensor], list[tf.Tensor]], anchor_boxes: NDArray[np.float32]
) -> tf.types.experimental.GenericFunction:
    """Put sigmoid and the custom op behind the network."""

    def post_process(encodings: tf.Tensor, scores: tf.Tensor, boxes: tf.Tensor) -> tuple[tf.Tensor, ...]:
        # The converter puts the custom op in this function's place: only the shapes matter.
        del encodings, scores, boxes
        each = [1, MAX_DETECTIONS]
        return tf.zeros([*each, 4]), tf.zeros(each), tf.zeros(each), tf.zeros([1])

    custom_op = tf.function(post_process, experimental_implements=post_process_attributes(), autograph=False)

    def detect(image: tf.Tensor) -> dict[str, tf.Tensor]:
        encodings, logits = run(image)
        shaped = tf.reshape(encodings, [1, ANCHOR_COUNT, 4])
        boxes, classes, scores, count = custom_op(shaped, tf.sigmoid(logits), tf.constant(anchor_boxes))
        return {
            "detection_boxes": boxes,
            "detection_classes": classes,
            "detection_scores": scores,
            "num_detections": count,
        }

    spec = tf.TensorSpec([1, 300, 300, 3], tf.float32, name="image")
    return tf.function(detect, input_signature=[spec], autograph=False)
