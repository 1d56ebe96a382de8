"""`edgevision models list` and `models pull` as users type them, and `model.name` after that."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgevision.modeltools.catalogue import catalogue
from tests.daemon_process import ROOT, edgevision, environment
from tests.modeltools.file_server import FileServer, file_server

NAME = "mobilenet_v1_0.25_128_quant"
PARTS = (f"{NAME}.tflite", f"{NAME}_edgetpu.tflite", "imagenet_labels.txt")
IN_PLACE = {f"{NAME}.tflite", f"{NAME}_edgetpu.tflite", f"{NAME}.txt", f"{NAME}.sha256"}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration that names the model, keeps its state here, and has a secret that is the daemon's alone."""
    path = tmp_path / "my edgevision.yaml"
    path.write_text(
        "mqtt: {password: !env OF_THE_DAEMON_ALONE}\n"
        f"model: {{name: {NAME}}}\n"
        "state_dir: state\n"
        "cameras: {front: {source: {type: picamera2}}}\n"
    )
    return path


@pytest.fixture
def server(models: Path) -> Iterator[FileServer]:
    with file_server({name: (models / name).read_bytes() for name in PARTS}) as running:
        yield running


def in_place(config: Path) -> set[str]:
    folder = config.parent / "state" / "models"
    return {path.name for path in folder.iterdir() if path.is_file()} if folder.is_dir() else set()


def state_of(config: Path) -> str:
    listed = json.loads(edgevision("models", "list", "--json", "-c", config).stdout)
    return str(next(model["state"] for model in listed if model["name"] == NAME))


def on_a_terminal(*arguments: str | Path, columns: int = 160) -> tuple[int, str]:
    """Exit status and what is shown on a terminal, without colours."""
    parent, child = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "edgevision", *map(str, arguments)],
        stdout=child,
        stderr=child,
        env=environment({"COLUMNS": str(columns), "TERM": "xterm"}),
        cwd=ROOT,
    )
    os.close(child)
    shown = b""
    try:
        while data := os.read(parent, 65536):
            shown += data
    except OSError:  # Linux tells so that the other end is closed
        pass
    os.close(parent)
    return process.wait(30), re.sub(r"\x1b\[[0-9;]*m", "", shown.decode())


def test_list_tells_the_same_models_as_lines_as_json_and_as_a_table() -> None:
    lines = [line.split("\t") for line in edgevision("models", "list").stdout.splitlines()]
    assert [line[0] for line in lines] == list(catalogue())
    assert lines[0][:4] == ["person", "detect", "300x300 uint8", "1"]
    assert lines[0][7] == "bundled"
    listed = json.loads(edgevision("models", "list", "--json").stdout)
    assert [model["name"] for model in listed] == list(catalogue())
    keys = {"name", "task", "input", "classes", "accuracy", "licence", "model", "labels", "edgetpu", "state"}
    assert all(set(model) == keys for model in listed)
    for columns in (160, 80):
        status, shown = on_a_terminal("models", "list", columns=columns)
        assert status == 0
        assert all(name in shown for name in catalogue())
        facts = ("128x128 uint8", "1001", "0.5", "39.5 % top-1 (ImageNet)", "Apache-2.0", "not here", "bundled")
        assert all(fact in shown for fact in facts)
        assert max(map(len, shown.splitlines()[:-1])) <= columns
    status, shown = on_a_terminal("models", "list", columns=30)
    assert status == 0
    assert all(name in "".join(shown.split()) for name in catalogue()), "a narrow one folds the names"


def test_pull_then_list_then_check_and_pull_again(config: Path, server: FileServer) -> None:
    assert state_of(config) == "not here"
    pull = edgevision("models", "pull", NAME, "-c", config, "--from", server.url)
    assert pull.returncode == 0, pull.stderr
    assert f"{NAME} is here: {config.parent}/state/models/{NAME}.tflite" in pull.stdout
    assert f"model: {{name: {NAME}}}" in pull.stdout
    assert in_place(config) == IN_PLACE
    assert state_of(config) == "pulled"
    check = edgevision("check", "-c", config, env={"OF_THE_DAEMON_ALONE": "x"})
    assert check.returncode == 0, check.stderr
    assert f"{NAME}: classify, input 128x128 RGB uint8, 1001 labels" in check.stdout
    again = edgevision("models", "pull", NAME, "-c", config)
    assert again.returncode == 0
    assert "is here already, and verified" in again.stdout


def test_a_named_model_that_is_not_here_exits_78_with_its_place_and_the_command_that_gets_it(config: Path) -> None:
    for command in ("check", "run"):
        said = edgevision(command, "-c", config, env={"OF_THE_DAEMON_ALONE": "x"})
        assert said.returncode == 78
        assert said.stderr.startswith(f"{config}:2:15: model.name: the model {NAME} is not here")
        assert said.stderr.endswith(f": edgevision models pull {NAME} -c '{config}'\n")


