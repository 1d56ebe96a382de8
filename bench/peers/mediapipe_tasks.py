"""The peer MediaPipe Tasks: its ImageClassifier or ObjectDetector on the same .tflite file.

An ObjectDetector takes no file without metadata, so they are added where there are none (see with_metadata.py). The
number of threads can't be said from Python.
"""

import sys
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from bench.peers.converted import converted
from bench.peers.entrant import Settings, Step, UnableError, enter, pictures

CONVERTER = Path(__file__).with_name("with_metadata.py")
THRESHOLD = 0.5


def load(settings: Settings, open_parts: ExitStack) -> Step:
    """The whole picture goes to the task, which resizes it itself; read the result."""
    import cv2
    import mediapipe
    from mediapipe.tasks.python import BaseOptions, vision

    base = BaseOptions(model_asset_path=str(file_for(settings)))
    try:
        if detects(settings.model):
            task = detector = vision.ObjectDetector.create_from_options(
                vision.ObjectDetectorOptions(base_options=base, score_threshold=THRESHOLD)
            )
        else:
            task = classifier = vision.ImageClassifier.create_from_options(
                vision.ImageClassifierOptions(base_options=base, max_results=3)
            )
    except (ValueError, RuntimeError, NotImplementedError, FileNotFoundError) as error:
        raise UnableError(str(error)) from None
    open_parts.enter_context(task)
    frames = pictures(settings.frames)

    def picture() -> object:
        rgb = cv2.cvtColor(next(frames), cv2.COLOR_BGR2RGB)
        return mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=rgb)

    def detect() -> list[tuple[str, float]]:
        found = [one.categories[0] for one in detector.detect(picture()).detections]
        return [(best.category_name, best.score) for best in found]

    def classify() -> list[tuple[str, float]]:
        (head,) = classifier.classify(picture()).classifications
        return [(best.category_name, best.score) for best in head.categories]

    return detect if detects(settings.model) else classify


def detects(model: Path) -> bool:
    """Whether it is an SSD: those end in that operator, whose name stands in the file."""
    return b"TFLite_Detection_PostProcess" in model.read_bytes()


def file_for(settings: Settings) -> Path:
    """The file itself where the task takes it, else that with metadata."""
    if detects(settings.model):
        return converted(settings.model, CONVERTER, ".tflite", *([str(settings.labels)] if settings.labels else []))
    return settings.model


if __name__ == "__main__":
    enter(load, file_for)
