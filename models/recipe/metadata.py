"""Pack labels and a description into a .tflite, in the form that TFLite metadata readers know.

Two things make it up: a flatbuffer `ModelMetadata` in the model's own metadata under the name
`TFLITE_METADATA`, and a ZIP archive with the label file behind the model's last byte. Field numbers
come from `metadata_schema.fbs` 1.5.0 of TensorFlow Lite Support, whose Python package asks for a
protobuf too old to stand beside today's TensorFlow; so the few tables used are written here.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from flat_table import Byte, Float, Table, UInt, finish
from tflite_file import Model

METADATA_NAME = b"TFLITE_METADATA"
FILE_IDENTIFIER = b"M001"
MIN_PARSER_VERSION = "1.2.0"
"""The first that knows output tensor groups, the newest thing used here."""

VALUE_LABELS, RGB, BOUNDARIES = Byte(3), Byte(1), Byte(1)
FEATURE, IMAGE, BOUNDING_BOX, NORMALIZATION = Byte(1), Byte(2), Byte(3), Byte(1)
"""Union tags of `ContentProperties` and `ProcessUnitOptions`."""


@dataclass(frozen=True, slots=True)
class ModelText:
    """What the metadata says about the whole model."""

    name: str
    description: str
    version: str
    author: str
    license: str


@dataclass(frozen=True, slots=True)
class OutputText:
    """What the metadata says about one output; `labelled`: its numbers are lines of the label file."""

    name: str
    description: str
    labelled: bool = False
    boxes: bool = False


@dataclass(frozen=True, slots=True)
class Labels:
    """A label file: class i is line i + 1."""

    file_name: str
    lines: tuple[str, ...]

    def content(self) -> bytes:
        """Give the file's bytes."""
        return "".join(f"{line}\n" for line in self.lines).encode()


def describe(model: Model, text: ModelText, outputs: tuple[OutputText, ...], labels: Labels, side: int) -> None:
    """Write the metadata flatbuffer into the model, in place.

    `outputs`: in the order of the model's outputs; `side`: width and height of the input in pixels.
    """
    subgraph = Table(
        {
            2: (_input(side),),
            3: tuple(_output(output, labels) for output in outputs),
            8: (Table({0: "detection_result", 1: tuple(output.name for output in outputs[:3])}),),
        }
    )
    root = Table(
        {
            0: text.name,
            1: text.description,
            2: text.version,
            3: (subgraph,),
            4: text.author,
            5: text.license,
            7: MIN_PARSER_VERSION,
        }
    )
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(finish(root, FILE_IDENTIFIER), dtype=np.uint8)
    model.buffers.append(buffer)
    entry = schema.MetadataT()
    entry.name, entry.buffer = METADATA_NAME, len(model.buffers) - 1
    model.metadata = [*(model.metadata or []), entry]
    model.description = text.name.encode()


def append_labels(content: bytes, labels: Labels) -> bytes:
    """Append the archive with the label file to a .tflite: stored, and dated 1980 to stay the same."""
    whole = io.BytesIO(content)
    with zipfile.ZipFile(whole, "a", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo(labels.file_name), labels.content())
    return whole.getvalue()


def _input(side: int) -> Table:
    size = Table({0: UInt(side), 1: UInt(side)})
    # What a float input would get; a quantized one gets the bytes of the picture as they are.
    normalization = Table({0: (Float(127.5),), 1: (Float(127.5),)})
    return Table(
        {
            0: "image",
            1: f"The picture, {side}x{side}, R G B, stretched without regard to its shape.",
            3: Table({0: IMAGE, 1: Table({0: RGB, 1: size})}),
            4: (Table({0: NORMALIZATION, 1: normalization}),),
            5: Table({0: (Float(255.0),), 1: (Float(0.0),)}),
        }
    )


def _output(output: OutputText, labels: Labels) -> Table:
    # Element i of (left, top, right, bottom) is number index[i] of the box.
    box = Table({0: (UInt(1), UInt(0), UInt(3), UInt(2)), 1: BOUNDARIES})
    file = Table({0: labels.file_name, 1: "One label a line; class 0 is the first.", 2: VALUE_LABELS})
    return Table(
        {
            0: output.name,
            1: output.description,
            3: Table({0: BOUNDING_BOX, 1: box}) if output.boxes else Table({0: FEATURE, 1: Table({})}),
            **({6: (file,)} if output.labelled else {}),
        }
    )
