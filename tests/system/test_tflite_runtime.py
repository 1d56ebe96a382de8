"""tflite-runtime, NumPy 1 and OpenCV 4, as on 32-bit Raspberry Pi OS, publish what the bare interpreter says."""

import subprocess
from pathlib import Path

import pytest

from tests.system import working_tree
from tests.system.pytest_inside import run_pytest
from tests.system.roots.enter import command_in, environment
from tests.system.roots.tflite import INTERPRETER

pytestmark = [pytest.mark.system, pytest.mark.timeout(900)]

TESTS = (
    "tests/capture",
    "tests/edgetpu",
    "tests/inference",
    "tests/models",
    "tests/scene",
    "tests/daemon/test_snapshot_picture.py",
    "tests/test_accuracy.py",
    "tests/test_edgetpu.py",
    "tests/test_main_job.py",
)


def test_edgevision_takes_tflite_runtime_where_litert_is_missing(tflite_root: Path, tree: Path) -> None:
    code = "from edgevision.inference.runtime import load_runtime; print(load_runtime())"
    said = subprocess.run(
        command_in(tflite_root, [INTERPRETER, "-c", code], working_tree.binds(tree)),
        env=environment(PYTHONPATH=working_tree.INSIDE),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    assert said.startswith("tflite-runtime 2.")


@pytest.mark.usefixtures("shared")  # without the models there, these tests would have nothing to say
def test_models_answer_the_same_on_tflite_runtime(tflite_root: Path, tree: Path, scratch: Path) -> None:
    run_pytest(tflite_root, INTERPRETER, tree, scratch, TESTS).require_all_passed()
