"""Models and accelerators as the doctor sees them."""

from pathlib import Path

import pytest

from edgevision.config.config import Config
from edgevision.daemon.models import ModelInUse
from edgevision.doctor.models import look_at_accelerator, look_at_models
from edgevision.inference.edgetpu.devices import USB_RUNNING, USB_UNSTARTED
from tests.doctor.cases import NOBODY, PICTURES, case, unconfigured
from tests.edgetpu.machine import Machine as Devices


@pytest.fixture
def devices(tmp_path: Path) -> Devices:
    return Devices(tmp_path / "machine")


@pytest.fixture(autouse=True)
def no_edge_tpu_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEVISION_EDGETPU_LIBRARY", "libnot-here.so.1")


def test_the_bundled_model_is_right(tmp_path: Path) -> None:
    (finding,) = look_at_models(case(tmp_path))
    assert (finding.check, finding.status) == ("model person", "ok")
    assert "1 label" in finding.text


def test_a_damaged_model_is_a_wrong_configuration_with_line_and_column(tmp_path: Path) -> None:
    (tmp_path / "bad.tflite").write_bytes(b"TFL3" * 100)
    (finding,) = look_at_models(case(tmp_path, model={"path": str(tmp_path / "bad.tflite")}))
    assert finding.status == "problem"
    assert finding.wrong_configuration
    assert f"{tmp_path}/edgevision.yaml:" in finding.text
    assert finding.remedy


def test_a_label_that_the_model_lacks_is_told(tmp_path: Path) -> None:
    source = {"type": "images", "path": str(PICTURES)}
    (finding,) = look_at_models(case(tmp_path, cameras={"front": {"source": source, "labels": {"dragon": {}}}}))
    assert finding.wrong_configuration
    assert "dragon" in finding.text


def test_a_model_that_the_services_user_may_not_read(tmp_path: Path, models: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    path = closed / "bird.tflite"
    path.write_bytes((models / "mobilenet_v1_0.25_128_quant.tflite").read_bytes())
    path.with_suffix(".txt").write_bytes((models / "imagenet_labels.txt").read_bytes())
    (finding,) = look_at_models(case(tmp_path, model={"path": str(path)}, user=NOBODY))
    assert finding.status == "problem"
    assert f"nobody may not read {path}" in finding.text


def test_no_edge_tpu_is_right_where_none_is_wanted(tmp_path: Path) -> None:
    assert [one.status for one in look_at_accelerator(unconfigured(tmp_path))] == ["ok"]
    assert [one.status for one in look_at_accelerator(case(tmp_path))] == ["ok"]
    assert [one.status for one in look_at_accelerator(case(tmp_path, model={"accelerator": "cpu"}))] == ["ok"]


def test_an_edge_tpu_that_is_wanted_and_not_plugged_in(tmp_path: Path, devices: Devices) -> None:
    findings = look_at_accelerator(case(tmp_path, model={"accelerator": "edgetpu:usb"}))
    assert {one.status for one in findings} == {"problem"}
    assert "1a6e:089a or 18d1:9302" in str(findings[0])
    devices.add_usb(2, 3)
    findings = look_at_accelerator(case(tmp_path, model={"accelerator": "edgetpu:usb:1"}))
    assert "no Edge TPU number 1" in findings[0].text


@pytest.mark.parametrize("started", [False, True])
def test_both_names_of_a_coral_are_known(tmp_path: Path, devices: Devices, started: bool) -> None:
    devices.add_usb(2, 3, USB_RUNNING if started else USB_UNSTARTED)
    device, library = look_at_accelerator(case(tmp_path))
    assert device.status == "ok"
    assert ("18d1:9302" if started else "1a6e:089a") in device.text
    assert library.status == "warning"
    assert "libnot-here.so.1 is not installed" in library.text


def test_a_library_that_is_missing_is_a_problem_where_an_edge_tpu_is_asked_for(
    tmp_path: Path, devices: Devices, monkeypatch: pytest.MonkeyPatch
) -> None:
    devices.add_pci("0000:01:00.0", 0)
    asked = case(tmp_path, model={"accelerator": "edgetpu"})
    assert [one.status for one in look_at_accelerator(asked)] == ["ok", "problem"]
    monkeypatch.setenv("EDGEVISION_EDGETPU_LIBRARY", "libc.so.6")
    assert [one.status for one in look_at_accelerator(asked)] == ["ok", "ok"]


def test_a_card_without_its_driver(tmp_path: Path, devices: Devices) -> None:
    devices.add_pci("0000:01:00.0", None)
    device, _ = look_at_accelerator(case(tmp_path))
    assert device.status == "problem"
    assert "gasket-dkms" in (device.remedy or "")


def test_an_edge_tpu_that_is_in_use_is_left_alone(
    tmp_path: Path, devices: Devices, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = devices.add_usb(2, 3)
    devices.add_process(7, "python3", node)
    device, _ = look_at_accelerator(case(tmp_path))
    assert device.status == "problem"
    assert "python3 (process 7)" in device.text
    (devices.roots.proc / "7" / "cmdline").write_bytes(
        b"/opt/edgevision/bin/python\0/opt/edgevision/bin/edgevision\0run"
    )
    device, _ = look_at_accelerator(case(tmp_path))
    assert device.status == "ok"
    opened: list[str] = []

    def note(config: Config, *, measure_threads: bool) -> list[ModelInUse]:
        opened.append(config.settings.model_for("front").accelerator)
        return []

    monkeypatch.setattr("edgevision.doctor.models.open_models", note)
    assert look_at_models(case(tmp_path)) == []
    assert opened == ["cpu"]
