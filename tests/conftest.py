"""What all tests share."""

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgevision.inference.accelerated import AcceleratedModel
from tests.mosquitto import Mosquitto

SHARED = Path(os.environ.get("EDGEVISION_SHARED", Path(__file__).parents[2] / "shared"))


# A machine that has just been started doesn't know its time yet, and events would wait for it.
os.environ.setdefault("EDGEVISION_TRUST_CLOCK", "1")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # As in `make test &`: the processes that tests interrupt would inherit it, and never end.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    """A running mosquitto that lets everybody in."""
    with Mosquitto(tmp_path / "broker") as running:
        yield running


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of models and pictures for tests, which isn't part of the repository."""
    if not SHARED.is_dir():
        reason = f"the folder of test models and pictures is not here: {SHARED}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return SHARED


@pytest.fixture(scope="session")
def models(shared: Path) -> Path:
    """Real quantized MobileNets."""
    return shared / "models"


@pytest.fixture(scope="session")
def photos(shared: Path) -> Path:
    """Nine photos of things that MobileNets know."""
    return shared / "images" / "photos"


@pytest.fixture(autouse=True)
def accelerators_are_left_alone_after_the_test(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No model goes on looking for its Edge TPU in the next test's environment."""
    seeking = []
    seek = AcceleratedModel._seek

    def noted(model: AcceleratedModel, wait: float) -> None:
        seeking.append(model)
        seek(model, wait)

    monkeypatch.setattr(AcceleratedModel, "_seek", noted)
    yield
    for model in seeking:
        model.close()
    for thread in threading.enumerate():
        if thread.name == "accelerator":
            thread.join(30)
