"""The fake Edge TPU as fixtures."""

from pathlib import Path

import pytest

from tests.edgetpu.build import FakeEdgeTpu, compile_library
from tests.edgetpu.machine import Machine


@pytest.fixture(scope="session")
def fake_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The fake's libedgetpu.so.1, compiled here and now."""
    return compile_library(tmp_path_factory.mktemp("edgetpu"))


@pytest.fixture
def fake_edgetpu(
    fake_library: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> FakeEdgeTpu:
    """One working Edge TPU on USB: what this test opens, and the processes it starts, find it."""
    fake = FakeEdgeTpu(fake_library, tmp_path_factory.mktemp("edgetpu-state"), monkeypatch)
    fake.behave()
    return fake


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """The kernel's files of a machine without an Edge TPU: plug one in."""
    return Machine(tmp_path / "machine")
