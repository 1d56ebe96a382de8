"""One opened model: vetted at load, then a picture in, detections out."""

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edgevision.capture.frame import BgrImage
from edgevision.errors import LabelsError, ModelError
from edgevision.inference.classify import gives_probabilities, read_classes, softmax
from edgevision.inference.detect import DetectionOutputs, class_counts, find_outputs, read_detections
from edgevision.inference.detection import Detection
from edgevision.inference.labels import Labels, fit_labels, parse_labels
from edgevision.inference.metadata import MOST_LABEL_BYTES, decode_labels, packed_labels
from edgevision.inference.preprocess import (
    TRAINED_WITH,
    InputFormat,
    Normalization,
    central_crop,
    input_format,
    make_writer,
)
from edgevision.inference.runtime import Interpreter, Runtime, load_runtime
from edgevision.inference.tensors import Operator, Tensor, read_operators
from edgevision.inference.threads import fastest, thread_counts
from edgevision.regular_file import read_regular_file

Task = Literal["detect", "classify"]

FILE_IDENTIFIER = b"TFL3"
"""Bytes 4 to 8 of every .tflite file (tensorflow/lite/schema/schema.fbs)."""

MOST_MODEL_BYTES = 1024**3
"""No MobileNet has a tenth of that; a Pi has 1 GB."""


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What a loaded model is."""

    path: Path
    sha256: str
    task: Task
    input: InputFormat
    labels: Labels
    runtime: str
    threads: int


@dataclass(frozen=True, slots=True)
class Inference:
    """A model's answer to one picture; `seconds` is what the interpreter's invoke() took."""

    detections: list[Detection]
    seconds: float


class Model:
    """A .tflite model ready to run. Belongs to one thread at a time.

    Raises ModelError (LabelsError for the labels) from the constructor, with what was found and what was expected,
    when the file can't be used.
    """

    def __init__(
        self,
        path: Path,
        *,
        labels: Path | None = None,
        task: Literal["auto", "detect", "classify"] = "auto",
        threads: int | None = 1,
        normalization: Normalization | None = None,
        runtime: Runtime | None = None,
    ) -> None:
        """Open `path`; `threads` None measures which number is fastest here.

        `normalization` is for float inputs; None: what the MobileNets of the TensorFlow zoos were trained with.
        """
        content = _read_model(path)
        runtime = runtime or load_runtime()
        interpreter = runtime.open(path, content, threads or 1)
        try:
            self._input = _tensors(interpreter.get_input_details())
            form = input_format(self._input)
            operators = read_operators(interpreter)
            self._outputs = find_task(interpreter, operators, task)
            classes = _class_counts(interpreter, operators, self._outputs)
        except ModelError as error:
            raise ModelError(f"{path} {error}") from error
        except UnicodeDecodeError as error:
            raise ModelError(f"{path} is damaged: a name in it isn't UTF-8; get the file anew") from error
        is_detector = isinstance(self._outputs, DetectionOutputs)
        self._probabilities = isinstance(self._outputs, Tensor) and gives_probabilities(self._outputs, operators)
        fitted = _fitted_labels(path, labels, classes)
        self._write = make_writer(form, normalization or TRAINED_WITH)
        if threads is None:
            threads = fastest(thread_counts(), lambda count: _time_invoke(runtime.open(path, content, count)))
            interpreter = runtime.open(path, content, threads)
        self._interpreter = interpreter
        digest = hashlib.sha256(content).hexdigest()
        self.info = ModelInfo(
            path, digest, "detect" if is_detector else "classify", form, fitted, str(runtime), threads
        )

    def run(self, image: BgrImage, *, threshold: float, max_detections: int) -> Inference:
        """Detections in `image` (height, width, 3) of at least `threshold`, the highest score first.

        Boxes are fractions of `image`. A detector sees the whole picture stretched to its input, a classifier the
        central 87.5 % of each side: what the published accuracy of each was measured with.
        """
        view = image if self.info.task == "detect" else central_crop(image)
        # The view of the tensor must be gone before invoke(), which refuses to run while anything refers to its memory.
        self._write(view, self._interpreter.tensor(self._input[0].index)())
        started = time.perf_counter()
        self._interpreter.invoke()
        seconds = time.perf_counter() - started
        if isinstance(self._outputs, DetectionOutputs):
            found = self._read_detections(self._outputs, threshold)
        else:
            found = self._read_classes(self._outputs, threshold)
        return Inference(found[:max_detections], seconds)

    def _read_detections(self, outputs: DetectionOutputs, threshold: float) -> list[Detection]:
        candidates = outputs.scores.shape[1]
        counted = float(self._values(outputs.count, ()).reshape(-1)[0])
        # What lies behind the count is uninitialised memory: cut there before anything looks at it.
        count = min(max(int(counted), 0), candidates) if np.isfinite(counted) else 0
        boxes, classes, scores = (
            self._values(tensor, (0, slice(count))) for tensor in (outputs.boxes, outputs.classes, outputs.scores)
        )
        return read_detections(boxes, classes, scores, self.info.labels, threshold)

    def _read_classes(self, output: Tensor, threshold: float) -> list[Detection]:
        scores = self._values(output, ()).reshape(-1)
        return read_classes(scores if self._probabilities else softmax(scores), self.info.labels, threshold)

    def _values(self, tensor: Tensor, part: tuple[int | slice, ...]) -> NDArray[np.float64]:
        return tensor.dequantize(self._interpreter.tensor(tensor.index)()[part])


def find_task(
    interpreter: Interpreter, operators: list[Operator], task: Literal["auto", "detect", "classify"]
) -> DetectionOutputs | Tensor:
    """The outputs to read: four of a detector, or the one of a classifier [1, classes].

    Raises ModelError when the outputs are of neither kind, or not of the kind that `task` names.
    """
    outputs = _tensors(interpreter.get_output_details())
    found = ", ".join(str(tensor) for tensor in outputs)
    detector = find_outputs(outputs, operators, _signature_names(interpreter))
    if detector is not None:
        if task == "classify":
            raise ModelError(f"is a detection model (outputs {found}), but its task is set to classify")
        return detector
    if task == "detect":
        raise ModelError(
            f"has the outputs {found}; to detect, expected the boxes, classes, scores and count of"
            " TFLite_Detection_PostProcess: export the model with that operator"
        )
    if len(outputs) == 1 and outputs[0].dtype in ("uint8", "int8", "float32"):
        sides = [side for side in outputs[0].shape if side != 1]
        if outputs[0].shape[0] == 1 and len(sides) == 1:
            return outputs[0]
    raise ModelError(f"has the outputs {found}; expected four of a detector, or one [1, classes] of a classifier")


def _class_counts(
    interpreter: Interpreter, operators: list[Operator], outputs: DetectionOutputs | Tensor
) -> tuple[int, ...]:
    if isinstance(outputs, Tensor):
        return (max(outputs.shape),)
    return class_counts(operators, {tensor.index: tensor for tensor in _tensors(interpreter.get_tensor_details())})


def _fitted_labels(model: Path, given: Path | None, classes: tuple[int, ...]) -> Labels:
    where, text = _label_text(model, given, classes)
    written = parse_labels(text, where)
    # A detector that doesn't tell its classes: as many as there are labels, less a leading background.
    return fit_labels(written, classes or (max(written), max(written) + 1), where)


def _label_text(model: Path, given: Path | None, classes: tuple[int, ...]) -> tuple[str, str]:
    if given is None:
        packed = packed_labels(model)
        if packed is not None:
            return f"{packed[0]} inside {model}", packed[1]
    path = given or model.with_suffix(".txt")
    try:
        content = read_regular_file(path, MOST_LABEL_BYTES)
    except FileNotFoundError as error:
        if given is not None:
            raise LabelsError(f"{path} does not exist: give the .txt with the model's labels") from error
        count = f" for {classes[0]} classes" if classes else ""
        raise LabelsError(
            f"no labels{count}: neither inside {model} nor in {path.name} beside it; set model.labels to a .txt"
        ) from error
    except OSError as error:
        raise LabelsError(f"{path} can't be read ({error.strerror})") from error
    except ValueError as error:
        raise LabelsError(f"{path} {error}: give the .txt with the model's labels") from error
    return str(path), decode_labels(content, str(path))


def _read_model(path: Path) -> bytes:
    """The content of a .tflite file. Raises ModelError when it isn't there or isn't one."""
    try:
        content = read_regular_file(path, MOST_MODEL_BYTES)
    except FileNotFoundError as error:
        raise ModelError(f"{path} does not exist: give the path of a .tflite file") from error
    except OSError as error:
        raise ModelError(f"{path} can't be read ({error.strerror})") from error
    except ValueError as error:
        raise ModelError(f"{path} {error}: give the path of a .tflite file") from error
    if content[4:8] != FILE_IDENTIFIER:
        raise ModelError(
            f"{path} is not a .tflite model: its bytes 4 to 8 are {content[4:8]!r}, not {FILE_IDENTIFIER!r}"
        )
    return content


def _tensors(details: list[dict[str, object]]) -> list[Tensor]:
    return [Tensor.from_details(entry) for entry in details]


def _signature_names(interpreter: Interpreter) -> dict[str, str]:
    """The signature's name of each output tensor's name, where the model has exactly one signature."""
    signatures = interpreter.get_signature_list()
    if len(signatures) != 1:
        return {}
    details = interpreter.get_signature_runner().get_output_details()
    return {str(tensor["name"]): name for name, tensor in details.items()}


def _time_invoke(interpreter: Interpreter, repeats: int = 3) -> float:
    """The shortest of `repeats` runs in seconds, after one to warm up; on whatever the input holds."""
    interpreter.invoke()
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        interpreter.invoke()
        seconds.append(time.perf_counter() - started)
    return min(seconds)
