"""A model on the Edge TPU with its twin on the CPU under it: every picture is answered, whatever the Edge TPU does."""

import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from edgevision.backoff import Backoff
from edgevision.errors import AcceleratorError
from edgevision.inference.accelerated import AcceleratedModel
from edgevision.inference.edgetpu.delegate import Accelerator
from edgevision.inference.model import Model, Outputs
from edgevision.inference.opening import Choice, devices_for, open_accelerated
from edgevision.inference.prepared import Prepared
from edgevision.inference.twins import find_pair
from tests.edgetpu.build import FakeEdgeTpu

pytest_plugins = ["tests.edgetpu.fixtures"]

PICTURE = np.random.default_rng(0).integers(0, 256, (200, 200, 3), np.uint8)
BY_TPU = "stingray"
"""What the fake Edge TPU sees everywhere: class 7 of ImageNet's labels."""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, fake_edgetpu: FakeEdgeTpu) -> None:
    """No waiting between the tries; a device that one process has is refused to others, as the real one is."""
    monkeypatch.setattr("edgevision.inference.opening.PAUSE", 0.01)
    fake_edgetpu.behave(**{"class": 7}, exclusive=1)


@pytest.fixture
def choice(models: Path) -> Choice:
    """A model compiled for the Edge TPU, whose twin lies beside it."""
    path = models / "mobilenet_v1_0.25_128_quant_edgetpu.tflite"
    return Choice(path, options={"labels": models / "imagenet_labels.txt"})


def opened(*choices: Choice, first: float = 0.01) -> list[AcceleratedModel]:
    pairs = [find_pair(choice.path, choice.cpu_path, choice.accelerator) for choice in choices]
    devices = devices_for(choices, pairs)
    return [
        open_accelerated(choice, pair, device, Backoff(first, max(first, 1.0)))
        for choice, pair, device in zip(choices, pairs, devices, strict=True)
    ]


def best(model: AcceleratedModel) -> str:
    """What the model sees in a picture."""
    return model.run(PICTURE, threshold=0.1, max_detections=1).detections[0].label


def run_until(model: AcceleratedModel, condition: Callable[[], bool]) -> list[str]:
    """What the model sees in picture after picture, until something is so."""
    seen = []
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until, model.state
        seen.append(best(model))
    return seen


def test_the_edge_tpu_answers_while_it_works(choice: Choice) -> None:
    (model,) = opened(choice)
    assert (model.state.in_use, model.state.degraded) == ("edgetpu", None)
    assert model.info.path == choice.path
    assert {best(model) for _ in range(20)} == {BY_TPU}


def test_fails_at_picture_50_for_100_pictures_and_comes_back(
    choice: Choice, fake_edgetpu: FakeEdgeTpu, caplog: pytest.LogCaptureFixture
) -> None:
    fake_edgetpu.behave(**{"class": 7}, exclusive=1, fail_after=50)
    (model,) = opened(choice)
    assert [best(model) for _ in range(50)] == [BY_TPU] * 50

    without = [best(model) for _ in range(100)]
    assert BY_TPU not in without
    assert len(set(without)) == 1, "the twin answers the picture in hand as it answers all others"
    assert model.state.in_use == "cpu"
    assert model.state.degraded is not None
    assert "USB transfer failed" in caplog.text
    assert model.info.path.name == "mobilenet_v1_0.25_128_quant.tflite"

    fake_edgetpu.behave(**{"class": 7}, exclusive=1)
    fake_edgetpu.plug_in()
    meanwhile = run_until(model, lambda: model.state.degraded is None)
    assert set(meanwhile[:-1]) <= set(without)
    assert meanwhile[-1] == BY_TPU
    assert [best(model) for _ in range(20)] == [BY_TPU] * 20


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        ({"devices": 0}, "no such device"),
        ({"refuse": "quiet"}, "no Edge TPU is plugged in"),
        ({"refuse": "text"}, "doesn't answer"),
        ({"crash": "load"}, "SIGSEGV"),
        ({"crash": "prepare"}, "SIGSEGV"),
        ({"crash": "invoke"}, "SIGSEGV"),
        ({"fail": "prepare"}, "fake edgetpu"),
        ({"fail": "invoke"}, "fake edgetpu"),
    ],
)
def test_one_that_does_not_work_at_the_start_is_missed_by_no_picture(
    choice: Choice, fake_edgetpu: FakeEdgeTpu, behaviour: dict[str, str | int], words: str
) -> None:
    fake_edgetpu.behave(**behaviour)
    (model,) = opened(choice)
    assert model.state.in_use == "cpu"
    assert words in str(model.state.degraded)
    assert BY_TPU not in {best(model) for _ in range(10)}
    fake_edgetpu.behave(**{"class": 7})
    assert run_until(model, lambda: model.state.degraded is None)[-1] == BY_TPU


