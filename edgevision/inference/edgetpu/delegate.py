"""The Edge TPU's delegate: which device a model is to have, and opening it."""

import ctypes
import os
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import chain, count
from pathlib import Path
from typing import Literal

from edgevision.errors import ConfigError, ModelError
from edgevision.inference.edgetpu.devices import THIS_MACHINE, Bus, EdgeTpu, Roots, device_name
from edgevision.inference.edgetpu.reasons import explain_load, explain_no_delegate, explain_prepare, explain_refusal
from edgevision.inference.runtime import Delegate, Interpreter, Runtime
from edgevision.record import record

LIBRARY = "libedgetpu.so.1"

LIBRARY_VARIABLE = "EDGEVISION_EDGETPU_LIBRARY"
"""The environment variable that names another library than the one that the dynamic loader finds."""


@record
class Accelerator:
    """What `model.accelerator` asks for. `bus` and `number` narrow an Edge TPU down; None: any."""

    kind: Literal["auto", "cpu", "edgetpu"]
    bus: Bus | None = None
    number: int | None = None

    @classmethod
    def parse(cls, text: str) -> "Accelerator":
        """From auto, cpu, edgetpu, edgetpu:usb, edgetpu:usb:N, edgetpu:pci or edgetpu:pci:N. Raises ConfigError."""
        match text.split(":"):
            case ["auto" | "cpu" | "edgetpu" as kind]:
                return cls(kind)
            case ["edgetpu", "usb" | "pci" as bus]:
                return cls("edgetpu", bus)
            case ["edgetpu", "usb" | "pci" as bus, number] if re.fullmatch("[0-9]{1,2}", number):
                return cls("edgetpu", bus, int(number))
        raise ConfigError(f"accelerator {text!r} is not one of auto, cpu, edgetpu, edgetpu:usb[:N], edgetpu:pci[:N]")

    @property
    def device(self) -> str:
        """libedgetpu's `device` option for it; empty is any."""
        return ":".join(str(part) for part in (self.bus, self.number) if part is not None)

    def __str__(self) -> str:
        return device_name(self.device) if self.kind == "edgetpu" else self.kind


AUTO = Accelerator("auto")


def named_twice(wishes: Sequence[Accelerator]) -> list[Accelerator]:
    """The Edge TPUs that more than one model asks for by number: each can serve one."""
    counts = Counter(wish for wish in wishes if wish.number is not None)
    return [wish for wish, models in counts.items() if models > 1]


def assign_devices(wishes: Sequence[Accelerator], found: Sequence[EdgeTpu] = ()) -> list[str | None]:
    """libedgetpu's `device` option for each model that uses an Edge TPU, one device a model; None for cpu.

    Numbers asked for stay; the other models get what is left of the Edge TPUs `found`, and where those don't suffice,
    numbers that don't exist yet: such a model is refused until another Edge TPU is plugged in.
    """
    wanting = [wish for wish in wishes if wish.kind != "cpu"]
    if len(wanting) == 1:  # whichever works
        return [None if wish.kind == "cpu" else wish.device for wish in wishes]
    taken: set[str | None] = {wish.device for wish in wanting if wish.number is not None}
    devices: list[str | None] = [None] * len(wishes)
    # Those that take any are served last, so that they leave the right ones to the others.
    for index in sorted(range(len(wishes)), key=lambda index: wishes[index].bus is None):
        wish = wishes[index]
        if wish.kind != "cpu":
            devices[index] = _free_device(wish, taken, wanting, found)
            taken.add(devices[index])
    return devices


def _free_device(
    wish: Accelerator, taken: Collection[str | None], wanting: Sequence[Accelerator], found: Sequence[EdgeTpu]
) -> str:
    if wish.number is not None:
        return wish.device
    existing = (str(device) for device in found if wish.bus in (None, device.bus))
    # `:N` counts the devices of both buses; its first ones are those that go by their bus already.
    first = 0 if wish.bus else max(len(found), sum(other.bus is not None for other in wanting))
    missing = (f"{wish.bus or ''}:{number}" for number in count(first))
    return next(device for device in chain(existing, missing) if device not in taken)


def library_name() -> str:
    """The delegate library to open: EDGEVISION_EDGETPU_LIBRARY, else what the dynamic loader finds."""
    return os.environ.get(LIBRARY_VARIABLE) or LIBRARY


def open_delegate(
    runtime: Runtime,
    device: str,
    library: str | None = None,
    options: Mapping[str, str] | None = None,
    roots: Roots = THIS_MACHINE,
) -> Delegate:
    """The Edge TPU `device` (libedgetpu's option; empty: any) as a delegate for an interpreter.

    A library that wasn't built for the runtime may end this process: try it in another one first. `roots` is where
    the reason is looked for when it is refused. Raises AcceleratorError with the reason and the mend.
    """
    library = library or library_name()
    try:
        # Here first: what the runtime's class can't load, it prints a traceback about when it is collected.
        loaded = ctypes.CDLL(library)
    except OSError as error:
        raise explain_load(library, error) from error
    if not all(hasattr(loaded, f"tflite_plugin_{name}_delegate") for name in ("create", "destroy")):
        raise explain_no_delegate(library)
    try:
        return runtime.load_delegate(library, {"device": device, **(options or {})})
    except ValueError as error:
        # load_delegate adds a sentence of its own to the library's reason, which is the cause.
        raise explain_refusal(library, device, str(error.__cause__ or error.__context__ or ""), roots) from error


def open_on(runtime: Runtime, path: Path, content: bytes, device: str, library: str | None = None) -> Interpreter:
    """An interpreter for the compiled model `content` on the Edge TPU `device`; `path` is for messages.

    Raises AcceleratorError with the reason and the mend.
    """
    delegate = open_delegate(runtime, device, library)
    try:
        return runtime.open(path, content, threads=1, delegates=(delegate,))
    except ModelError as error:
        reason = str(error.__cause__ or error)
        raise explain_prepare(library or library_name(), device, str(runtime), reason) from error
