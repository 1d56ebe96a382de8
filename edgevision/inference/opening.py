"""From what the configuration chooses to a model that runs: files found, vetted, compared and opened."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any, TypeVar

from edgevision.backoff import Backoff
from edgevision.errors import AcceleratorError, AcceleratorLibraryError, ModelError
from edgevision.inference.accelerated import AcceleratedModel
from edgevision.inference.edgetpu.delegate import AUTO, Accelerator, assign_devices, library_name, open_delegate
from edgevision.inference.edgetpu.devices import device_name, find_devices, slow_port
from edgevision.inference.edgetpu.reasons import explain_invoke, explain_prepare
from edgevision.inference.find_labels import find_labels
from edgevision.inference.known_models import KnownModels
from edgevision.inference.model import Model
from edgevision.inference.model_file import read_model_and_status, read_model_file, sha256_of
from edgevision.inference.runtime import load_runtime
from edgevision.inference.twins import Pair, compare_labels, compare_tensors
from edgevision.inference.vetting import DEADLINE, DelegateRequest, vet
from edgevision.record import record

log = logging.getLogger(__name__)

TRIES = 3
"""The first opening after boot often fails: the Edge TPU loads its firmware then, and comes back as another device."""

PAUSE = 1.0
"""Seconds between two tries."""

Result = TypeVar("Result")


@record
class Choice:
    """A model to open: its file, the twin to fall back to, what is to run it, and the other arguments of `Model`."""

    path: Path
    cpu_path: Path | None = None
    accelerator: Accelerator = AUTO
    options: Mapping[str, Any] = field(default_factory=dict)


@record
class OnEdgeTpu:
    """A model compiled for the Edge TPU, and the device that it is to run on."""

    path: Path
    content: bytes
    twin: Model
    option: str
    """libedgetpu's `device`."""
    options: Mapping[str, Any]

    @property
    def device(self) -> str:
        """`edgetpu`, `edgetpu:usb:0`."""
        return device_name(self.option)

    def open(self) -> Model:
        """The model, ready to run on the Edge TPU. Raises AcceleratorError when it can't be had."""
        return with_three_tries(self.path, self.content, self.option, self._open)

    def _open(self) -> Model:
        runtime = load_runtime()
        delegate = open_delegate(runtime, self.option)
        try:
            return Model(
                self.path, content=self.content, delegates=(delegate,), twin=self.twin, runtime=runtime, **self.options
            )
        except ModelError as error:
            raise explain_prepare(library_name(), self.option, str(runtime), str(error.__cause__ or error)) from error

    def explain(self, reason: str) -> AcceleratorError:
        """What it means that the model failed on the Edge TPU with `reason`."""
        return explain_invoke(self.option, reason)


def with_three_tries(path: Path, content: bytes, option: str, then: Callable[[], Result]) -> Result:
    """Run a compiled model on the Edge TPU `option` in a child process, and where that went well, do `then`.

    Raises AcceleratorError with the last try's reason. Not tried again is what hangs, for
    that takes long enough, and a library that can't be loaded.
    """
    request = DelegateRequest(library_name(), option)
    until = time.monotonic() + DEADLINE
    tries = 0
    while True:
        tries += 1
        try:
            vet(path, content, delegate=request, deadline=DEADLINE)
            return then()
        except AcceleratorLibraryError:
            raise
        except (AcceleratorError, ModelError) as error:
            if tries == TRIES or time.monotonic() + PAUSE > until:
                # The file was vetted without the Edge TPU: whatever fails now, it is not the file's fault.
                raise AcceleratorError(str(error)) from error
        time.sleep(PAUSE)


def open_accelerated(
    choice: Choice,
    pair: Pair,
    device: str | None,
    backoff: Backoff | None = None,
    known: KnownModels | None = None,
) -> AcceleratedModel:
    """The pair's CPU model with the compiled one over it, where there is one to be used; `device` is libedgetpu's.

    `backoff` says how long to wait before an Edge TPU that failed is tried again. What is `known` is not tried again.
    Raises ModelError when a file can't be used, or the two don't agree.
    """
    content, status = pair.read or read_model_and_status(pair.cpu)
    sha256 = sha256_of(content) if known is None else known.sha256(content, status)
    ends = None if known is not None and sha256 in known else vet(pair.cpu, content)
    measure, threads = choice.options.get("threads", 1) is None, {}
    if measure and known is not None:
        threads = {"threads": known.threads(sha256)}
    cpu = Model(pair.cpu, content=content, sha256=sha256, **{**choice.options, **threads})
    if known is not None:
        known.note(sha256, cpu.info.threads if measure else None)
    if pair.compiled is None or device is None:
        return AcceleratedModel(cpu)
    compiled = read_model_file(pair.compiled)
    compare_tensors(pair, ends or vet(pair.cpu, content), vet(pair.compiled, compiled, run=False))
    if cpu.info.labels:
        given, fitting = choice.options.get("labels"), (len(cpu.info.labels),)
        compare_labels(pair, cpu.info.labels, find_labels(pair.compiled, compiled, given, fitting, cpu.info.labels))
    return AcceleratedModel(cpu, OnEdgeTpu(pair.compiled, compiled, cpu, device, choice.options), backoff)


def devices_for(choices: Sequence[Choice], pairs: Sequence[Pair]) -> list[str | None]:
    """libedgetpu's `device` for each model that is to use an Edge TPU, None for the others."""
    wishes = [
        choice.accelerator if pair.compiled else Accelerator("cpu") for choice, pair in zip(choices, pairs, strict=True)
    ]
    found = find_devices()
    if any(pair.compiled for pair in pairs):
        for warning in filter(None, map(slow_port, found)):
            log.warning(warning)
    devices = assign_devices(wishes, found)
    here = {str(device) for device in found}
    # By itself an Edge TPU is used where there is one; that there are fewer than models is no failure.
    return [
        None if wish.kind == "auto" and here and device and device not in here else device
        for wish, device in zip(wishes, devices, strict=True)
    ]
