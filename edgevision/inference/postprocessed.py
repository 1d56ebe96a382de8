"""Detection with TFLite_Detection_PostProcess in the model: telling its four outputs apart and reading them."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence

from edgevision.errors import ModelError
from edgevision.inference.detect import best_of
from edgevision.inference.labels import Labels
from edgevision.inference.reader import Answer, Task, Values, Wanted
from edgevision.inference.tensors import Operator, Tensor
from edgevision.record import record

POSTPROCESS = "TFLite_Detection_PostProcess"
ROLES = ("boxes", "classes", "scores", "count")
"""The operator's outputs in its own order (tensorflow/lite/kernels/detection_postprocess.cc)."""

ROLE_WORDS = {
    "count": {"num", "number", "count"},
    "boxes": {"boxes", "box", "locations", "location"},
    "classes": {"classes", "class", "categories", "category"},
    "scores": {"scores", "score"},
}
"""What an output's name says of it. `num_boxes` is a count: that role is asked first."""


@record
class DetectionOutputs:
    """The tensors that hold N candidate boxes, of which the first `count` are real.

    `boxes` [1, N, 4] as ymin, xmin, ymax, xmax in fractions of the input picture; `classes` and `scores` [1, N];
    `count` [1].
    """

    boxes: Tensor
    classes: Tensor
    scores: Tensor
    count: Tensor


@record
class PostprocessedReader:
    """Reads boxes that the model has decoded and suppressed itself."""

    found: DetectionOutputs
    class_counts: tuple[int, ...]
    task: Task = "detect"

    def read(self, values: Values, labels: Labels, wanted: Wanted) -> Answer:
        """The boxes of at least the threshold."""
        tensors = self.found
        candidates = tensors.scores.shape[1]
        (counted,) = tensors.count.numbers(values(tensors.count).reshape(1))
        # What lies behind the count is uninitialised memory.
        count = min(max(int(counted), 0), candidates) if math.isfinite(counted) else 0
        # There are few: plain numbers are faster than arrays.
        scores, classes, boxes = [
            tensor.numbers(values(tensor))[0][:count] for tensor in (tensors.scores, tensors.classes, tensors.boxes)
        ]
        return Answer(best_of(zip(scores, classes, boxes, strict=True), labels, wanted))


def find_outputs(
    tensors: Sequence[Tensor], operators: Iterable[Operator], signature: Mapping[str, str]
) -> DetectionOutputs | None:
    """Which output is which; None when these are not a detection model's.

    Told by the operator that makes them, else by the names of the signature or the tensors, else by their sizes; never
    by position, for converters put them in any order. `signature` maps tensor names to the signature's names.
    """
    by_index = {tensor.index: tensor for tensor in tensors}
    operator = next((op for op in operators if op.name == POSTPROCESS), None)
    if operator is not None and len(operator.outputs) == len(ROLES) and set(operator.outputs) <= by_index.keys():
        return _checked(dict(zip(ROLES, (by_index[index] for index in operator.outputs), strict=True)))
    roles = _named(tensors, signature)
    for tensor in (tensor for tensor in tensors if tensor not in roles.values()):
        role = _role_by_size(tensor, [role for role in ROLES if role not in roles])
        if role is None:
            return None
        roles[role] = tensor
    return _checked(roles) if len(roles) == len(ROLES) else None


def class_counts(operators: Iterable[Operator], tensors: Mapping[int, Tensor]) -> tuple[int, ...]:
    """How many classes the detection operator may tell apart, the likeliest first; empty when unknown.

    Its second input has a column a class, mostly with a background in front that the answers leave out.
    """
    operator = next((op for op in operators if op.name == POSTPROCESS), None)
    if operator is None or len(operator.inputs) < 2 or operator.inputs[1] not in tensors:
        return ()
    columns = tensors[operator.inputs[1]].shape[-1]
    return (columns - 1, columns) if columns > 1 else (columns,)


def _named(tensors: Sequence[Tensor], signature: Mapping[str, str]) -> dict[str, Tensor]:
    roles: dict[str, Tensor] = {}
    for tensor in tensors:
        role = _role_by_name(signature.get(tensor.name, "")) or _role_by_name(tensor.name)
        if role is not None:
            roles.setdefault(role, tensor)
    return roles


def _role_by_name(name: str) -> str | None:
    match = re.fullmatch(rf"{POSTPROCESS}(?::([0-3]))?", name)
    if match:
        return ROLES[int(match[1] or 0)]
    words = set(re.split(r"[^a-z]+", name.lower()))
    return next((role for role, said in ROLE_WORDS.items() if words & said), None)


def _role_by_size(tensor: Tensor, missing: Sequence[str]) -> str | None:
    """Boxes and count have sizes of their own; classes and scores only when the other is known."""
    match tensor.shape:
        case (1, _, 4):
            role = "boxes"
        case (1,) | ():
            role = "count"
        case _:
            left = [role for role in missing if role in ("classes", "scores")]
            role = left[0] if len(left) == 1 else ""
    return role if role in missing else None


def _checked(roles: Mapping[str, Tensor]) -> DetectionOutputs:
    outputs = DetectionOutputs(**roles)
    candidates = outputs.scores.shape[-1] if outputs.scores.shape else 0
    shapes = (outputs.boxes.shape, outputs.classes.shape, outputs.scores.shape)
    if shapes != ((1, candidates, 4), (1, candidates), (1, candidates)) or outputs.count.shape not in ((1,), ()):
        found = ", ".join(f"{role} {tensor}" for role, tensor in roles.items())
        raise ModelError(f"has the outputs {found}; expected boxes [1, N, 4], classes [1, N], scores [1, N], count [1]")
    return outputs
