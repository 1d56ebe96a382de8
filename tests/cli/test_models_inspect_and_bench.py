"""`edgevision models inspect` and `bench`, as a newcomer would type them."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from edgevision.inference.bundled import bundled_model
from tests.daemon_process import ROOT, edgevision

PERSON = bundled_model("person")


def on_a_terminal(columns: int, *arguments: str | Path) -> str:
    """What the command shows on a terminal of that width, without colours and the like."""
    master, slave = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(columns), "TERM": "xterm"}
    command = [sys.executable, "-m", "edgevision", *map(str, arguments)]
    with subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=environment, cwd=ROOT) as process:
        os.close(slave)
        shown = b""
        try:
            while read := os.read(master, 65536):
                shown += read
        except OSError:  # the terminal's end, when the command has ended
            pass
        os.close(master)
        assert process.wait() == 0, shown
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown.decode())


def test_inspect_prints_plain_lines_that_no_width_breaks() -> None:
    done = edgevision("models", "inspect", PERSON)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    facts = dict(line.split(maxsplit=1) for line in lines[: lines.index("")])
    assert facts["task"] == "detect: boxes by TFLite_Detection_PostProcess"
    assert facts["network"] == "SSDLite MobileNet V2, width multiplier 1, resolution multiplier 1"
    assert facts["parameters"] == "3,019,750 (3.02 million)"
    assert len(facts["description"]) > 80
    assert "\x1b" not in done.stdout
    assert sum(" depthwise " in line for line in lines) == 33 + 2


@pytest.mark.parametrize("columns", [80, 200])
def test_inspect_fits_a_terminal(columns: int) -> None:
    shown = on_a_terminal(columns, "models", "inspect", PERSON).splitlines()
    assert max(map(len, shown)) <= columns
    named = any("expanded_conv_1/depthwise" in line for line in shown)
    assert named == (columns == 200), "names are for wide terminals"
    assert any("1x150x150x32" in line and "19,440,000" in line for line in shown), "no row of layers is broken"


def test_inspect_json_is_one_object() -> None:
    done = edgevision("models", "inspect", PERSON, "--json")
    entries = json.loads(done.stdout)
    assert entries["task"]["task"] == "detect"
    assert entries["macs"] == 616_952_240


@pytest.mark.parametrize("command", ["inspect", "bench"])
def test_what_is_no_model_is_said_in_one_line(command: str, tmp_path: Path) -> None:
    pipe, text = tmp_path / "pipe.tflite", tmp_path / "text.tflite"
    os.mkfifo(pipe)
    text.write_text("no model at all")
    for path in (tmp_path, tmp_path / "none.tflite", pipe, text):
        done = edgevision("models", command, path)
        assert done.returncode == 78
        assert (done.stdout, done.stderr.count("\n")) == ("", 1)
        assert str(path) in done.stderr


def test_names_in_a_file_cannot_move_the_cursor(models: Path, tmp_path: Path) -> None:
    whole = (models / "vww_96_int8.tflite").read_bytes()
    path = tmp_path / "names.tflite"
    path.write_bytes(whole.replace(b"input_1_int8", b"in\x1b[2Jut_int8"[:12]))
    done = edgevision("models", "inspect", path)
    assert done.returncode == 0
    assert "\x1b" not in done.stdout


def test_bench_prints_a_line_for_each_number_of_threads() -> None:
    done = edgevision("models", "bench", PERSON, "--threads", "1,2", "--seconds", "0.1")
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == ["measuring with 1 thread, about 0.1 s", "measuring with 2 threads, about 0.1 s"]
    assert "accelerator  cpu" in done.stdout
    assert [line.split()[0] for line in done.stdout.splitlines()[-2:]] == ["1", "2"]


def test_bench_fits_a_terminal() -> None:
    shown = on_a_terminal(80, "models", "bench", PERSON, "--threads", "1", "--seconds", "0.1")
    assert "frames/s" in shown
    assert "1 thread" in shown, "the progress bar"
    assert "\n 1 " in re.sub(" +", " ", shown), "the row of the table is in one piece"


def test_bench_json_is_one_object_and_the_progress_stays_out_of_it() -> None:
    done = edgevision("models", "bench", PERSON, "--threads", "1", "--seconds", "0.1", "--json")
    assert json.loads(done.stdout)["measurements"][0]["threads"] == 1


def test_a_bench_that_is_stopped_has_failed() -> None:
    command = [sys.executable, "-m", "edgevision", "models", "bench", str(PERSON), "--threads", "1", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as bench:
        assert bench.stderr is not None
        assert bench.stderr.readline().startswith("measuring")
        bench.send_signal(signal.SIGINT)
        said = bench.communicate(timeout=60)
    assert bench.returncode == 1
    assert said == ("", "edgevision: stopped: nothing has been measured to its end\n")


def test_a_bad_list_of_threads_is_a_wrong_command_line() -> None:
    done = edgevision("models", "bench", PERSON, "--threads", "0,1")
    assert done.returncode == 2
    assert "'0,1' is not a list of numbers" in done.stderr
