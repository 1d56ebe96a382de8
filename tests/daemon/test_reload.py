"""When the configuration is read again, and what comes of it."""

import logging
import os
import threading
from pathlib import Path
from typing import NoReturn

import pytest

from edgevision.config.loader import load_config
from edgevision.daemon.config_file import SETTLED, ConfigFile
from edgevision.daemon.models import open_models
from edgevision.daemon.reload import Loaded, Reloading
from edgevision.errors import ConfigError

LEAST = "cameras: {front: {source: {type: picamera2}}}\n"


def test_a_change_is_told_once_when_it_has_settled(tmp_path: Path) -> None:
    path = tmp_path / "edgevision.yaml"
    path.write_text(LEAST)
    file = ConfigFile(path)
    assert not file.changed(0.0)
    path.write_text(LEAST + "#")
    assert not file.changed(1.0)
    path.write_text(LEAST + "##")
    assert not file.changed(1.0 + SETTLED)
    assert file.changed(1.1 + 2 * SETTLED)
    assert not file.changed(100.0)


def test_an_editor_that_puts_another_file_in_its_place_is_noticed(tmp_path: Path) -> None:
    path, other = tmp_path / "edgevision.yaml", tmp_path / "other"
    path.write_text(LEAST)
    file = ConfigFile(path)
    other.write_text(LEAST)
    os.utime(other, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    other.replace(path)
    assert not file.changed(1.0)
    assert file.changed(1.0 + SETTLED)


def test_a_file_that_goes_away_for_a_moment_is_not_read_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "edgevision.yaml"
    path.write_text(LEAST)
    file = ConfigFile(path)
    path.unlink()
    assert not any(file.changed(now) for now in (1.0, 3.0, 100.0))
    path.write_text(LEAST + "# back\n")
    assert not file.changed(101.0)
    assert file.changed(101.0 + SETTLED)


def test_what_was_read_for_another_reason_is_no_change(tmp_path: Path) -> None:
    path = tmp_path / "edgevision.yaml"
    path.write_text(LEAST)
    file = ConfigFile(path)
    path.write_text(LEAST + "#")
    file.note()
    assert not any(file.changed(now) for now in (1.0, 3.0, 100.0))


def fail(_: Path) -> NoReturn:
    raise KeyError("a mistake of ours")


def read_again(path: Path, *at_hand: Loaded) -> Loaded | ConfigError | None:
    """What reading the configuration again gives, with the models of what was read before."""
    ended = threading.Event()
    reading = Reloading(path, [model for loaded in at_hand for model in loaded.models], ended.set)
    assert ended.wait(60)
    return reading.result


def test_models_that_stay_the_same_are_not_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "edgevision.yaml"
    path.write_text("model: {threads: 1}\n" + LEAST)
    config = load_config(path)
    first = Loaded(config, open_models(config, measure_threads=False))
    path.write_text("model: {threads: 1, threshold: 0.9, max_detections: 3}\n" + LEAST)
    second = read_again(path, first)
    assert isinstance(second, Loaded)
    assert second.models[0].model is first.models[0].model
    assert second.config.settings.model.threshold == 0.9
    path.write_text("model: {threads: 2}\n" + LEAST)
    third = read_again(path, second)
    assert isinstance(third, Loaded)
    assert third.models[0].model is not first.models[0].model


def test_a_model_file_that_was_replaced_is_opened_again(tmp_path: Path) -> None:
    bundled = Path(__file__).parents[2] / "models"
    for name in ("person.tflite", "person.txt"):
        (tmp_path / name).write_bytes((bundled / name).read_bytes())
    path = tmp_path / "edgevision.yaml"
    path.write_text("model: {threads: 1, path: person.tflite}\n" + LEAST)
    config = load_config(path)
    first = Loaded(config, open_models(config, measure_threads=False))
    model = tmp_path / "person.tflite"
    os.utime(model, (0, 0))
    second = read_again(path, first)
    assert isinstance(second, Loaded)
    assert second.models[0].model is not first.models[0].model


def test_a_mistake_is_told_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "edgevision.yaml"
    path.write_text("model: {threshold: 7}\n" + LEAST)
    result = read_again(path)
    assert isinstance(result, ConfigError)
    assert str(result).startswith(f"{path}:1:20: model.threshold: 7 is not between 0 and 1")


def test_a_mistake_of_ours_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "edgevision.yaml"
    path.write_text(LEAST)
    monkeypatch.setattr("edgevision.daemon.reload.load_settled", fail)
    with caplog.at_level(logging.ERROR):
        result = read_again(path)
    assert isinstance(result, ConfigError)
    assert "a mistake of ours" in caplog.text
