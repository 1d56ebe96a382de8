"""One opened model: vetted at load, then a picture in, what is in it out."""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edgevision.errors import LabelsError, ModelError
from edgevision.inference.detection import Detection
from edgevision.inference.find_labels import find_labels
from edgevision.inference.find_reader import Hints, find_reader
from edgevision.inference.labels import Labels
from edgevision.inference.model_file import beside, read_model_file
from edgevision.inference.normalization import Normalization, is_assumed, pixel_table, rescales_itself
from edgevision.inference.prepared import Prepared, Preparer
from edgevision.inference.preprocess import Image, InputFormat, Resize, Writer, input_format, make_writer
from edgevision.inference.process_units import described_normalization
from edgevision.inference.reader import Reader, Task, Wanted
from edgevision.inference.runtime import Delegate, Interpreter, Runtime, load_runtime
from edgevision.inference.ssd_parameters import SsdParameters, SsdParametersError, read_ssd_parameters
from edgevision.inference.tensors import Tensor, read_graph
from edgevision.inference.threads import fastest, thread_counts


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What a loaded model is; an embedding model has no labels.

    `resize` is how pictures come into its input. `normalization_assumed`: nothing says what numbers its pixels are to
    become.
    """

    path: Path
    sha256: str
    task: Task
    input: InputFormat
    resize: Resize
    labels: Labels
    runtime: str
    threads: int
    normalization_assumed: bool


@dataclass(frozen=True, slots=True)
class Inference:
    """A model's answer to one picture; `seconds` is what the interpreter's invoke() took.

    `vector` [n] is the feature vector of an embedding model, which detects nothing; None from all others.
    """

    detections: list[Detection]
    seconds: float
    vector: NDArray[np.float64] | None = None


class Model:
    """A .tflite model ready to run. Belongs to one thread at a time.

    Raises ModelError (LabelsError for the labels) from the constructor, with what was found and what was expected,
    when the file can't be used.
    """

    def __init__(  # noqa: PLR0913 - what the configuration says of a model, each by its name
        self,
        path: Path,
        *,
        labels: Path | None = None,
        task: Literal["auto"] | Task = "auto",
        threads: int | None = 1,
        normalization: Normalization | None = None,
        resize: Literal["auto"] | Resize = "auto",
        runtime: Runtime | None = None,
        content: bytes | None = None,
        delegates: Sequence[Delegate] = (),
        twin: "Model | None" = None,
    ) -> None:
        """Open `path`, or `content` where the file has been read already; `threads` None measures which is fastest.

        `normalization` None: what the file says, else what the MobileNets of the TensorFlow zoos were trained with.
        `resize` auto: stretch to detect, crop otherwise. `twin` is the model that `path` was compiled from for the
        accelerator of `delegates`: what the compiler hides is taken from it.
        """
        content = read_model_file(path) if content is None else content
        runtime = runtime or load_runtime()
        if delegates:
            threads = 1
        interpreter = runtime.open(path, content, threads or 1, delegates)
        try:
            graph = read_graph(interpreter)
            form = input_format(graph.inputs)
            # Read once a pair: what is beside the file may change while the daemon runs.
            self._ssd_parameters: Callable[[], SsdParameters] = (
                twin._ssd_parameters if twin else cache(lambda: read_ssd_parameters(beside(path, ".yaml")))
            )
            hints = Hints(
                task,
                self._ssd_parameters,
                None if twin is None else twin._reader,
            )
            self._reader: Reader = find_reader(graph, form, hints)
            self._described: Normalization | None = None
            if normalization is None:
                self._described = described_normalization(content) or rescales_itself(graph, interpreter)
            if self._described is None and twin is not None:
                self._described = twin._described
            table = pixel_table(graph.inputs[0], form.channels, normalization, self._described)
        except (LabelsError, SsdParametersError):
            raise
        except ModelError as error:
            raise ModelError(f"{path} {error}") from error
        except UnicodeDecodeError as error:
            raise ModelError(f"{path} is damaged: a name in it isn't UTF-8; get the file anew") from error
        if resize == "auto":
            resize = "stretch" if self._reader.task == "detect" else "crop"
        self._new_writer: Callable[[], Writer] = partial(make_writer, form, table, resize)
        self._write = self._new_writer()
        fitted: Labels = ()
        if twin is not None:
            fitted = twin.info.labels
        elif self._reader.class_counts is not None:
            fitted = find_labels(path, content, labels, self._reader.class_counts, None)
        if threads is None:
            threads = fastest(thread_counts(), lambda count: _time_invoke(runtime.open(path, content, count)))
            interpreter = runtime.open(path, content, threads)
        self._interpreter = interpreter
        self._input = interpreter.tensor(graph.inputs[0].index)
        self._outputs = {tensor.index: interpreter.tensor(tensor.index) for tensor in graph.outputs}
        digest = hashlib.sha256(content).hexdigest()
        assumed = is_assumed(graph.inputs[0], normalization, self._described)
        self.info: ModelInfo = ModelInfo(
            path, digest, self._reader.task, form, resize, fitted, str(runtime), threads, assumed
        )

    def run(self, image: Image, *, threshold: float, max_detections: int) -> Inference:
        """What is in `image` (height, width, 3), or a camera's YUV.

        Detections have at least `threshold`, the highest score comes first, boxes are fractions of `image`.
        """
        region = self._write(image, self._input())
        return self._infer(Wanted(threshold, max_detections, region))

    def preparer(self) -> Preparer:
        """Makes pictures ready for `run_prepared`, in any one thread."""
        return Preparer(self.info.input, self._new_writer())

    def run_prepared(self, prepared: Prepared, *, threshold: float, max_detections: int) -> Inference:
        """The same as `run` for a picture that its `preparer`, or that of a model with the same input, has prepared."""
        self._input()[:] = prepared.pixels
        return self._infer(Wanted(threshold, max_detections, prepared.region))

    def _infer(self, wanted: Wanted) -> Inference:
        # No view of a tensor may be left before invoke(), which refuses to run while anything refers to its memory.
        started = time.perf_counter()
        self._interpreter.invoke()
        seconds = time.perf_counter() - started
        answer = self._reader.read(self._values, self.info.labels, wanted)
        return Inference(answer.detections, seconds, answer.vector)

    def _values(self, tensor: Tensor) -> NDArray[np.generic]:
        return self._outputs[tensor.index]()


def _time_invoke(interpreter: Interpreter, repeats: int = 3) -> float:
    """The shortest of `repeats` runs in seconds, after one to warm up; on whatever the input holds."""
    interpreter.invoke()
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        interpreter.invoke()
        seconds.append(time.perf_counter() - started)
    return min(seconds)
