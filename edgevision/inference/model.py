"""One opened model: vetted at load, then a picture in, what is in it out."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from edgevision.capture.transform import Region
from edgevision.errors import LabelsError, ModelError, SsdParametersError
from edgevision.inference.detection import Detection
from edgevision.inference.find_labels import find_labels
from edgevision.inference.find_reader import Hints, find_reader
from edgevision.inference.labels import Labels
from edgevision.inference.model_file import beside, read_model_file, sha256_of
from edgevision.inference.normalization import Normalization, is_assumed, pixel_table, rescales_itself
from edgevision.inference.prepared import Prepared, Preparer
from edgevision.inference.preprocess import Image, InputFormat, Resize, Writer, input_format, make_writer
from edgevision.inference.process_units import described_normalization
from edgevision.inference.reader import Reader, Task, Wanted
from edgevision.inference.runtime import Delegate, Interpreter, Runtime, load_runtime
from edgevision.inference.score_threshold import find_score_threshold
from edgevision.inference.tensors import read_graph
from edgevision.inference.threads import fastest, thread_counts
from edgevision.record import record

if TYPE_CHECKING:
    from edgevision.inference.ssd_parameters import SsdParameters


@record
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


@record
class Inference:
    """A model's answer to one picture; `seconds` is what the interpreter's invoke() took.

    `vector` [n] is the feature vector of an embedding model, which detects nothing; None from all others.
    """

    detections: list[Detection]
    seconds: float
    vector: NDArray[np.float64] | None = None


class Outputs:
    """What a model has left of one picture in its output tensors, copied, for the model may be at the next by now.

    `seconds` is what the interpreter's invoke() took. Any thread may read it.
    """

    __slots__ = ("_labels", "_reader", "_region", "_values", "seconds")

    def __init__(
        self, values: Mapping[int, NDArray[np.generic]], reader: Reader, labels: Labels, region: Region, seconds: float
    ) -> None:
        """`values` by the tensors' indices; `region` is what of the picture the model saw."""
        self.seconds = seconds
        self._values = values
        self._reader = reader
        self._labels = labels
        self._region = region

    def read(self, *, threshold: float, max_detections: int) -> Inference:
        """What is in the picture.

        Detections have at least `threshold`, the highest score comes first, boxes are fractions of the picture.
        """
        values, wanted = self._values, Wanted(threshold, max_detections, self._region)
        answer = self._reader.read(lambda tensor: values[tensor.index], self._labels, wanted)
        return Inference(answer.detections, self.seconds, answer.vector)


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
        sha256: str | None = None,
        delegates: Sequence[Delegate] = (),
        twin: Model | None = None,
        least: float = 0.0,
    ) -> None:
        """Open `path`, or `content` (of that `sha256`, if known) where the file has been read already.

        `threads` None measures which is fastest.

        `normalization` None: what the file says, else what the MobileNets of the TensorFlow zoos were trained with.
        `resize` auto: stretch to detect, crop otherwise. `twin` is the model that `path` was compiled from for the
        accelerator of `delegates`: what the compiler hides is taken from it.

        `least` is the score from which detections matter; a detector that knows it saves itself the work on the others.
        """
        content = read_model_file(path) if content is None else content
        digest = sha256 or sha256_of(content)
        runtime = runtime or load_runtime()
        if delegates:
            threads = 1
        # An accelerator isn't opened anew for a lower one.
        self._score_threshold = None if delegates or not least else find_score_threshold(content)
        self._least = -math.inf  # what scores less, the interpreter leaves out
        if self._score_threshold is not None:
            content, self._least = self._score_threshold.put(content, least), least
        interpreter = runtime.open(path, content, threads or 1, delegates)
        try:
            graph = read_graph(interpreter)
            form = input_format(graph.inputs)
            # Read once a pair: what is beside the file may change while the daemon runs.
            self._ssd_parameters: Callable[[], SsdParameters] = (
                twin._ssd_parameters if twin else cache(partial(_read_ssd_parameters, path))
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
        fitted: Labels = ()
        if twin is not None:
            fitted = twin.info.labels
        elif self._reader.class_counts is not None:
            fitted = find_labels(path, content, labels, self._reader.class_counts, None)
        if threads is None:
            opened = {n: interpreter if n == 1 else runtime.open(path, content, n) for n in thread_counts()}
            threads = fastest([*opened], lambda count: _time_invoke(opened[count]))
            interpreter = opened[threads]
        self._interpreter = interpreter
        self._input = graph.inputs[0].index
        self._outputs = [tensor.index for tensor in graph.outputs]
        self._content = content  # which the interpreter has, too, and works on
        self._reopen = partial(runtime.open, path, threads=threads)
        assumed = is_assumed(graph.inputs[0], normalization, self._described)
        self.info: ModelInfo = ModelInfo(
            path, digest, self._reader.task, form, resize, fitted, str(runtime), threads, assumed
        )
        self._prepare = self.preparer().prepare

    def run(self, image: Image, *, threshold: float, max_detections: int) -> Inference:
        """What is in `image` (height, width, 3), or a camera's YUV: see `Outputs.read`."""
        outputs = self.run_prepared(self._prepare(image), threshold)
        return outputs.read(threshold=threshold, max_detections=max_detections)

    def preparer(self) -> Preparer:
        """Makes pictures ready for `run_prepared`, in any one thread."""
        return Preparer(self.info.input, self._new_writer(), letterbox=self.info.resize == "letterbox")

    def run_prepared(self, prepared: Prepared, least: float = 0.0) -> Outputs:
        """The same for a picture that its `preparer`, or that of a model with the same input, has prepared.

        `least` is the least score that the outputs will be asked for.
        """
        if least < self._least:
            self._lower(least)
        interpreter = self._interpreter
        interpreter.set_tensor(self._input, prepared.pixels)
        started = time.perf_counter()
        interpreter.invoke()
        seconds = time.perf_counter() - started
        # Copies, at half the price of copying the views that tensor() gives.
        values = {index: interpreter.get_tensor(index) for index in self._outputs}
        return Outputs(values, self._reader, self.info.labels, prepared.region, seconds)

    def _lower(self, least: float) -> None:
        """Let the model find what scores `least`: the interpreter is opened anew, as it read that when it was."""
        assert self._score_threshold is not None
        del self._interpreter  # two of them would take a few MB more from then on
        self._content = self._score_threshold.put(self._content, least)
        self._interpreter = self._reopen(content=self._content)
        self._least = least


def _time_invoke(interpreter: Interpreter, repeats: int = 3) -> float:
    """The shortest of `repeats` runs in seconds, after one to warm up; on whatever the input holds."""
    interpreter.invoke()
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        interpreter.invoke()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def _read_ssd_parameters(path: Path) -> SsdParameters:
    """Those beside the model `path`. Only a detector without post-processing needs them, and the schema for them."""
    from edgevision.inference.ssd_parameters import read_ssd_parameters

    return read_ssd_parameters(beside(path, ".yaml"))
