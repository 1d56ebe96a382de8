"""A model compiled for the Edge TPU and the one that it was compiled from: finding the two, and whether they agree."""

import math
import os
from collections.abc import Sequence
from dataclasses import field
from pathlib import Path

from edgevision.errors import ModelError
from edgevision.inference.edgetpu.compiled import compiled_twin, cpu_twin, is_compiled
from edgevision.inference.edgetpu.delegate import LIBRARY_VARIABLE, Accelerator
from edgevision.inference.edgetpu.devices import find_devices
from edgevision.inference.labels import Labels
from edgevision.inference.model_file import read_model_and_status, read_model_file
from edgevision.inference.tensors import Tensor
from edgevision.inference.vetting import Ends
from edgevision.record import record


@record
class Pair:
    """The file that the CPU runs, and the same model compiled for the Edge TPU where one is to be used.

    `read` is what was in `cpu`, and its status, where it has been read already.
    """

    cpu: Path
    compiled: Path | None
    read: tuple[bytes, os.stat_result] | None = field(default=None, repr=False, compare=False)


def find_pair(path: Path, cpu_path: Path | None, accelerator: Accelerator) -> Pair:
    """The files to open: `path` and its twin, which is `cpu_path` or goes by the usual names X and X_edgetpu.

    Raises ModelError when a twin is needed and isn't there.
    """
    content, status = read_model_and_status(path)
    if is_compiled(content):
        return Pair(_cpu_twin(path, cpu_path), None if accelerator.kind == "cpu" else path)
    if cpu_path is not None:
        raise ModelError(f"{path} isn't compiled for the Edge TPU, so it has no use for model.cpu_path: leave that out")
    if accelerator.kind == "edgetpu" and cpu_twin(path) is not None:
        raise _misnamed(path)
    compiled = compiled_twin(path)
    if accelerator.kind == "edgetpu" and not compiled.is_file():
        raise ModelError(
            f"{path} isn't compiled for the Edge TPU, and there is no {compiled.name} beside it: compile it with"
            " edgetpu_compiler, or set model.accelerator to cpu"
        )
    wanted = accelerator.kind == "edgetpu" or (accelerator.kind == "auto" and _has_edge_tpu())
    if not wanted or not compiled.is_file():
        return Pair(path, None, (content, status))
    if not is_compiled(read_model_file(compiled)):
        # The CPU would run it, whatever accelerator it is given, and nobody would know.
        raise _misnamed(compiled)
    return Pair(path, compiled, (content, status))


def compare_tensors(pair: Pair, cpu: Ends, compiled: Ends) -> None:
    """Raises ModelError when the twins take or give different things."""
    for what, of_cpu, of_compiled in (
        ("input", cpu.inputs, compiled.inputs),
        ("output", cpu.outputs, compiled.outputs),
    ):
        if len(of_cpu) != len(of_compiled) or not all(map(_alike, of_cpu, of_compiled)):
            raise _disagree(
                pair, f"the {what} is {_describe(of_cpu)} of the one, {_describe(of_compiled)} of the other"
            )


def compare_labels(pair: Pair, cpu: Labels, compiled: Labels) -> None:
    """Raises ModelError when a class goes by another name in each of the twins."""
    for number, (ours, theirs) in enumerate(zip(cpu, compiled, strict=True)):
        if ours != theirs:
            raise _disagree(pair, f"class {number} is {ours!r} in the one, {theirs!r} in the other")


def _cpu_twin(path: Path, cpu_path: Path | None) -> Path:
    twin = cpu_path or cpu_twin(path)
    if twin is None or not (cpu_path or twin.is_file()):
        missing = "" if twin is None else f"; there is no {twin.name} beside it"
        raise ModelError(
            f"{path} is compiled for the Edge TPU{missing}: set model.cpu_path to the model that it was compiled from,"
            " which runs when the Edge TPU doesn't"
        )
    if is_compiled(read_model_file(twin)):
        raise ModelError(f"{twin} is compiled for the Edge TPU itself: the CPU needs the model that was compiled")
    return twin


def _misnamed(path: Path) -> ModelError:
    return ModelError(
        f"{path} isn't compiled for the Edge TPU, as its name says, or it is damaged: compile it with edgetpu_compiler,"
        " or set model.accelerator to cpu"
    )


def _has_edge_tpu() -> bool:
    """Whether `auto` is to try: there is a device, or somebody names a library."""
    return bool(find_devices()) or LIBRARY_VARIABLE in os.environ


def _alike(one: Tensor, other: Tensor) -> bool:
    """But for the name, which compilers change, and the rounding of the scale."""
    return (one.shape, one.dtype, one.zero_point) == (other.shape, other.dtype, other.zero_point) and math.isclose(
        one.scale, other.scale, rel_tol=1e-4
    )


def _describe(tensors: Sequence[Tensor]) -> str:
    return ", ".join(f"{tensor} (scale {tensor.scale:g}, zero point {tensor.zero_point})" for tensor in tensors)


def _disagree(pair: Pair, how: str) -> ModelError:
    return ModelError(
        f"{pair.cpu} is not what {pair.compiled} was compiled from: {how}; give the right twin as model.cpu_path"
    )
