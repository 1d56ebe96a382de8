"""`edgevision doctor` with the real picamera2 and libcamera, on Debian 13."""

import json
import subprocess
from pathlib import Path

import cv2
import pytest

from tests.doctor.cases import PICTURES
from tests.system import working_tree
from tests.system.roots.enter import Bind, command_in, environment
from tests.system.roots.virtcam import INTERPRETER, PATCHES, camera

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

PATHS = f"{working_tree.INSIDE}:{working_tree.INSIDE}/{PATCHES}"


def test_libcamera_tells_which_cameras_are_there(virtcam_root: Path, tree: Path, scratch: Path, tmp_path: Path) -> None:
    frames = tmp_path / "frames"
    frames.mkdir()
    picture = cv2.imread(str(PICTURES / "camera.jpg"))
    assert picture is not None
    cv2.imwrite(str(frames / "0.jpg"), cv2.resize(picture, (640, 480)))
    cameras = {name: {"source": {"type": "picamera2", "index": index}} for index, name in enumerate(("one", "two"))}
    (scratch / "edgevision.yaml").write_text(json.dumps({"cameras": cameras, "mqtt": {"port": 1}}))
    command = [INTERPRETER, "-m", "edgevision", "doctor", "-c", "/scratch/edgevision.yaml", "--json"]
    binds = [*working_tree.binds(tree), Bind(scratch, "/scratch", writable=True), *camera(frames)]
    done = subprocess.run(
        command_in(virtcam_root, command, binds),
        env=environment(PYTHONPATH=PATHS),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    found = {one["check"]: one["status"] for one in json.loads(done.stdout)["findings"]}
    expected = {
        "libcamera": "ok",
        "camera one": "ok",
        "camera two": "problem",
        "model person": "ok",
        "broker": "problem",
    }
    assert expected.items() <= found.items(), done.stdout
