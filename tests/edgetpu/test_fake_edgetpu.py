"""The fake Edge TPU fails as it is told to, in processes of their own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from edgevision.inference.edgetpu.delegate import open_delegate
from edgevision.inference.runtime import load_runtime
from tests.edgetpu.build import FakeEdgeTpu

pytest_plugins = ["tests.edgetpu.fixtures"]

REPOSITORY = Path(__file__).parents[2]

CHILD = """
import sys
from edgevision.inference.edgetpu.delegate import open_delegate
from edgevision.inference.runtime import load_runtime
runtime = load_runtime()
delegate = open_delegate(runtime, "")
with open(sys.argv[1], "rb") as model:
    content = model.read()
interpreter = runtime.interpreter_class(model_content=content, experimental_delegates=[delegate], num_threads=1)
interpreter.allocate_tensors()
interpreter.invoke()
"""


def start(environment: Mapping[str, str], models: Path) -> "subprocess.Popen[str]":
    """A process that opens a compiled model on the fake and runs it once."""
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, str(models / "mobilenet_v1_0.25_128_quant_edgetpu.tflite")],
        env={**os.environ, **environment},
        cwd=REPOSITORY,  # to import edgevision from
        stderr=subprocess.PIPE,
        text=True,
    )


def run(environment: Mapping[str, str], models: Path) -> tuple[int, str]:
    """Its exit status, and what it said."""
    with start(environment, models) as child:
        _, said = child.communicate()
        return child.returncode, said


def test_it_works_in_another_process(fake_edgetpu: FakeEdgeTpu, models: Path) -> None:
    assert run(fake_edgetpu.environment(), models)[0] == 0
    assert fake_edgetpu.count("invoke") == 1
    assert fake_edgetpu.count("invoke", os.getpid()) == 0


@pytest.mark.parametrize(("when", "before"), [("load", 0), ("prepare", 1), ("invoke", 2)])
def test_it_crashes_when_it_is_told_to(fake_edgetpu: FakeEdgeTpu, models: Path, when: str, before: int) -> None:
    assert run(fake_edgetpu.environment(crash=when), models)[0] == -signal.SIGSEGV
    assert fake_edgetpu.log() == ["open usb:0", "prepare usb:0"][:before]


def test_it_hangs_when_it_is_told_to(fake_edgetpu: FakeEdgeTpu, models: Path) -> None:
    with start(fake_edgetpu.environment(hang="prepare"), models) as child:
        while fake_edgetpu.count("open") == 0:
            assert child.poll() is None
            time.sleep(0.05)
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(1)
        child.kill()


def test_an_exclusive_one_serves_one_delegate_at_a_time(fake_edgetpu: FakeEdgeTpu, models: Path) -> None:
    fake_edgetpu.behave(exclusive=1)
    held = open_delegate(load_runtime(), "")
    assert "fake edgetpu: the device is in use" in run(fake_edgetpu.environment(exclusive=1), models)[1]
    del held
    assert run(fake_edgetpu.environment(exclusive=1), models)[0] == 0


def test_the_first_openings_are_refused_over_all_processes(fake_edgetpu: FakeEdgeTpu, models: Path) -> None:
    statuses = [run(fake_edgetpu.environment(fail_opens=2), models)[0] for _ in range(3)]
    assert statuses == [1, 1, 0]


def test_while_it_is_unplugged_nothing_works_anywhere(fake_edgetpu: FakeEdgeTpu, models: Path) -> None:
    fake_edgetpu.unplug()
    assert "there is no such device" in run(fake_edgetpu.environment(), models)[1]
    fake_edgetpu.plug_in()
    assert run(fake_edgetpu.environment(), models)[0] == 0
