"""Every wrong configuration ends the command with 78, one clear message with its line, and no traceback."""

import logging
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from edgevision.cli.main import main
from tests.config.wrong import CAMERAS, WRONG, WrongConfig
from tests.daemon_process import edgevision


@pytest.fixture(autouse=True)
def _no_handler_left_on_a_stream_that_closes() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers, root.level = handlers, level


@pytest.fixture(autouse=True)
def _a_model_that_is_none(tmp_path: Path) -> Iterator[None]:
    (tmp_path / "none.tflite").write_bytes(b"GIF89a, not a model")
    (tmp_path / "three.txt").write_text("cat\ndog\nowl\n")
    yield


FILES = [
    ("not a model", "model: {path: none.tflite}", 1, "is not a .tflite model"),
    ("a model that isn't there", "model: {path: gone.tflite}", 1, "does not exist"),
    ("labels that don't fit", "model: {labels: three.txt}", 1, "3 labels numbered 0 to 2, but the model has 1 or 2"),
    ("labels that aren't there", "model: {labels: gone.txt}", 1, "does not exist"),
    ("an authority that holds no certificate", "mqtt: {tls: {ca: three.txt}}", 1, "holds no certificate"),
    ("a task that isn't the model's", "model: {task: classify}", 1, "is a detection model"),
]


def run_main(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> NoReturn:
    monkeypatch.setattr(sys, "argv", ["edgevision", *arguments])
    main()
    raise AssertionError("the command did not exit")


@pytest.mark.parametrize("command", ["check", "run"])
@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.name)
def test_a_wrong_configuration_exits_78_with_its_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    wrong: WrongConfig,
    command: str,
) -> None:
    for name, content in wrong.files.items():
        (tmp_path / name).write_bytes(content)
    for name, value in wrong.env.items():
        monkeypatch.setenv(name, value)
    config = tmp_path / "edgevision.yaml"
    config.write_bytes(wrong.text)
    with pytest.raises(SystemExit) as exit_:
        run_main(monkeypatch, command, "-c", str(config))
    assert exit_.value.code == 78
    said = capsys.readouterr().err
    place = f"{config}:{wrong.line}:" + (f"{wrong.column}:" if wrong.column is not None else "")
    assert any(line.startswith(place) and wrong.expect in line for line in said.splitlines()), said
    assert "Traceback" not in said


@pytest.mark.parametrize("command", ["check", "run"])
@pytest.mark.parametrize(("name", "model", "line", "words"), FILES, ids=[file[0] for file in FILES])
def test_a_file_that_cannot_be_used_exits_78_with_the_line_that_asks_for_it(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    model: str,
    line: int,
    words: str,
    command: str,
) -> None:
    config = tmp_path / "edgevision.yaml"
    config.write_text(f"{model}\n{CAMERAS}\n")
    with pytest.raises(SystemExit) as exit_:
        run_main(monkeypatch, command, "-c", str(config))
    assert exit_.value.code == 78
    said = capsys.readouterr().err
    assert said.startswith(f"{config}:{line}:")
    assert words in said
    assert said.count("\n") == 1


def test_a_model_of_one_camera_is_reported_where_that_camera_asks_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "edgevision.yaml"
    config.write_text(
        "cameras:\n"
        "  front:\n    source: {type: picamera2}\n    model: {path: none.tflite}\n"
        "  back:\n    source: {type: picamera2, index: 1}\n    model: {path: gone.tflite}\n"
    )
    with pytest.raises(SystemExit) as exit_:
        run_main(monkeypatch, "check", "-c", str(config))
    assert exit_.value.code == 78
    said = capsys.readouterr().err.splitlines()
    assert [line.split(": ")[0] for line in said] == [f"{config}:4:19", f"{config}:7:19"]


def test_ten_megabytes_are_no_configuration(tmp_path: Path) -> None:
    config = tmp_path / "edgevision.yaml"
    config.write_bytes(CAMERAS.encode() + b"\n" + b"# and so on\n" * 900_000)
    assert config.stat().st_size > 10_000_000
    begun = time.monotonic()
    check = edgevision("check", "-c", config)
    assert time.monotonic() - begun < 10
    assert (check.returncode, check.stdout) == (78, "")
    assert check.stderr == f"{config}:1:1: the file is larger than 1 MiB; is it a configuration?\n"


def test_no_more_is_read_of_a_large_file_than_shows_that_it_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "edgevision.yaml"
    config.write_bytes(bytes(10_000_000))
    before = bytes_read()
    with pytest.raises(SystemExit) as exit_:
        run_main(monkeypatch, "check", "-c", str(config))
    assert exit_.value.code == 78
    assert "the file is larger than 1 MiB" in capsys.readouterr().err
    assert bytes_read() - before < 8_000_000, "modules are read, too"


def bytes_read() -> int:
    """By this process so far."""
    counters = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(counters["rchar"])


def test_the_process_itself_exits_with_these_statuses(tmp_path: Path) -> None:
    config = tmp_path / "edgevision.yaml"
    config.write_text("camera: {}\n")
    wrong = edgevision("run", "-c", config)
    assert (wrong.returncode, wrong.stdout) == (78, "")
    assert wrong.stderr.startswith(f"{config}:1:1: ")
    assert edgevision("run", "-c", tmp_path / "none.yaml").returncode == 78
    assert edgevision("dance").returncode == 2
    assert edgevision("run", "--nonsense").returncode == 2
