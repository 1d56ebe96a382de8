"""The wheel has all that an installation needs: the bundled model, its licence, the demo's pictures."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.daemon_process import ROOT


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the wheel unpacks to. Built from a copy: setuptools leaves a build folder behind."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    left_out = shutil.ignore_patterns(".*", "__pycache__", "build", "dist", "*.egg-info", "tests")
    shutil.copytree(ROOT, source, ignore=left_out)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(source)]
    subprocess.run(command, check=True, capture_output=True, timeout=110)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "installed")
    return folder / "installed"


def test_the_wheel_has_the_model_its_card_and_licence_and_the_types(installed: Path) -> None:
    bundled = {path.name for path in (installed / "edgevision" / "bundled").iterdir()}
    assert {"person.tflite", "person.txt", "person.md", "person.tflite.sha256", "LICENSE.person"} <= bundled
    assert (installed / "edgevision" / "py.typed").exists()
    assert not (installed / "tests").exists()


def test_the_demo_runs_from_the_wheel_alone(installed: Path, tmp_path: Path) -> None:
    # The installed tree comes before the editable installation that the tests themselves run from.
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    code = "import edgevision, edgevision.cli.main; print(edgevision.__file__); edgevision.cli.main.main()"
    demo = subprocess.run(
        [sys.executable, "-c", code, "demo"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert demo.returncode == 0, demo.stderr
    assert demo.stdout.startswith(str(installed))
    assert '"label":"person"' in demo.stdout
    assert (tmp_path / "edgevision-demo.jpg").exists()


def test_the_wheel_has_every_room_and_the_catalogue(installed: Path) -> None:
    source = {path.relative_to(ROOT) for path in (ROOT / "edgevision").rglob("*.py")}
    assert source <= {path.relative_to(installed) for path in (installed / "edgevision").rglob("*.py")}
    assert (installed / "edgevision" / "modeltools" / "catalogue.yaml").exists()
