"""Telling what kind of model a file holds, and with it how to read its outputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from edgevision.errors import ModelError
from edgevision.inference.classify import ClassReader, gives_probabilities
from edgevision.inference.embed import VectorReader
from edgevision.inference.postprocessed import PostprocessedReader, class_counts, find_outputs
from edgevision.inference.preprocess import InputFormat
from edgevision.inference.raw_heads import RawHeadsReader, find_raw_heads, open_raw_heads
from edgevision.inference.reader import Reader, Task
from edgevision.inference.tensors import Graph, Tensor
from edgevision.record import record

if TYPE_CHECKING:
    from edgevision.inference.ssd_parameters import SsdParameters

OUTPUT_TYPES = ("uint8", "int8", "int16", "float32")


@record
class Hints:
    """What the file doesn't tell: the task that is asked for, and the reader of its twin, for the Edge TPU hides much.

    `ssd_parameters` is called for a detector without post-processing only.
    """

    task: Literal["auto"] | Task
    ssd_parameters: Callable[[], SsdParameters]
    twin: Reader | None = None


def find_reader(graph: Graph, form: InputFormat, hints: Hints) -> Reader:
    """A reader for the outputs of `graph`, a model that takes `form`.

    Raises ModelError (to be read after the file's name) when the outputs are of no kind that edgevision reads, or not
    of the kind that the task needs.
    """
    detector = _find_detector(graph, form, hints)
    if detector is not None:
        if hints.task in ("auto", "detect"):
            return detector()
        raise ModelError(f"is a detection model (outputs {graph.found()}), but its task is set to {hints.task}")
    if hints.task == "detect":
        raise ModelError(
            f"has the outputs {graph.found()}; to detect, expected the boxes, classes, scores and count of"
            " TFLite_Detection_PostProcess, or raw box encodings [1, N, 4] and class scores [1, N, C]"
        )
    output = _only_vector(graph)
    if output is None:
        raise ModelError(
            f"has the outputs {graph.found()}; expected four of a detector, or box encodings [1, N, 4] and class"
            " scores [1, N, C], or one [1, classes] of a classifier"
        )
    if hints.task == "embed" or (hints.task == "auto" and isinstance(hints.twin, VectorReader)):
        return VectorReader(output)
    if isinstance(hints.twin, ClassReader):
        return ClassReader(output, hints.twin.probabilities)
    return ClassReader(output, gives_probabilities(output, graph.operators))


def _find_detector(graph: Graph, form: InputFormat, hints: Hints) -> Callable[[], Reader] | None:
    postprocessed = find_outputs(graph.outputs, graph.operators, graph.signature)
    if postprocessed is not None:
        counts = class_counts(graph.operators, graph.tensors)
        if not counts and hints.twin is not None:
            counts = hints.twin.class_counts or ()
        return lambda: PostprocessedReader(postprocessed, counts)
    heads = find_raw_heads(graph)
    if heads is None:
        return None
    twin = hints.twin if isinstance(hints.twin, RawHeadsReader) else None
    converted = None if twin is None else twin.converter == "none"
    return lambda: open_raw_heads(heads, graph, form, hints.ssd_parameters(), converted)


def _only_vector(graph: Graph) -> Tensor | None:
    """The only output, when it is a vector [1, …, n]."""
    if len(graph.outputs) != 1:
        return None
    output = graph.outputs[0]
    is_vector = output.shape[:1] == (1,) and sum(side != 1 for side in output.shape) <= 1 and 0 not in output.shape
    return output if is_vector and output.dtype in OUTPUT_TYPES else None
