"""All that `edgevision models inspect` tells of a file."""

import hashlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

from edgevision.errors import ModelError
from edgevision.inference.model_file import read_model_file
from edgevision.modeltools.inspection.cost import (
    KINDS,
    Kind,
    Layer,
    SeparableConvolution,
    activation_bytes,
    layers_of,
    operator_counts,
    parameters_outside_layers,
    separable_convolutions,
)
from edgevision.modeltools.inspection.edgetpu import EdgeTpu, look_at
from edgevision.modeltools.inspection.family import Family, family_of
from edgevision.modeltools.inspection.flatbuffer import read_network
from edgevision.modeltools.inspection.graph import BITS, Description, FileTensor, Network
from edgevision.modeltools.inspection.schema import load_schema
from edgevision.modeltools.inspection.task import LabelsFound, TaskFound, labels_of, task_of
from edgevision.record import record


@record
class Share:
    """What the layers of one kind cost; the fractions are of the whole network."""

    kind: Kind
    layers: int
    parameters: int
    parameters_fraction: float
    macs: int
    macs_fraction: float


@record
class Standard:
    """The network with every depthwise separable convolution replaced by the standard one that does the same job.

    `saving` is how many times the multiply-accumulates of the replaced layers grow; `law` the least and the most of
    1/N + 1/Dk² among them.
    """

    separable_convolutions: int
    parameters: int
    macs: int
    saving: float
    law: tuple[float, float]


@record
class Report:
    """What is in a .tflite file. `parameters` and `macs` are those of the layers; `uncounted`: layers whose shape is
    not in the file."""

    path: Path
    bytes: int
    sha256: str
    description: Description
    task: TaskFound
    family: Family | None
    inputs: tuple[FileTensor, ...]
    outputs: tuple[FileTensor, ...]
    labels: LabelsFound | None
    weights: str
    operators: dict[str, int]
    custom_operators: tuple[str, ...]
    subgraphs: int
    parameters: int
    other_constants: int
    macs: int
    uncounted: int
    activation_bytes: int
    shares: tuple[Share, ...]
    standard: Standard | None
    edge_tpu: EdgeTpu
    layers: tuple[Layer, ...]


def inspect_file(path: Path) -> Report:
    """Look into a .tflite file. Raises ModelError when it isn't one, is damaged, or the schema is missing."""
    schema = load_schema()
    content = read_model_file(path)
    network = read_network(path, content, schema)
    try:
        layers = layers_of(network)
    except ValueError as error:
        raise ModelError(f"{path} is damaged ({error}): get the file anew") from error
    graph = network.plain()
    task = task_of(graph)
    inputs = tuple(network.tensors[index] for index in network.inputs)
    weight_bytes = sum(layer.parameters * BITS.get(layer.weights, 0) // 8 for layer in layers)
    return Report(
        path=path,
        bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        description=network.description,
        task=task,
        family=family_of(layers, detects=task.task == "detect", side=_picture_side(inputs)),
        inputs=inputs,
        outputs=tuple(network.tensors[index] for index in network.outputs),
        labels=labels_of(path, content, task),
        weights=_weight_types(layers),
        operators=operator_counts(network),
        custom_operators=tuple(sorted(network.custom)),
        subgraphs=network.subgraphs,
        parameters=sum(layer.parameters for layer in layers),
        other_constants=parameters_outside_layers(network),
        macs=sum(layer.macs for layer in layers),
        uncounted=sum(not layer.macs for layer in layers),
        activation_bytes=activation_bytes(network),
        shares=tuple(_share(kind, layers) for kind in KINDS if any(layer.kind == kind for layer in layers)),
        standard=_standard(network, layers),
        edge_tpu=look_at(network, weight_bytes),
        layers=tuple(layers),
    )


def to_json(report: Report) -> dict[str, Any]:
    """The report as plain JSON values; docs/models.md tells what each key means."""
    entries = asdict(report) | {"path": str(report.path)}
    for key in ("inputs", "outputs"):
        entries[key] = [_tensor_entry(tensor) for tensor in getattr(report, key)]
    return entries


def _tensor_entry(tensor: FileTensor) -> dict[str, Any]:
    quantization = tensor.quantization
    return {
        "name": tensor.name,
        "shape": tensor.shape,
        "dtype": tensor.dtype,
        "dynamic": tensor.dynamic,
        "quantization": None if quantization is None else asdict(quantization),
    }


def _picture_side(inputs: tuple[FileTensor, ...]) -> int | None:
    """The smaller side of the first input that is a picture."""
    for tensor in inputs:
        match tensor.shape:
            case (_, height, width, 1 | 3):
                return min(height, width)
    return None


def _weight_types(layers: list[Layer]) -> str:
    """`int8, one scale a channel`, `float16`, `mixed: float32 and int8`."""
    types = sorted({layer.weights for layer in layers})
    if len(types) > 1:
        return f"mixed: {' and '.join(types)}"
    per_channel = any(layer.per_channel for layer in layers)
    return f"{types[0]}, one scale a channel" if per_channel else "".join(types)


def _share(kind: Kind, layers: list[Layer]) -> Share:
    parameters, macs = sum(layer.parameters for layer in layers), sum(layer.macs for layer in layers)
    own = [layer for layer in layers if layer.kind == kind]
    own_parameters, own_macs = sum(layer.parameters for layer in own), sum(layer.macs for layer in own)
    return Share(kind, len(own), own_parameters, own_parameters / max(parameters, 1), own_macs, own_macs / max(macs, 1))


def _standard(network: Network, layers: list[Layer]) -> Standard | None:
    pairs: list[SeparableConvolution] = separable_convolutions(network, layers)
    if not pairs:
        return None
    macs, standard_macs = sum(pair.macs for pair in pairs), sum(pair.standard_macs for pair in pairs)
    parameters = sum(pair.depthwise.parameters + pair.pointwise.parameters for pair in pairs)
    return Standard(
        separable_convolutions=len(pairs),
        parameters=sum(layer.parameters for layer in layers)
        - parameters
        + sum(pair.standard_parameters for pair in pairs),
        macs=sum(layer.macs for layer in layers) - macs + standard_macs,
        saving=standard_macs / macs,
        law=(min(pair.law for pair in pairs), max(pair.law for pair in pairs)),
    )
