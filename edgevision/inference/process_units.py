"""What the TFLite metadata in a model file says of its input's normalization.

The file is a flatbuffer (tensorflow/lite/schema/schema.fbs) whose buffer `TFLITE_METADATA` holds another one
(metadata_schema.fbs of TensorFlow Lite Support). Only the few fields on the way are read.
"""

import math

from edgevision.errors import ModelError
from edgevision.inference.flatbuffer import Table
from edgevision.inference.normalization import Normalization, alike

METADATA_NAME = b"TFLITE_METADATA"
METADATA_IDENTIFIER = b"M001"
NORMALIZATION_OPTIONS = 1
"""Of the union `ProcessUnitOptions`."""


def described_normalization(content: bytes) -> Normalization | None:
    """The normalization of the only input of the model that `content` is; None where the file doesn't say it.

    Raises ModelError (to be read after the file's name) when what it says is damaged.
    """
    try:
        metadata = _metadata(content)
        return None if metadata is None else _normalization(metadata)
    except ValueError as error:
        raise ModelError(
            f"has damaged metadata about its input ({error}): get the file anew, or set model.normalize"
        ) from error


def _metadata(content: bytes) -> Table | None:
    model = Table.root(content)
    for entry in model.tables(6):
        if entry.holds(0, METADATA_NAME):
            buffer = model.entry(4, entry.number(1, "<I"))
            packed = b"" if buffer is None else buffer.content(0)
            if packed[4:8] != METADATA_IDENTIFIER:
                raise ValueError(f"it begins with {packed[:8]!r}")
            return Table.root(packed)
    return None


def _normalization(metadata: Table) -> Normalization | None:
    subgraph = metadata.entry(3, 0)
    tensor = None if subgraph is None else subgraph.entry(2, 0)
    for unit in () if tensor is None else tensor.tables(4):
        options = unit.table(1)
        if unit.number(0, "<B") == NORMALIZATION_OPTIONS and options is not None:
            return _checked(options.floats(0), options.floats(1))
    return None


def _checked(mean: tuple[float, ...], std: tuple[float, ...]) -> Normalization | None:
    if not mean and not std:
        return None
    if len(mean) not in (1, 3) or len(std) not in (1, 3):
        raise ValueError(f"it has {len(mean)} means and {len(std)} deviations")
    if not all(map(math.isfinite, (*mean, *std))) or min(std) <= 0:
        raise ValueError(f"it has the means {mean} and the deviations {std}")
    red, green, blue = mean * 3 if len(mean) == 1 else mean
    normalization = alike(red, std[0])
    return Normalization((red, green, blue), normalization.std if len(std) == 1 else (std[0], std[1], std[2]))
