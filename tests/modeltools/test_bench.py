"""`edgevision models bench`: real measurements in processes of their own."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from edgevision.cli.models_bench import parse_threads
from edgevision.errors import AcceleratorError, ModelError
from edgevision.inference.bundled import bundled_model
from edgevision.inference.edgetpu.delegate import Accelerator
from edgevision.inference.runtime import load_runtime
from edgevision.inference.threads import thread_counts
from edgevision.modeltools import bench
from edgevision.modeltools.bench import Progress, bench_file, this_machine, to_json
from edgevision.modeltools.bench_child import LEAST_INVOKES, time_invokes
from tests.edgetpu.build import FakeEdgeTpu
from tests.mosquitto import wait_until

pytest_plugins = ["tests.edgetpu.fixtures"]

SHORT = 0.1
"""Seconds: how long is of no interest here."""


def nobody(threads: int) -> Progress:
    return lambda done: None


def child_of_this_process() -> int:
    """The process that measures."""
    (child,) = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    return int(child)


def test_each_number_of_threads_is_measured_and_the_progress_told() -> None:
    told: dict[int, list[float]] = {}
    report = bench_file(bundled_model("person"), [2, 1], SHORT, lambda threads: told.setdefault(threads, []).append)
    assert [one.threads for one in report.measurements] == [2, 1]
    for one in report.measurements:
        assert one.invokes >= LEAST_INVOKES
        assert 0 < one.p50_ms <= one.p95_ms
        assert one.frames_per_second > 0
        assert one.preprocess_p50_ms is not None
        assert 0 < one.model_memory < one.memory
        assert (one.runtime, one.accelerator) == (str(load_runtime()), "cpu")
        assert told[one.threads] == sorted(told[one.threads])
        assert told[one.threads][-1] == 1.0


def test_a_model_that_takes_no_picture_is_measured_all_the_same(models: Path) -> None:
    (measurement,) = bench_file(models / "traffic_model.tflite", [1], SHORT, nobody).measurements
    assert measurement.invokes >= LEAST_INVOKES
    assert measurement.preprocess_p50_ms is None


def test_the_measured_interpreter_is_whatever_the_opener_gives() -> None:
    """An accelerator's interpreter can be measured the same way."""
    path = bundled_model("person")
    opened = load_runtime().open(path, path.read_bytes(), threads=1)
    durations, interpreter = time_invokes(lambda: opened, SHORT, lambda done: None)
    assert interpreter is opened
    assert len(durations) >= LEAST_INVOKES


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("unresolved_custom_op.tflite", "needs an operator"),
        ("imagenet_labels.txt", "is not a .tflite model"),
        ("nowhere.tflite", "does not exist"),
    ],
)
def test_what_cannot_run_is_a_clear_error(models: Path, file: str, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        bench_file(models / file, [1], SHORT, nobody)


def test_a_truncated_file_is_a_clear_error_with_every_runtime(tmp_path: Path) -> None:
    """LiteRT refuses it, tflite-runtime crashes."""
    path = tmp_path / "cut.tflite"
    path.write_bytes(bundled_model("person").read_bytes()[:200_000])
    with pytest.raises(ModelError, match="damaged or made for another runtime"):
        bench_file(path, [1], SHORT, nobody)


def test_a_crash_while_it_runs_is_a_clear_error() -> None:
    def crash(threads: int) -> Progress:
        return lambda done: os.kill(child_of_this_process(), signal.SIGSEGV)

    with pytest.raises(ModelError, match=r"crashes \(SIGSEGV\) when it runs"):
        bench_file(bundled_model("person"), [1], 30, crash)


def test_a_hang_is_given_up_and_the_process_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    children = []

    def stop(threads: int) -> Progress:
        def stopped(done: float) -> None:
            children.append(child_of_this_process())
            os.kill(children[-1], signal.SIGSTOP)
            # From here on: what came before may take its time on a busy machine.
            monkeypatch.setattr(bench, "SILENCE", 1.0)

        return stopped

    with pytest.raises(ModelError, match="gave no sign of life within 1 s"):
        bench_file(bundled_model("person"), [1], 30, stop)
    assert not Path(f"/proc/{children[0]}").exists()


def test_json_names_file_machine_and_runtime() -> None:
    path = bundled_model("person")
    entries = to_json(bench_file(path, [1], SHORT, nobody))
    assert entries["path"] == str(path)
    assert entries["sha256"] == path.with_suffix(".tflite.sha256").read_text().split()[0]
    assert entries["machine"]["cores"] == len(os.sched_getaffinity(0))
    assert entries["measurements"][0]["threads"] == 1


def test_a_raspberry_pi_is_named_by_its_device_tree_and_a_pc_by_its_processor(tmp_path: Path) -> None:
    tree, cpuinfo = tmp_path / "model", tmp_path / "cpuinfo"
    assert this_machine(tree, cpuinfo).model == ""
    cpuinfo.write_text("processor\t: 0\nmodel name\t: Some CPU\nflags\t: a b\n\nprocessor\t: 1\n")
    assert this_machine(tree, cpuinfo).model == "Some CPU"
    tree.write_bytes(b"Raspberry Pi 5 Model B Rev 1.0\0")
    assert this_machine(tree, cpuinfo).model == "Raspberry Pi 5 Model B Rev 1.0"


@pytest.mark.parametrize(("text", "threads"), [("1", [1]), ("4,1, 2", [4, 1, 2]), ("2,2", [2]), ("256", [256])])
def test_lists_of_threads_are_understood(text: str, threads: list[int]) -> None:
    assert parse_threads(text) == threads


def test_without_a_list_the_cores_are_tried() -> None:
    assert parse_threads(None) == thread_counts()


@pytest.mark.parametrize("text", ["", "0", "-1", "1,,2", "one", "1;2", "257", "1.5", "²", "9" * 5000])
def test_bad_lists_of_threads_are_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="1,2,4"):
        parse_threads(text)


