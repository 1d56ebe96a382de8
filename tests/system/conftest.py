"""The roots, and the working tree to put into them."""

import os
from pathlib import Path

import pytest

from tests.system import host, working_tree
from tests.system.roots import arm64, home_assistant, systemd, tensorflow, tflite, virtcam
from tests.system.roots.recipe import Recipe, ready


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the working tree to import edgevision from."""
    return working_tree.copy_to(tmp_path_factory.mktemp("tree"))


@pytest.fixture(scope="session")
def virtcam_root() -> Path:
    """Debian 13 with the real picamera2."""
    return _root(virtcam.recipe())


@pytest.fixture(scope="session")
def tflite_root() -> Path:
    """Debian 12 with tflite-runtime."""
    return _root(tflite.recipe())


@pytest.fixture(scope="session")
def arm64_root() -> Path:
    """Debian 12 for 64-bit Arm."""
    return _root(arm64.recipe())


@pytest.fixture(scope="session")
def home_assistant_root() -> Path:
    """Debian 13 with Home Assistant."""
    return _root(home_assistant.recipe())


@pytest.fixture(scope="session")
def systemd_root() -> Path:
    """Debian 12 that boots. Copy it before it does."""
    return _root(systemd.recipe())


@pytest.fixture(scope="session")
def tensorflow_python() -> Path:
    """A Python with TensorFlow. It takes no root, but a gigabyte."""
    return ready(tensorflow.recipe()) / tensorflow.INTERPRETER


@pytest.fixture(scope="session")
def prepared_host() -> None:
    """This machine, with root's rights and all that the tests call."""
    _prepare()


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """A folder to share with a root."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


def _root(recipe: Recipe) -> Path:
    _prepare()
    return ready(recipe)


def _prepare() -> None:
    try:
        host.prepare()
    except host.MissingError as error:
        if os.environ.get("CI"):
            raise  # there, a test that never ran would look like one that passed
        pytest.skip(str(error))
