"""Makes Keras' own MobileNets in every type of numbers, with weights by chance. Runs where TensorFlow is.

    python tests/system/keras_mobilenets.py FOLDER

Normalized by pictures of coloured clouds first, or the answer would be the same to every picture.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

CLASSES = 5
APPLICATIONS = tf.keras.applications
TYPES = {"int8": tf.int8, "uint8": tf.uint8, "int16": tf.int16}


@dataclass(frozen=True)
class Trained:
    """A network and the ends of the range that it takes pixels in."""

    network: Any
    low: float
    high: float


def clouds(shape: tuple[int, int, int], count: int) -> NDArray[np.float32]:
    """Pictures of 0..1."""
    random = np.random.default_rng(5)
    small = random.uniform(0, 1, (count, 6, 6, shape[2])) * random.uniform(0.2, 1, (count, 1, 1, 1))
    return np.asarray(tf.image.resize(small, shape[:2]), np.float32)


def settled(network: Any, low: float = -1, high: float = 1) -> Trained:
    """Take means and deviations of every layer from pictures."""
    for layer in network.layers:
        if isinstance(layer, tf.keras.layers.BatchNormalization):
            layer.momentum = 0.0
    pictures = low + (high - low) * clouds(network.input_shape[1:], 24)
    for _ in range(2):
        network(pictures, training=True)
    return Trained(network, low, high)


def convert(trained: Trained, dtype: str) -> bytes:
    """The .tflite; `dtype`: float32, float16 (weights), dynamic (range), or the type of inputs and outputs."""
    converter = tf.lite.TFLiteConverter.from_keras_model(trained.network)
    if dtype != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if dtype == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if dtype in TYPES:
        pictures = clouds(trained.network.input_shape[1:], 20)

        def representative() -> Iterator[list[NDArray[np.float32]]]:
            for picture in pictures:
                yield [(trained.low + (trained.high - trained.low) * picture)[np.newaxis].astype(np.float32)]

        operators = tf.lite.OpsSet.TFLITE_BUILTINS_INT8
        if dtype == "int16":
            operators = tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
        converter.representative_dataset = representative
        converter.target_spec.supported_ops = [operators]
        converter.inference_input_type = converter.inference_output_type = TYPES[dtype]
    return bytes(converter.convert())


def main() -> None:
    """Write FORM.TYPE.tflite for each."""
    folder = Path(sys.argv[1])
    tf.keras.utils.set_random_seed(7)
    new = {"weights": None, "classes": CLASSES}
    networks = {
        "v1_grey": (
            settled(APPLICATIONS.MobileNet(input_shape=(96, 96, 1), alpha=0.25, **new)),
            ("float32", "int8", "int16"),
        ),
        "v1_oblong": (settled(APPLICATIONS.MobileNet(input_shape=(128, 160, 3), alpha=0.5, **new)), ("uint8", "int16")),
        "v2": (
            settled(APPLICATIONS.MobileNetV2(input_shape=(96, 96, 3), alpha=0.35, **new)),
            ("float16", "dynamic", "int8"),
        ),
        "v3_minimalistic": (
            settled(APPLICATIONS.MobileNetV3Small(input_shape=(96, 96, 3), minimalistic=True, **new), 0, 255),
            ("float32", "int8", "int16"),
        ),
        "v3_large": (settled(APPLICATIONS.MobileNetV3Large(input_shape=(64, 96, 3), **new), 0, 255), ("float16",)),
    }
    for name, (trained, types) in networks.items():
        for dtype in types:
            (folder / f"{name}.{dtype}.tflite").write_bytes(convert(trained, dtype))


if __name__ == "__main__":
    main()
