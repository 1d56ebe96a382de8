"""`edgevision snapshot`: one picture, what counts in it drawn in, as a newcomer would type it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edgevision.capture.frame import BgrImage
from edgevision.cli import snapshot
from edgevision.inference.annotate import COLOUR
from tests.daemon_process import ROOT, edgevision, environment
from tests.test_main_job import PICTURES, pictures

HOPPER = {"source": {"type": "images", "path": str(PICTURES / "grace_hopper.jpg")}}
PI = {"source": {"type": "picamera2", "size": [640, 480], "timeout": 1}}
EVERYWHERE = [[0, 0], [1, 0], [1, 1], [0, 1]]


@pytest.fixture
def configured(tmp_path: Path) -> Callable[..., Path]:
    """Writes a configuration with these cameras; its broker is nowhere."""

    def write(**cameras: Any) -> Path:
        path = tmp_path / "edgevision.yaml"
        path.write_text(json.dumps({"device": "porch", "mqtt": {"host": "192.0.2.1"}, "cameras": cameras}))
        return path

    return write


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder / "front.jpg"


def picture(path: Path) -> BgrImage:
    image = cv2.imread(str(path))
    assert image is not None
    return np.asarray(image, np.uint8)


def near(pixel: Any, colour: tuple[int, int, int]) -> bool:
    return bool(np.abs(np.asarray(pixel, int) - colour).max() < 60)


def with_faults(faults: str, *arguments: str | Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command on a stand-in camera of which something is wrong."""
    code = (
        "import atexit, sys, threading, time, os, signal\n"
        "from edgevision.capture.fake_picamera2 import faults\n"
        f"{faults}\n"
        "from edgevision.cli.main import main\nmain()"
    )
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env=environment(env), cwd=ROOT
    )


