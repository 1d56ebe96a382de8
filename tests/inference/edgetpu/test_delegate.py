"""The Edge TPU's delegate, by a fake one in C: which device is asked for, and what is said when it isn't given."""

import gc
from pathlib import Path

import numpy as np
import pytest

from edgevision.errors import AcceleratorError, ConfigError
from edgevision.inference.edgetpu.delegate import (
    LIBRARY,
    Accelerator,
    assign_devices,
    library_name,
    named_twice,
    open_delegate,
)
from edgevision.inference.edgetpu.devices import Bus, EdgeTpu
from edgevision.inference.runtime import Interpreter, load_runtime
from tests.edgetpu.build import FakeEdgeTpu
from tests.edgetpu.machine import Machine

pytest_plugins = ["tests.edgetpu.fixtures"]

TOP = 386


def devices(*buses: Bus) -> list[EdgeTpu]:
    return [EdgeTpu(bus, buses[:index].count(bus), "", Path()) for index, bus in enumerate(buses)]


def wishes(*texts: str) -> list[Accelerator]:
    return [Accelerator.parse(text) for text in texts]


def compiled_model(models: Path) -> bytes:
    return (models / "mobilenet_v1_0.25_128_quant_edgetpu.tflite").read_bytes()


def opened(models: Path, device: str = "", **options: str) -> Interpreter:
    """The compiled model on the fake."""
    runtime = load_runtime()
    delegate = open_delegate(runtime, device, options={f"fake.{name}": value for name, value in options.items()})
    interpreter = runtime.interpreter_class(
        model_content=compiled_model(models), experimental_delegates=[delegate], num_threads=1
    )
    interpreter.allocate_tensors()
    return interpreter


def answer(interpreter: Interpreter, shade: int = 0) -> tuple[int, int]:
    """The class with the highest score, and that score, for a picture of one shade."""
    interpreter.tensor(interpreter.get_input_details()[0]["index"])().fill(shade)
    interpreter.invoke()
    scores = interpreter.tensor(interpreter.get_output_details()[0]["index"])().reshape(-1)
    return int(np.argmax(scores)), int(scores.max())


@pytest.mark.parametrize(
    ("text", "device"),
    [
        ("auto", ""),
        ("cpu", ""),
        ("edgetpu", ""),
        ("edgetpu:usb", "usb"),
        ("edgetpu:usb:0", "usb:0"),
        ("edgetpu:pci", "pci"),
        ("edgetpu:pci:12", "pci:12"),
    ],
)
def test_an_accelerator_is_read_and_written_alike(text: str, device: str) -> None:
    accelerator = Accelerator.parse(text)
    assert str(accelerator) == text
    assert accelerator.device == device


@pytest.mark.parametrize(
    "text", ["", "gpu", "auto:usb", "cpu:0", "edgetpu:0", "edgetpu:usb:", "edgetpu:usb:-1", "EdgeTPU"]
)
def test_what_is_no_accelerator_is_refused_with_what_there_is(text: str) -> None:
    with pytest.raises(ConfigError, match="is not one of auto, cpu, edgetpu"):
        Accelerator.parse(text)


@pytest.mark.parametrize(
    ("texts", "found", "assigned"),
    [
        (["edgetpu"], [], [""]),
        (["cpu", "auto"], ["usb", "usb"], [None, ""]),
        (["edgetpu:usb", "cpu"], [], ["usb", None]),
        (["edgetpu", "auto", "edgetpu"], [], [":0", ":1", ":2"]),
        (["edgetpu:usb", "edgetpu:usb"], [], ["usb:0", "usb:1"]),
        (["edgetpu", "edgetpu"], ["usb", "pci"], ["usb:0", "pci:0"]),
        (["edgetpu", "edgetpu:usb:0"], ["usb", "pci"], ["pci:0", "usb:0"]),
        (["edgetpu", "edgetpu:usb"], ["usb", "pci"], ["pci:0", "usb:0"]),
        (["edgetpu:usb", "edgetpu:usb:0"], ["usb", "usb"], ["usb:1", "usb:0"]),
        (["edgetpu", "edgetpu", "edgetpu"], ["usb"], ["usb:0", ":1", ":2"]),
        (["edgetpu:pci", "edgetpu"], [], ["pci:0", ":1"]),
    ],
)
def test_several_models_get_an_edge_tpu_each(texts: list[str], found: list[Bus], assigned: list[str | None]) -> None:
    assert assign_devices(wishes(*texts), devices(*found)) == assigned


def test_one_edge_tpu_named_for_two_models_is_told() -> None:
    assert named_twice(wishes("edgetpu:usb:0", "edgetpu:pci:0", "edgetpu", "edgetpu", "edgetpu:usb:0")) == wishes(
        "edgetpu:usb:0"
    )


def test_a_variable_names_another_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EDGEVISION_EDGETPU_LIBRARY", raising=False)
    assert library_name() == LIBRARY
    monkeypatch.setenv("EDGEVISION_EDGETPU_LIBRARY", "/opt/libedgetpu.so")
    assert library_name() == "/opt/libedgetpu.so"


