"""The peer ONNX Runtime: the same network as ONNX (see to_onnx.py), its quantized kernels on the CPU."""

import sys
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from bench.peers.converted import converted
from bench.peers.entrant import Settings, Step, enter, pictures

CONVERTER = Path(__file__).with_name("to_onnx.py")
THRESHOLD = 0.5


def load(settings: Settings, open_parts: ExitStack) -> Step:
    """Resize and convert with OpenCV, run, read the result."""
    import cv2
    import numpy as np
    import onnxruntime

    cv2.setNumThreads(1)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = settings.threads
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(file_for(settings)), options, providers=["CPUExecutionProvider"])
    (entry,) = session.get_inputs()
    _, height, width, _ = entry.shape
    frames = pictures(settings.frames)

    def step() -> list[tuple[int, float]]:
        small = cv2.resize(next(frames), (width, height))
        rgb = cv2.cvtColor(small, cv2.COLOR_BGR2RGB)
        outputs = session.run(None, {entry.name: rgb[None]})
        if len(outputs) == 1:
            (scores,) = outputs[0]
            return [(int(best), float(scores[best])) for best in np.argsort(scores)[:-4:-1]]
        _, scores, classes = outputs
        return [(int(kind), float(score)) for kind, score in zip(classes, scores, strict=True) if score >= THRESHOLD]

    return step


def file_for(settings: Settings) -> Path:
    """The model as ONNX."""
    return converted(settings.model, CONVERTER, ".onnx")


if __name__ == "__main__":
    enter(load, file_for)
