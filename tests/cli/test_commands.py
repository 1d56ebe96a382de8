"""The commands beside `run`, as a newcomer would type them."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from edgevision import __version__
from tests.daemon_process import ROOT, DaemonProcess, edgevision
from tests.mosquitto import Mosquitto
from tests.test_main_job import configuration, pictures


def test_demo_detects_persons_through_its_own_broker_and_saves_a_picture(tmp_path: Path) -> None:
    output = tmp_path / "found.jpg"
    demo = edgevision("demo", "--output", output)
    assert demo.returncode == 0, demo.stderr
    received = [line.split(" ", 1) for line in demo.stdout.splitlines() if line.startswith("edgevision/demo/")]
    assert received[0] == ["edgevision/demo/status", "online"]
    assert received[-1] == ["edgevision/demo/status", "offline"]
    found = [json.loads(payload) for topic, payload in received if topic == "edgevision/demo/pictures/detections"]
    assert [one["frame"]["source"] for one in found] == ["astronaut.jpg", "camera.jpg", "grace_hopper.jpg"]
    assert {entry["label"] for one in found for entry in one["detections"]} == {"person"}
    assert str(output) in demo.stdout
    drawn = cv2.imread(str(output))
    assert drawn is not None
    assert drawn.shape[0] == 400
    assert "edgevision run -c" in demo.stdout


def test_demo_uses_a_broker_that_is_named(tmp_path: Path, broker: Mosquitto) -> None:
    subscriber = broker.subscribe("edgevision/demo/+/detections")
    demo = edgevision("demo", "--host", broker.host, "--port", str(broker.port), "-o", tmp_path / "found.png")
    assert demo.returncode == 0, demo.stderr
    subscriber.wait_for(lambda seen: len(seen) == 3, "the detections")


def test_demo_says_what_is_wrong_in_one_sentence(tmp_path: Path, broker: Mosquitto) -> None:
    broker.stop()
    away = edgevision("demo", "--host", broker.host, "--port", str(broker.port), "-o", tmp_path / "found.jpg")
    assert away.returncode == 1
    assert "nothing listens there" in away.stderr
    nowhere = edgevision("demo", "-o", tmp_path / "none" / "found.jpg")
    assert nowhere.returncode == 1
    assert "existing folder" in nowhere.stderr
    assert "Traceback" not in away.stderr + nowhere.stderr


def test_check_says_what_would_run_without_touching_the_broker(tmp_path: Path, broker: Mosquitto) -> None:
    broker.stop()
    config = tmp_path / "edgevision.yaml"
    config.write_text(json.dumps(configuration(broker, front=pictures(), back={"source": {"type": "picamera2"}})))
    check = edgevision("check", "-c", config)
    assert check.returncode == 0, check.stderr
    assert "front: images, model person" in check.stdout
    assert "back: picamera2, model person" in check.stdout
    assert check.stdout.count("300x300") == 1


def test_schema_is_a_json_schema_with_every_key_of_a_camera() -> None:
    schema = json.loads(edgevision("schema").stdout)
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert {"source", "rotate", "crop", "model", "publish"} <= schema["$defs"]["CameraSettings"]["properties"].keys()


def test_watch_prints_a_line_a_message_where_there_is_no_terminal(tmp_path: Path, broker: Mosquitto) -> None:
    with DaemonProcess(tmp_path, configuration(broker, front=pictures(loop=True))) as daemon:
        watch = subprocess.Popen(
            [sys.executable, "-m", "edgevision", "watch", "-c", str(tmp_path / "edgevision.yaml")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        assert watch.stdout is not None
        topics: set[str] = set()
        while topics < {"edgevision/test/status", "edgevision/test/info", "edgevision/test/front/detections"}:
            line = watch.stdout.readline()
            assert line, watch.communicate()
            topics.add(line.split(" ")[0])
        watch.send_signal(signal.SIGINT)
        _, errors = watch.communicate(timeout=10)
        assert "Traceback" not in errors
        assert daemon.stop() == 0


def test_watch_says_that_the_broker_is_not_there(tmp_path: Path, broker: Mosquitto) -> None:
    broker.stop()
    config = tmp_path / "edgevision.yaml"
    config.write_text(json.dumps(configuration(broker, front=pictures())))
    watch = edgevision("watch", "-c", config)
    assert watch.returncode == 1
    assert "nothing listens there" in watch.stderr


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["run", "--help"], ["demo", "-h"]])
def test_help_and_version_are_there(arguments: list[str]) -> None:
    said = edgevision(*arguments)
    assert said.returncode == 0
    assert __version__ in said.stdout or "Usage" in said.stdout


@pytest.mark.parametrize("command", ["schema", "models list", "check -c config/edgevision.yaml"])
def test_output_that_cannot_be_written_is_said_in_one_line(command: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "edgevision", *command.split()],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            check=False,
        )
    assert done.returncode == 1
    lines = [line for line in done.stderr.splitlines() if not line.startswith("INFO: ")]
    assert lines == ["edgevision: standard output can't be written (No space left on device)"]


def test_what_is_assumed_of_a_float_model_is_said(tmp_path: Path, models: Path, broker: Mosquitto) -> None:
    config = configuration(broker, front=pictures())
    float_model = {"path": str(models / "vww_96_float.tflite"), "labels": str(models / "vww_labels.txt")}
    warning = "vww_96_float: nothing says what numbers its pixels are to become; -1 to 1 is assumed"
    for normalize, said in ((None, True), ({"mean": 0, "std": 255}, False)):
        with DaemonProcess(tmp_path, {**config, "model": {**float_model, "normalize": normalize}}) as daemon:
            assert daemon.wait() == 0, daemon.log
        assert (warning in daemon.log) is said
        assert (warning in edgevision("check", "-c", tmp_path / "edgevision.yaml").stdout) is said


def test_check_says_that_an_edge_tpu_is_missed(
    tmp_path: Path, models: Path, broker: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGEVISION_EDGETPU_LIBRARY", "libnotthere.so.1")
    compiled = models / "mobilenet_v1_0.25_128_quant_edgetpu.tflite"
    config = tmp_path / "edgevision.yaml"
    config.write_text(f"{{model: {{path: {compiled}}}, cameras: {{front: {{source: {{type: picamera2}}}}}}}}")
    done = edgevision("check", "-c", config)
    assert done.returncode == 0
    assert f"warning  {compiled.stem} runs on the CPU: libnotthere.so.1 is not installed" in done.stdout
    assert "warning" not in done.stderr


def test_check_tells_what_becomes_of_a_cameras_detections(tmp_path: Path) -> None:
    path = tmp_path / "edgevision.yaml"
    path.write_text(
        "model: {threads: 1}\ncameras:\n  front:\n    source: {type: v4l2}\n    labels: {person: {threshold: 0.7}}\n"
        "    zones: {drive: {polygon: [[0, 0], [1, 0], [1, 1]]}}\n    masks: [[[0, 0], [1, 0], [1, 0.1]]]\n"
        "    snapshots: {enabled: false}\n  back: {source: {type: v4l2}, motion: {enabled: false}}\n"
    )
    told = edgevision("check", "-c", path)
    assert told.returncode == 0, told.stderr
    assert (
        "counts person (0.7 and more); zones drive; 1 mask; rests while nothing moves; sends no pictures" in told.stdout
    )
    assert "counts all labels; runs on every frame" in told.stdout


def test_check_tells_a_label_that_the_model_does_not_have(tmp_path: Path) -> None:
    path = tmp_path / "edgevision.yaml"
    path.write_text("cameras:\n  front:\n    source: {type: v4l2}\n    labels: {persn: }\n")
    told = edgevision("check", "-c", path)
    assert told.returncode == 78
    assert (
        f"{path}:4:20: cameras.front.labels.persn: the model has no label 'persn'; did you mean 'person'?"
        in told.stderr
    )