def test_a_missing_library_is_told_at_once_with_its_package(choice: Choice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgevision.inference.opening.PAUSE", 20.0)
    monkeypatch.setenv("EDGEVISION_EDGETPU_LIBRARY", "libnotthere.so.1")
    (model,) = opened(choice)
    assert "libnotthere.so.1 is not installed" in str(model.state.degraded)
    assert "sudo apt install libedgetpu1-std" in str(model.state.degraded)
    best(model)


def test_the_first_open_after_boot_may_fail_twice(choice: Choice, fake_edgetpu: FakeEdgeTpu) -> None:
    fake_edgetpu.behave(fail_opens=2)
    assert opened(choice)[0].state.degraded is None
    fake_edgetpu.behave(fail_opens=8)  # two of them have been
    assert opened(choice, first=60)[0].state.degraded is not None
    assert fake_edgetpu.count("refuse") == 2 + 3


def test_what_hangs_is_tried_once_and_stops_no_picture(
    choice: Choice, fake_edgetpu: FakeEdgeTpu, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgevision.inference.opening.DEADLINE", 2.0)
    fake_edgetpu.behave(hang="prepare")
    (model,) = opened(choice, first=0.5)
    assert "gave no answer within 2 s" in str(model.state.degraded)
    assert fake_edgetpu.count("open") == 1
    # The next try hangs as well, in its own thread, and these don't wait for it.
    run_until(model, lambda: fake_edgetpu.count("open") == 2)


def test_the_start_does_not_wait_for_one_that_takes_long(
    choice: Choice, fake_edgetpu: FakeEdgeTpu, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgevision.inference.accelerated.START_WAIT", 0.0)
    (model,) = opened(choice)
    assert model.state.degraded == "the accelerator edgetpu is being opened"
    seen = run_until(model, lambda: model.state.degraded is None)
    assert BY_TPU not in seen[:-1]
    assert seen[-1] == BY_TPU


def test_the_edge_tpu_needs_no_threads(choice: Choice) -> None:
    (model,) = opened(replace(choice, options={**choice.options, "threads": 2}))
    assert (model.state.in_use, model.info.threads) == ("edgetpu", 1)


def test_the_delegate_is_closed_after_its_interpreter_and_before_the_next_try(
    choice: Choice, fake_edgetpu: FakeEdgeTpu
) -> None:
    fake_edgetpu.behave(fail_after=3, exclusive=1)
    (model,) = opened(choice)
    run_until(model, lambda: model.state.degraded is not None)
    log = [event.split()[0] for event in fake_edgetpu.log()]
    assert log[log.index("fail") :][:3] == ["fail", "release", "close"]


def test_several_edge_tpus_serve_one_model_each(choice: Choice, models: Path, fake_edgetpu: FakeEdgeTpu) -> None:
    fake_edgetpu.behave(devices=2, exclusive=1)
    usb = [Choice(choice.path, accelerator=Accelerator.parse("edgetpu:usb"), options=choice.options) for _ in range(3)]
    first, second, third = opened(*usb)
    assert (first.state.in_use, second.state.in_use) == ("edgetpu:usb:0", "edgetpu:usb:1")
    assert third.state.in_use == "cpu"
    assert third.state.degraded
    assert len({best(model) for model in (first, second)}) == 1


@dataclass
class Moody:
    """An accelerator whose every try fails."""

    device: str = "edgetpu"
    tries: list[float] = field(default_factory=list)

    def open(self) -> Model:
        self.tries.append(time.monotonic())
        raise AcceleratorError("not today")

    def explain(self, reason: str) -> AcceleratorError:
        return AcceleratorError(reason)


class Waits(Backoff):
    """Notes the waits, and lets them be short."""

    def __init__(self) -> None:
        super().__init__(1.0, 8.0)
        self.asked: list[float] = []

    def wait(self) -> float:
        self.asked.append(super().wait())
        return 0.001


def test_it_is_tried_again_less_and_less_often_until_it_is_closed(models: Path, choice: Choice) -> None:
    cpu = Model(models / "mobilenet_v1_0.25_128_quant.tflite", **choice.options)
    moody, waits = Moody(), Waits()
    model = AcceleratedModel(cpu, moody, waits)
    run_until(model, lambda: len(moody.tries) >= 6)
    model.close()
    assert waits.asked[:6] == [1, 2, 4, 8, 8, 8]
    time.sleep(0.05)  # the one that is being made
    tries = len(moody.tries)
    time.sleep(0.1)
    assert len(moody.tries) == tries


def test_an_accelerator_that_flaps_is_tried_less_and_less_often(
    choice: Choice, fake_edgetpu: FakeEdgeTpu, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_edgetpu.behave(fail="invoke")
    waits = Waits()
    pair = find_pair(choice.path, None, choice.accelerator)
    monkeypatch.setattr("edgevision.inference.opening.vet", lambda *_, **__: None)
    monkeypatch.setattr("edgevision.inference.opening.compare_tensors", lambda *_: None)
    model = open_accelerated(choice, pair, "", waits)
    run_until(model, lambda: len(waits.asked) >= 5)
    assert waits.asked[:5] == [1, 2, 4, 8, 8], "that it could be opened in between is no success"


def test_one_that_has_worked_for_a_while_is_tried_soon_again(
    choice: Choice, fake_edgetpu: FakeEdgeTpu, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgevision.inference.accelerated.SETTLED", 5)
    fake_edgetpu.behave(**{"class": 7}, fail_after=3)
    waits = Waits()
    model = open_accelerated(choice, find_pair(choice.path, None, choice.accelerator), "", waits)
    run_until(model, lambda: len(waits.asked) >= 3)
    fake_edgetpu.behave(**{"class": 7})
    fake_edgetpu.plug_in()
    run_until(model, lambda: model.state.degraded is None)
    assert [best(model) for _ in range(5)] == [BY_TPU] * 5
    before = len(waits.asked)
    fake_edgetpu.unplug()
    best(model)
    assert waits.asked[before] == 1


class Stuck(Moody):
    """An accelerator that works at the start and hangs at the first picture, until `released`."""

    def __init__(self, cpu: Model) -> None:
        super().__init__()
        self.released, self._cpu, self.info = threading.Event(), cpu, cpu.info

    def open(self) -> Model:
        return self  # type: ignore[return-value]  # as far as AcceleratedModel looks

    def run_prepared(self, prepared: Prepared) -> Outputs:
        self.released.wait(30)
        raise AssertionError("it was to hang")


def test_one_that_hangs_at_a_picture_costs_no_picture(
    models: Path, choice: Choice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgevision.inference.accelerated.HANGS_AFTER", 0.2)
    cpu = Model(models / "mobilenet_v1_0.25_128_quant.tflite", **choice.options)
    stuck = Stuck(cpu)
    model = AcceleratedModel(cpu, stuck, Backoff(60, 60))
    assert not model.hung
    assert best(model)
    assert "no answer within 0.2 s" in str(model.state.degraded)
    assert model.hung, "its thread can't be waited for at the end"
    stuck.released.set()


def test_labels_are_those_of_the_start_when_it_comes_back(
    models: Path, tmp_path: Path, fake_edgetpu: FakeEdgeTpu
) -> None:
    name, labels = "mobilenet_v1_0.25_128_quant", tmp_path / "labels.txt"
    shutil.copyfile(models / "imagenet_labels.txt", labels)
    fake_edgetpu.behave(**{"class": 7}, fail_after=3)
    (model,) = opened(Choice(models / f"{name}_edgetpu.tflite", options={"labels": labels}), first=0.5)
    labels.write_text("other\n")
    run_until(model, lambda: model.state.degraded is not None)
    fake_edgetpu.plug_in()
    assert run_until(model, lambda: model.state.degraded is None)[-1] == BY_TPU


def test_a_try_that_finds_no_memory_or_process_for_it_is_not_the_last(
    choice: Choice, fake_edgetpu: FakeEdgeTpu, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_edgetpu.behave(**{"class": 7}, fail_after=3)
    (model,) = opened(choice)
    monkeypatch.setattr("sys.executable", "/nothing/here")
    run_until(model, lambda: "can't be tried" in str(model.state.degraded))
    monkeypatch.undo()
    fake_edgetpu.plug_in()
    fake_edgetpu.behave(**{"class": 7})
    assert run_until(model, lambda: model.state.degraded is None)[-1] == BY_TPU
