"""Every model that a configuration uses is opened once, and whatever is wrong with one is told at its place."""

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from edgevision.config.config import Config
from edgevision.config.loader import load_config
from edgevision.daemon.models import open_models
from edgevision.errors import ConfigError
from edgevision.inference.accelerated import AcceleratedModel
from edgevision.inference.edgetpu.devices import find_devices
from edgevision.inference.opening import Choice, open_accelerated
from tests.edgetpu.build import FakeEdgeTpu
from tests.edgetpu.machine import Machine

pytest_plugins = ["tests.edgetpu.fixtures"]

NAME = "mobilenet_v1_0.25_128_quant"


@pytest.fixture
def folder(models: Path, tmp_path: Path) -> Path:
    for name in (NAME, f"{NAME}_edgetpu"):
        shutil.copy(models / f"{name}.tflite", tmp_path)
    shutil.copy(models / "imagenet_labels.txt", tmp_path / f"{NAME}.txt")
    return tmp_path


def configured(folder: Path, model: str, *cameras: str) -> Config:
    path = folder / "edgevision.yaml"
    lines = [
        f"  c{number}: {{source: {{type: picamera2, index: {number}}}, model: {overrides}}}"
        for number, overrides in enumerate(cameras or ("{}",))
    ]
    path.write_text("\n".join([f"model: {model}", "cameras:", *lines]))
    return load_config(path)


def test_cameras_share_a_model_unless_something_but_the_threshold_differs(folder: Path) -> None:
    config = configured(
        folder,
        f"{{path: {NAME}.tflite}}",
        "{}",
        "{threshold: 0.9, max_detections: 1}",
        "{resize: stretch}",
        "{normalize: {mean: 1, std: 2}}",
        "{name: person}",
        "{accelerator: cpu}",
    )
    models = open_models(config, measure_threads=False)
    assert [in_use.cameras for in_use in models] == [("c0", "c1"), ("c2",), ("c3",), ("c4",), ("c5",)]
    assert [in_use.name for in_use in models] == [NAME, NAME, NAME, "person", NAME]


def test_a_model_knows_the_least_score_that_matters_to_any_of_its_cameras(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leasts = []

    def opened(choice: Choice, *arguments: Any, **options: Any) -> AcceleratedModel:
        leasts.append(choice.options["least"])
        return open_accelerated(choice, *arguments, **options)

    monkeypatch.setattr("edgevision.daemon.models.open_accelerated", opened)
    config = configured(folder, "{name: person}", "{}", "{threshold: 0.4}", f"{{path: {NAME}.tflite, threshold: 0.8}}")
    open_models(config, measure_threads=False)
    assert leasts == [0.2, 0.4]


def test_a_model_that_crashes_is_a_mistake_of_the_configuration(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = folder / "child"
    program.write_text("#!/bin/sh\nkill -SEGV $$\n")
    program.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(program))
    with pytest.raises(
        ConfigError, match=rf":1:15: model\.path: .*{NAME}\.tflite crashes \(SIGSEGV\) when it is opened"
    ):
        open_models(configured(folder, f"{{path: {NAME}.tflite}}"), measure_threads=False)


def test_by_itself_a_model_does_not_miss_an_edge_tpu_that_another_model_has(
    folder: Path,
    fake_edgetpu: FakeEdgeTpu,
    machine: Machine,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    machine.add_usb(1, 4, speed=480)
    monkeypatch.setattr("edgevision.inference.opening.find_devices", lambda: find_devices(machine.roots))
    paths = [f"{{path: {NAME}_edgetpu.tflite}}", f"{{path: {NAME}_edgetpu.tflite, resize: stretch}}"]
    first, second = open_models(configured(folder, "{}", *paths), measure_threads=False)
    assert (first.model.state.in_use, first.model.state.degraded) == ("edgetpu:usb:0", None)
    assert (second.model.state.in_use, second.model.state.degraded) == ("cpu", None)
    assert "usb:0 is in a USB 2 port" in caplog.text


def test_a_camera_s_own_model_has_no_use_for_the_twin_of_the_top_level_one(folder: Path) -> None:
    config = configured(
        folder, f"{{path: {NAME}_edgetpu.tflite, cpu_path: {NAME}.tflite}}", "{}", f"{{path: {NAME}.tflite}}"
    )
    models = open_models(config, measure_threads=False)
    assert [in_use.model.info.path.name for in_use in models] == [f"{NAME}.tflite"] * 2


def test_a_folder_whose_name_is_no_utf8_holds_models_as_any_other(folder: Path) -> None:
    odd = folder / "caf\udce9"
    odd.mkdir()
    for suffix in ("tflite", "txt"):
        shutil.copy(folder / f"{NAME}.{suffix}", odd)
    (in_use,) = open_models(configured(odd, f"{{path: {NAME}.tflite}}"), measure_threads=False)
    assert in_use.name == NAME


def test_every_mistake_is_told_at_its_place(folder: Path) -> None:
    config = configured(
        folder,
        f"{{path: {NAME}_edgetpu.tflite, cpu_path: gone.tflite}}",
        "{}",
        "{path: none.tflite}",
        f"{{path: {NAME}.tflite, labels: none.txt}}",
        f"{{path: {NAME}.tflite, cpu_path: {NAME}.tflite}}",
    )
    with pytest.raises(ConfigError) as refused:
        open_models(config, measure_threads=False)
    told = str(refused.value).splitlines()
    assert len(told) == 4
    for line, (where, words) in zip(
        told,
        [
            (":1:69: model.cpu_path:", "gone.tflite does not exist"),
            ("cameras.c1.model.path:", "none.tflite does not exist"),
            (
                "cameras.c3.model.cpu_path:",
                f"{NAME}.tflite isn't compiled for the Edge TPU, so it has no use for model.cpu_path",
            ),
            ("cameras.c2.model.labels", "none.txt does not exist"),
        ],
        strict=True,
    ):
        assert where in line
        assert words in line


def test_one_edge_tpu_is_not_given_to_two_models(folder: Path, fake_edgetpu: FakeEdgeTpu) -> None:
    fake_edgetpu.behave(devices=2)
    shutil.copy(folder / f"{NAME}_edgetpu.tflite", folder / "b_edgetpu.tflite")
    paths = [f"path: {NAME}_edgetpu.tflite", f"path: b_edgetpu.tflite, cpu_path: {NAME}.tflite"]
    twice = [f"{{{path}, accelerator: 'edgetpu:usb:0'}}" for path in paths]
    with pytest.raises(ConfigError) as refused:
        open_models(configured(folder, "{}", *twice), measure_threads=False)
    for camera, line in zip(("c0", "c1"), str(refused.value).splitlines(), strict=True):
        assert f"cameras.{camera}.model.accelerator: edgetpu:usb:0 is another model's, too: it runs one model" in line
    each = [f"{{{path}, accelerator: 'edgetpu:usb:{number}'}}" for number, path in enumerate(paths)]
    models = open_models(configured(folder, "{}", *each), measure_threads=False)
    assert [in_use.model.state.in_use for in_use in models] == ["edgetpu:usb:0", "edgetpu:usb:1"]