def test_a_compiled_model_is_measured_on_the_edge_tpu(fake_edgetpu: FakeEdgeTpu, models: Path) -> None:
    path = models / "mobilenet_v1_0.25_128_quant_edgetpu.tflite"
    fake_edgetpu.behave(devices=2)
    (measurement,) = bench_file(path, [1, 2], SHORT, nobody, Accelerator.parse("edgetpu:usb:1")).measurements
    assert (measurement.threads, measurement.accelerator) == (1, "edgetpu:usb:1")
    assert fake_edgetpu.count("invoke") >= measurement.invokes
    with pytest.raises(ModelError, match="can't run on the CPU"):
        bench_file(path, [1], SHORT, nobody, Accelerator.parse("cpu"))
    with pytest.raises(ModelError, match="isn't compiled for the Edge TPU"):
        bench_file(bundled_model("person"), [1], SHORT, nobody, Accelerator.parse("edgetpu"))


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        ({"crash": "prepare"}, "SIGSEGV"),
        ({"fail": "invoke"}, "USB transfer failed"),
        ({"refuse": "text"}, "no Edge TPU"),
    ],
)
def test_an_edge_tpu_that_does_not_work_is_an_accelerator_error(
    fake_edgetpu: FakeEdgeTpu, models: Path, behaviour: dict[str, str], words: str
) -> None:
    fake_edgetpu.behave(**behaviour)
    with pytest.raises(AcceleratorError, match=words):
        bench_file(models / "mobilenet_v1_0.25_128_quant_edgetpu.tflite", [1], SHORT, nobody)


def test_an_edge_tpu_has_three_tries(fake_edgetpu: FakeEdgeTpu, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgevision.inference.opening.PAUSE", 0.01)
    fake_edgetpu.behave(fail_opens=2)
    bench_file(models / "mobilenet_v1_0.25_128_quant_edgetpu.tflite", [1], SHORT, nobody)
    assert fake_edgetpu.count("refuse") == 2


def test_the_compiled_twin_is_measured_where_the_edge_tpu_is_asked_for(fake_edgetpu: FakeEdgeTpu, models: Path) -> None:
    report = bench_file(models / "mobilenet_v1_0.25_128_quant.tflite", [1], SHORT, nobody, Accelerator.parse("edgetpu"))
    assert report.path.name == "mobilenet_v1_0.25_128_quant_edgetpu.tflite"
    assert report.measurements[0].accelerator == "edgetpu"


def test_an_edge_tpu_that_hangs_is_blamed_and_not_the_file(
    fake_edgetpu: FakeEdgeTpu, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(threads: int) -> Progress:
        def stopped(done: float) -> None:
            os.kill(child_of_this_process(), signal.SIGSTOP)
            monkeypatch.setattr(bench, "SILENCE", 1.0)

        return stopped

    with pytest.raises(AcceleratorError, match="gave no answer within 1 s: the Edge TPU edgetpu hangs"):
        bench_file(models / "mobilenet_v1_0.25_128_quant_edgetpu.tflite", [1], 30, stop)


def test_the_process_that_measures_ends_with_the_one_that_waits() -> None:
    code = (
        "from edgevision.inference.bundled import bundled_model; from edgevision.modeltools.bench import bench_file;"
        "bench_file(bundled_model('person'), [1], 600, lambda threads: lambda done: print('measuring', flush=True))"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        (child,) = Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split()
        parent.kill()
    status = Path(f"/proc/{child}/status")
    wait_until(lambda: not status.exists() or "State:\tZ" in status.read_text(), "the end of the child")