def test_what_is_found_is_said_and_drawn_with_the_outlines_of_zones_and_masks(
    configured: Callable[..., Path], out: Path
) -> None:
    drive = {"polygon": [[0.2, 0.7], [0.8, 0.7], [1, 1], [0, 1]]}
    mask = [[0.7, 0.0], [1.0, 0.0], [1.0, 0.3], [0.7, 0.3]]
    exact = out.with_suffix(".png")
    config = configured(front=HOPPER | {"zones": {"drive": drive}, "masks": [mask]})
    done = edgevision("snapshot", "-c", config, "front", exact)
    assert (done.returncode, done.stdout) == (0, "person 100 % in drive\n"), done.stderr
    after = picture(exact)
    assert after.shape == picture(PICTURES / "grace_hopper.jpg").shape
    rows, columns = after.shape[:2]
    assert COLOUR in [tuple(pixel) for pixel in after[rows // 2, :20]]
    assert near(after[round(0.7 * (rows - 1)), columns // 2], snapshot.ZONE)
    assert near(after[round(0.3 * (rows - 1)), round(0.85 * columns)], snapshot.MASK)
    assert list(out.parent.iterdir()) == [exact]


@pytest.mark.parametrize(
    "rule", [{"masks": [EVERYWHERE]}, {"labels": {"person": {"max_area": 0.1}}}, {"model": {"threshold": 1.0}}]
)
def test_what_does_not_count_is_not_found(configured: Callable[..., Path], out: Path, rule: dict[str, Any]) -> None:
    done = edgevision("snapshot", "-c", configured(front=HOPPER | rule), "front", out)
    assert (done.returncode, done.stdout) == (0, "nothing found\n"), done.stderr
    assert picture(out).size


def test_rotate_and_crop_are_the_cameras(configured: Callable[..., Path], out: Path, tmp_path: Path) -> None:
    lying = tmp_path / "lying.png"
    cv2.imwrite(str(lying), cv2.rotate(picture(PICTURES / "grace_hopper.jpg"), cv2.ROTATE_90_COUNTERCLOCKWISE))
    source = {"source": {"type": "images", "path": str(lying)}}
    upright = edgevision("snapshot", "-c", configured(front=source | {"rotate": 90}), "front", out)
    assert upright.stdout == "person 100 %\n", upright.stderr
    assert picture(out).shape == picture(PICTURES / "grace_hopper.jpg").shape
    # Boxes are fractions of the whole frame: it stands where the part that the model sees ends.
    half = {"crop": [0, 0, 1, 0.6], "zones": {"middle": {"polygon": [[0, 0.5], [1, 0.5], [1, 0.65], [0, 0.65]]}}}
    done = edgevision("snapshot", "-c", configured(front=source | {"rotate": 90} | half), "front", out)
    assert done.stdout.endswith(" in middle\n"), done.stdout + done.stderr
    cropped = source | {"rotate": 90, "crop": [0, 0, 0.15, 0.15]}
    assert edgevision("snapshot", "-c", configured(front=cropped), "front", out).stdout == "nothing found\n"


def test_only_that_cameras_model_is_opened(configured: Callable[..., Path], out: Path, tmp_path: Path) -> None:
    (tmp_path / "none.tflite").write_bytes(b"GIF89a, not a model")
    config = configured(front=HOPPER, back=HOPPER | {"model": {"path": "none.tflite"}})
    assert edgevision("snapshot", "-c", config, "front", out).returncode == 0
    out.unlink()
    wrong = edgevision("snapshot", "-c", config, "back", out)
    assert wrong.returncode == 78
    assert wrong.stderr.startswith(f"{config}:1:")
    assert not out.exists()


def test_an_embedding_model_leaves_the_picture_plain_and_that_is_said(
    configured: Callable[..., Path], out: Path, models: Path
) -> None:
    embedder = {"path": str(models / "mobilenet_v1_1.0_224_quant_embedding_extractor.tflite"), "task": "embed"}
    done = edgevision("snapshot", "-c", configured(front=HOPPER | {"model": embedder}), "front", out)
    assert (done.returncode, done.stdout) == (0, "nothing drawn: the model gives feature vectors\n"), done.stderr
    assert np.abs(picture(out).astype(int) - picture(PICTURES / "grace_hopper.jpg")).mean() < 5


def test_a_classifiers_labels_are_said_and_drawn(configured: Callable[..., Path], out: Path, models: Path) -> None:
    classifier = {"path": str(models / "mobilenet_v2_1.0_224_quant.tflite"), "threshold": 0.2}
    parrot = {"source": {"type": "images", "path": str(models.parent / "images" / "photos" / "parrot.jpg")}}
    done = edgevision("snapshot", "-c", configured(front=parrot | {"model": classifier}), "front", out)
    assert done.stdout.startswith("macaw "), done.stdout + done.stderr
    assert near(picture(out)[2, 2], COLOUR)


def test_a_live_camera_is_given_a_second_to_settle(configured: Callable[..., Path], out: Path, tmp_path: Path) -> None:
    folder = tmp_path / "shown"
    folder.mkdir()
    # Dark as a camera begins, for 4 frames; the bright ones last for a dozen seconds more.
    for number in range(30):
        cv2.imwrite(str(folder / f"{number}.png"), np.full((48, 64, 3), 255 if number else 0, np.uint8))
    config = configured(front=PI)
    done = edgevision("snapshot", "-c", config, "front", out, env={"EDGEVISION_FAKE_CAMERA": str(folder)})
    assert (done.returncode, done.stdout) == (0, "nothing found\n"), done.stderr
    assert picture(out).mean() > 250


WRONG_LINES = [
    ("fornt", "out/front.jpg", "did you mean 'front'?"),
    ("cellar", "out/front.jpg", "there are front"),
    ("front", "out/front.txt", "name a file such as front.jpg"),
    ("front", "out/front", "name a file such as front.jpg"),
    ("front", "nowhere/front.jpg", "in an existing folder"),
    ("front", "folder.jpg", "can't be written"),
]


@pytest.mark.parametrize(("camera", "name", "words"), WRONG_LINES)
def test_a_wrong_command_line_is_said(
    configured: Callable[..., Path], out: Path, tmp_path: Path, camera: str, name: str, words: str
) -> None:
    (tmp_path / "folder.jpg").mkdir()
    done = edgevision("snapshot", "-c", configured(front=HOPPER), camera, tmp_path / name)
    assert done.returncode == 2
    assert words in " ".join(done.stderr.replace("│", " ").split())
    assert not list(out.parent.iterdir())


def test_a_wrong_configuration_is_said(configured: Callable[..., Path], out: Path) -> None:
    done = edgevision("snapshot", "-c", configured(front=HOPPER | {"rotate": 45}), "front", out)
    assert done.returncode == 78
    assert "cameras.front.rotate" in done.stderr


def test_a_folder_that_takes_no_file_is_said(configured: Callable[..., Path]) -> None:
    done = edgevision("snapshot", "-c", configured(front=HOPPER), "front", "/proc/front.jpg")
    assert done.returncode == 1
    assert "edgevision: /proc/front.jpg can't be written: " in done.stderr


def test_a_source_without_a_picture_is_said(configured: Callable[..., Path], out: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture")
    cameras = {"empty": out.parent, "broken": broken}
    for name, path in cameras.items():
        source = {"source": {"type": "images", "path": str(path)}}
        done = edgevision("snapshot", "-c", configured(**{name: source}), name, out)
        assert done.returncode == 1
        assert f"edgevision: camera {name}: " in done.stderr
        assert "Traceback" not in done.stderr
    assert not list(out.parent.iterdir())


def test_who_has_a_camera_that_is_in_use_is_said_and_how_to_ask_it(
    configured: Callable[..., Path], out: Path, tmp_path: Path
) -> None:
    busy = with_faults(
        "faults.busy = True",
        *("snapshot", "-c", configured(front=PI), "front", out),
        env={"EDGEVISION_FAKE_CAMERA": str(PICTURES)},
    )
    assert busy.returncode == 1
    assert "camera 0 is in use by another program" in busy.stderr
    assert "publish anything to edgevision/porch/front/snapshot/set" in busy.stderr
    # Other failures have nothing to do with a running edgevision.
    env = {"EDGEVISION_FAKE_CAMERA": str(tmp_path / "gone")}
    away = edgevision("snapshot", "-c", configured(front=PI), "front", out, env=env)
    assert away.returncode == 1
    assert "there is no camera 0" in away.stderr
    assert "snapshot/set" not in away.stderr


def test_a_camera_that_gives_nothing_is_said_within_its_timeout(configured: Callable[..., Path], out: Path) -> None:
    done = with_faults(
        "faults.stalled = True",
        *("snapshot", "-c", configured(front=PI), "front", out),
        env={"EDGEVISION_FAKE_CAMERA": str(PICTURES)},
    )
    assert done.returncode == 1
    assert "edgevision: camera front: camera 0 gave no picture for 1 s" in done.stderr
    assert not list(out.parent.iterdir())


def test_a_camera_that_hangs_while_closing_holds_up_nobody(configured: Callable[..., Path], out: Path) -> None:
    done = with_faults(
        # picamera2 closes its cameras at exit and then hangs, too.
        "faults.hangs_on_close = True; atexit.register(time.sleep, 1000)",
        *("snapshot", "-c", configured(front=PI), "front", out),
        env={"EDGEVISION_FAKE_CAMERA": str(PICTURES / "astronaut.jpg")},
    )
    assert (done.returncode, done.stdout[:7]) == (0, "person "), done.stderr
    assert picture(out).shape == (480, 640, 3)


def test_ctrl_c_while_it_waits_ends_it_without_a_file(configured: Callable[..., Path], out: Path) -> None:
    waiting = {"source": PI["source"] | {"timeout": 60}}
    done = with_faults(
        # It comes while the first picture is waited for: the camera is open then.
        "from edgevision.capture.picamera2 import Picamera2Camera\n"
        "read = Picamera2Camera.read\n"
        "Picamera2Camera.read = lambda camera: (threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start(),"
        " read(camera))[1]\n"
        "faults.stalled = True",
        *("snapshot", "-c", configured(front=waiting), "front", out),
        env={"EDGEVISION_FAKE_CAMERA": str(PICTURES)},
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert not list(out.parent.iterdir())


@pytest.mark.parametrize("moment", ["open", "replace"])
def test_ctrl_c_while_it_writes_leaves_the_file_that_was(
    configured: Callable[..., Path], out: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    shutil.copy(PICTURES / "camera.jpg", out)
    kept = out.read_bytes()
    real = getattr(Path, moment)

    def interrupted(path: Path, *arguments: Any, **more: Any) -> Any:
        if path.parent != out.parent:
            return real(path, *arguments, **more)
        if moment == "open":
            real(path, *arguments).close()
        raise KeyboardInterrupt

    config = configured(front=HOPPER)
    monkeypatch.setattr(Path, moment, interrupted)
    with pytest.raises(SystemExit) as end:
        snapshot.take_snapshot(config, "front", out)
    monkeypatch.undo()
    assert end.value.code == 1
    assert list(out.parent.iterdir()) == [out]
    assert out.read_bytes() == kept


def test_the_file_has_the_rights_that_a_new_file_has(configured: Callable[..., Path], out: Path) -> None:
    assert edgevision("snapshot", "-c", configured(front=pictures()), "front", out).returncode == 0
    mask = os.umask(0)
    os.umask(mask)
    assert out.stat().st_mode & 0o777 == 0o666 & ~mask