@pytest.mark.parametrize(
    ("library", "message"),
    [
        ("libedgetpu-not-here.so.1", "libedgetpu-not-here.so.1 is not installed: .*libedgetpu1-std"),
        ("libm.so.6", "libm.so.6 is no delegate"),
        (__file__, "test_delegate.py can't be loaded .*invalid ELF header"),
    ],
)
@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")  # a traceback about Delegate.__del__
def test_a_library_that_does_not_do_is_told(library: str, message: str) -> None:
    with pytest.raises(AcceleratorError, match=message):
        open_delegate(load_runtime(), "", library)
    gc.collect()


def test_a_library_for_another_processor_is_told(fake_library: Path, tmp_path: Path) -> None:
    foreign = tmp_path / "libedgetpu.so.1"
    header = bytearray(fake_library.read_bytes())
    header[18:20] = b"\x08\x00"  # e_machine: MIPS
    foreign.write_bytes(header)
    with pytest.raises(AcceleratorError, match="made for another kind of processor"):
        open_delegate(load_runtime(), "", str(foreign))


def test_a_library_that_lacks_another_one_is_told(fake_library: Path, tmp_path: Path) -> None:
    # The name of the C library among those that the file says it needs.
    broken = tmp_path / "libedgetpu.so.1"
    broken.write_bytes(fake_library.read_bytes().replace(b"libc.so.6\0", b"libz.so.6\0"))
    with pytest.raises(AcceleratorError, match=r"needs libz\.so\.6, which is not installed"):
        open_delegate(load_runtime(), "", str(broken))


def test_a_compiled_model_runs_on_the_edge_tpu(fake_edgetpu: FakeEdgeTpu, models: Path) -> None:
    fake_edgetpu.behave(**{"class": TOP})
    interpreter = opened(models)
    assert answer(interpreter) == (TOP, 250)
    assert fake_edgetpu.log() == ["open usb:0", "prepare usb:0", "invoke usb:0"]


def test_different_pictures_have_different_answers(fake_edgetpu: FakeEdgeTpu, models: Path) -> None:
    interpreter = opened(models)
    assert answer(interpreter, 1) == answer(interpreter, 1) != answer(interpreter, 2)


def test_the_device_asked_for_is_the_one_that_is_opened(fake_edgetpu: FakeEdgeTpu, models: Path) -> None:
    fake_edgetpu.behave(devices=2, pci=1)
    for device, is_given in {":1": "usb:1", "usb:0": "usb:0", "pci": "pci:0", ":2": "pci:0"}.items():
        opened(models, device)
        assert f"open {is_given}" in fake_edgetpu.log()[-5:]


def test_the_delegate_outlives_its_interpreter(fake_edgetpu: FakeEdgeTpu, models: Path) -> None:
    interpreter = opened(models)
    answer(interpreter)
    del interpreter
    gc.collect()
    assert fake_edgetpu.log()[-2:] == ["release usb:0", "close usb:0"]


@pytest.mark.parametrize("device", [":1", "usb:1", "pci", "usb:x"])
def test_a_device_that_is_not_there_is_refused(fake_edgetpu: FakeEdgeTpu, machine: Machine, device: str) -> None:
    with pytest.raises(AcceleratorError, match="there is no such device"):
        open_delegate(load_runtime(), device, roots=machine.roots)
    assert fake_edgetpu.log() == [f"refuse {device}"]


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_a_refusal_with_a_text_passes_it_on(fake_edgetpu: FakeEdgeTpu, machine: Machine) -> None:
    machine.add_usb(1, 1)
    fake_edgetpu.behave(refuse="text")
    with pytest.raises(AcceleratorError, match=r"can't be opened.*says: fake edgetpu: the device doesn't answer\)"):
        open_delegate(load_runtime(), "usb", roots=machine.roots)
    gc.collect()


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_a_refusal_without_a_text_says_what_can_be_seen(fake_edgetpu: FakeEdgeTpu, machine: Machine) -> None:
    machine.add_process(400, "frigate", machine.add_usb(1, 1))
    fake_edgetpu.behave(refuse="quiet")
    with pytest.raises(AcceleratorError, match=r"in use by frigate \(process 400\)[^()]*$"):
        open_delegate(load_runtime(), "usb", roots=machine.roots)
    gc.collect()


def test_a_delegate_that_cannot_be_prepared_says_why(fake_edgetpu: FakeEdgeTpu, models: Path) -> None:
    fake_edgetpu.behave(fail="prepare")
    with pytest.raises(RuntimeError, match="could not map the executable"):
        opened(models)


def test_options_reach_the_delegate(fake_edgetpu: FakeEdgeTpu, models: Path) -> None:
    with pytest.raises(RuntimeError, match="could not map the executable"):
        opened(models, fail="prepare")
    assert fake_edgetpu.count("open") == 1


def test_the_device_that_fails_works_again_when_it_is_plugged_in(fake_edgetpu: FakeEdgeTpu, models: Path) -> None:
    fake_edgetpu.behave(fail_after=3, **{"class": TOP})
    interpreter = opened(models)
    for _ in range(3):
        assert answer(interpreter) == (TOP, 250)
    with pytest.raises(RuntimeError, match="USB transfer failed"):
        answer(interpreter)
    assert fake_edgetpu.unplugged
    with pytest.raises(AcceleratorError):
        open_delegate(load_runtime(), "")
    fake_edgetpu.plug_in()
    assert [answer(opened(models))[0] for _ in range(5)] == [TOP] * 5