def test_a_pulled_model_that_was_changed_is_not_run(config: Path, server: FileServer) -> None:
    edgevision("models", "pull", NAME, "-c", config, "--from", server.url)
    (config.parent / "state" / "models" / f"{NAME}.tflite").write_bytes(b"0000TFL3")
    check = edgevision("check", "-c", config, env={"OF_THE_DAEMON_ALONE": "x"})
    assert check.returncode == 78
    assert "is not what was pulled (expected 525598 bytes, found 8): edgevision models pull" in check.stderr
    assert state_of(config) == "damaged"
    assert edgevision("models", "pull", NAME, "-c", config, "--from", server.url).returncode == 0
    assert state_of(config) == "pulled"


def test_pull_shows_a_bar_on_a_terminal(config: Path, server: FileServer) -> None:
    server.manners.pause = 0.05
    status, shown = on_a_terminal("models", "pull", NAME, "-c", config, "--from", server.url)
    assert status == 0
    assert "━" in shown
    assert "verified" in shown


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_pull_that_is_ended_midway_leaves_nothing_in_place_and_goes_on_the_next_time(
    config: Path, server: FileServer, by: signal.Signals
) -> None:
    server.manners.stall_after = 262_144
    command = [sys.executable, "-m", "edgevision", "models", "pull", NAME, "-c", str(config), "--from", server.url]
    pulling = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    deadline = time.monotonic() + 30
    while partial_bytes(config) < 262_144 and time.monotonic() < deadline:
        time.sleep(0.02)
    pulling.send_signal(by)
    said = pulling.communicate(timeout=30)[1]
    assert "Traceback" not in said
    if by == signal.SIGINT:
        assert pulling.returncode == 1
        assert said == "edgevision: stopped; what came is kept: run the command again to go on\n"
    assert in_place(config) == set()
    server.manners.stall_after = None
    server.asked.clear()
    again = edgevision("models", "pull", NAME, "-c", config, "--from", server.url)
    assert again.returncode == 0, again.stderr
    assert in_place(config) == IN_PLACE
    assert max(asked.first_byte or 0 for asked in server.asked) == 262_144


def partial_bytes(config: Path) -> int:
    """How much of the largest partial file is there."""
    return max((path.stat().st_size for path in (config.parent / "state").glob("models/.partial/*")), default=0)


def test_a_failed_download_exits_1_with_one_sentence(config: Path, server: FileServer) -> None:
    server.manners.status = 500
    pull = edgevision("models", "pull", NAME, "-c", config, "--from", server.url)
    assert pull.returncode == 1
    assert pull.stderr.startswith(f"edgevision: {server.url}")
    assert pull.stderr.count("\n") == 1


@pytest.mark.parametrize("command", ["list", "pull"])
def test_a_closed_standard_output_is_no_reason_to_fail(config: Path, server: FileServer, command: str) -> None:
    arguments = {"list": ["-c", str(config)], "pull": [NAME, "-c", str(config), "--from", server.url]}[command]
    shell = ["sh", "-c", 'exec "$@" >&-', "sh", sys.executable, "-m", "edgevision", "models", command, *arguments]
    done = subprocess.run(shell, stderr=subprocess.PIPE, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_standard_output_that_takes_nothing_is_not_taken_for_a_full_folder(config: Path, server: FileServer) -> None:
    command = [sys.executable, "-m", "edgevision", "models", "pull", NAME, "-c", str(config), "--from", server.url]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, cwd=ROOT)
    assert done.stderr.startswith("edgevision: standard output can't be written (No space left on device)")
    assert "Traceback" not in done.stderr


def test_a_name_or_a_source_that_makes_no_sense_is_a_wrong_command_line(config: Path) -> None:
    unknown = edgevision("models", "pull", "mobilenet_v1_0.25_128_qant", "-c", config)
    assert unknown.returncode == 2
    assert f"did you mean '{NAME}'?" in " ".join(unknown.stderr.replace("│", " ").split())
    assert edgevision("models", "pull", NAME, "-c", config, "--from", "/no/such/thing").returncode == 2
    assert edgevision("models", "pull").returncode == 2


def test_the_bundled_model_needs_no_pull() -> None:
    pull = edgevision("models", "pull", "person")
    assert pull.returncode == 0
    assert "comes with edgevision" in pull.stdout


def test_a_configuration_that_cannot_tell_its_state_dir_exits_78(config: Path) -> None:
    for text, words in (("state_dir: [1]\n", ":1:12: state_dir: a path is needed"), ("state_dir: ''\n", "is empty")):
        config.write_text(text)
        for command in (("list",), ("pull", NAME)):
            said = edgevision("models", *command, "-c", config)
            assert said.returncode == 78
            assert words in said.stderr
    assert edgevision("models", "list", "-c", config.parent / "none.yaml").returncode == 78


def test_a_start_with_the_bundled_model_does_not_read_the_catalogue() -> None:
    code = (
        "import edgevision.config.schema as s, edgevision.modeltools.catalogue as c, sys;"
        "s.ModelSettings(name='person'); assert c.catalogue.cache_info().misses == 0;"
        "assert not {'urllib.request', 'rich', 'tarfile', 'numpy'} & set(sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
