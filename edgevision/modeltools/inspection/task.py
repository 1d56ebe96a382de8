"""What a network does, and with which labels, as edgevision would use it."""

from pathlib import Path
from typing import Literal

from edgevision.errors import LabelsError, ModelError
from edgevision.inference.classify import ClassReader, gives_probabilities
from edgevision.inference.find_labels import find_labels
from edgevision.inference.metadata import packed_labels
from edgevision.inference.postprocessed import POSTPROCESS, class_counts, find_outputs
from edgevision.inference.raw_heads import find_raw_heads
from edgevision.inference.reader import Task
from edgevision.inference.tensors import Graph, last_computation
from edgevision.record import record

VECTOR_OPERATORS = frozenset({"AVERAGE_POOL_2D", "MEAN", "L2_NORMALIZATION"})
"""What a feature vector comes from: the pooled picture, maybe of length 1."""

FIRST_LABELS = 5


@record
class TaskFound:
    """`how` says more in words; `class_counts`: how many labels fit, empty where that isn't told or none are needed."""

    task: Task | Literal["unknown"]
    how: str
    class_counts: tuple[int, ...] = ()


@record
class LabelsFound:
    """`where`: inside or beside the file; `first`: the first few, null where a class has no name.

    `problem`: why there are none, or why they don't fit.
    """

    where: Literal["inside", "beside"] | None
    count: int
    first: tuple[str | None, ...]
    problem: str | None


def task_of(graph: Graph) -> TaskFound:
    """What the outputs of `graph` are for."""
    if any(operator.name == POSTPROCESS for operator in graph.operators):
        # Their shapes are known only when the model runs.
        return TaskFound("detect", f"boxes by {POSTPROCESS}", class_counts(graph.operators, graph.tensors))
    try:
        if find_outputs(graph.outputs, graph.operators, graph.signature) is not None:
            return TaskFound("detect", "boxes, classes, scores and count")
        heads = find_raw_heads(graph)
    except ModelError as error:
        return TaskFound("unknown", str(error))
    if heads is not None:
        columns = heads.scores.shape[-1]
        return TaskFound("detect", "raw box encodings and class scores, no post-processing", (columns - 1, columns))
    if len(graph.outputs) != 1 or sum(side != 1 for side in graph.outputs[0].shape) > 1 or not graph.outputs[0].shape:
        return TaskFound("unknown", "its outputs are of no kind that edgevision reads")
    output = graph.outputs[0]
    if gives_probabilities(output, graph.operators):
        return TaskFound("classify", "probabilities", ClassReader(output, True).class_counts)
    if last_computation(output.index, graph.operators) in VECTOR_OPERATORS:
        return TaskFound("embed", f"a feature vector of {max(output.shape)}")
    return TaskFound("classify", "raw scores (logits)", ClassReader(output, False).class_counts)


def labels_of(path: Path, content: bytes, found: TaskFound) -> LabelsFound | None:
    """The labels of the model that `content` is; None where it needs none."""
    if found.task not in ("detect", "classify"):
        return None
    try:
        where: Literal["inside", "beside"] = "beside" if packed_labels(path, content) is None else "inside"
        labels = find_labels(path, content, None, found.class_counts, None)
    except LabelsError as error:
        return LabelsFound(None, 0, (), str(error))
    return LabelsFound(where, len(labels), labels[:FIRST_LABELS], None)
