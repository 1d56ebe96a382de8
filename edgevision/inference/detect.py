"""Detection: reading the four outputs of TFLite_Detection_PostProcess."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgevision.errors import ModelError
from edgevision.inference.detection import Box, Detection
from edgevision.inference.labels import Labels, name_of
from edgevision.inference.tensors import Operator, Tensor

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


@dataclass(frozen=True, slots=True)
class DetectionOutputs:
    """The tensors that hold N candidate boxes, of which the first `count` are real.

    `boxes` [1, N, 4] as ymin, xmin, ymax, xmax in fractions of the input picture; `classes` and `scores` [1, N];
    `count` [1].
    """

    boxes: Tensor
    classes: Tensor
    scores: Tensor
    count: Tensor


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


def read_detections(
    boxes: NDArray[np.float64],
    classes: NDArray[np.float64],
    scores: NDArray[np.float64],
    labels: Labels,
    threshold: float,
) -> list[Detection]:
    """Detections of at least `threshold`, the highest score first.

    boxes [n, 4] as ymin, xmin, ymax, xmax; classes [n], scores [n]. Boxes are cut at the picture's edge; what isn't a
    number is left out.
    """
    kept = np.flatnonzero(scores >= threshold)
    found = []
    for number in kept[np.argsort(-scores[kept], kind="stable")]:
        corners = boxes[number]
        if not np.isfinite(corners).all():
            continue
        ymin, xmin, ymax, xmax = np.clip(corners, 0.0, 1.0).tolist()
        label = name_of(labels, round(float(classes[number])))
        found.append(Detection(label, min(float(scores[number]), 1.0), Box(xmin, ymin, xmax, ymax)))
    return found


def within(box: Box, crop: tuple[float, float, float, float]) -> Box:
    """`box`, in fractions of `crop`, as fractions of the whole frame that (xmin, ymin, xmax, ymax) was cut from."""
    left, top, right, bottom = crop
    width, height = right - left, bottom - top
    return Box(left + box.xmin * width, top + box.ymin * height, left + box.xmax * width, top + box.ymax * height)


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
