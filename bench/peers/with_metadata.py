"""Add to an SSD's .tflite file the metadata that MediaPipe's ObjectDetector asks for; the network stays as it is.

    python with_metadata.py MODEL.tflite TARGET.tflite [LABELS.txt]

By MediaPipe's own writer. A file that has metadata is taken as it is.
"""

import shutil
import sys
import types
from pathlib import Path

CLASSES = 90
"""Of COCO, numbered where no labels are given."""


def complete_the_wheel() -> None:
    """Give the writer the compiled module that MediaPipe's wheels of late lack: all it is asked for is a version."""
    package = types.ModuleType("mediapipe.tasks.cc.metadata.python")
    version = types.ModuleType(f"{package.__name__}._pywrap_metadata_version")
    vars(version)["GetMinimumMetadataParserVersion"] = lambda metadata: "1.0.0"
    vars(package)["_pywrap_metadata_version"] = version
    sys.modules |= {package.__name__: package, version.__name__: version}


def main() -> None:
    """Write the one file."""
    source, target, *labels = map(Path, sys.argv[1:])
    model = source.read_bytes()
    if b"TFLITE_METADATA" in model:
        shutil.copyfile(source, target)
        return
    complete_the_wheel()
    from mediapipe.tasks.python.metadata.metadata_writers import metadata_writer, object_detector

    names = labels[0].read_text().splitlines() if labels else [str(number) for number in range(CLASSES)]
    if names[0] == "???":  # the background, which the file's class numbers don't count
        names = names[1:]
    try:
        writer = object_detector.MetadataWriter.create_for_models_with_nms(
            bytearray(model), [127.5], [127.5], metadata_writer.Labels().add(names)
        )
        written, _ = writer.populate()
    except ValueError as error:
        sys.exit(f"{source.name}: {error}")
    target.write_bytes(written)


if __name__ == "__main__":
    main()
