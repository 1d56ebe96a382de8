"""The real Picamera2 on libcamera's virtual camera, on Debian 13 with Python 3.13."""

import signal
from pathlib import Path

import cv2
import pytest

from edgevision.capture.frame import BgrImage
from edgevision.capture.picture_file import decode_picture
from tests.bare import bare_interpreter, detect_in_tf1_order
from tests.mosquitto import Mosquitto
from tests.system import working_tree
from tests.system.agreement import assert_agree
from tests.system.daemon_inside import DETECTIONS, STATUS, config, daemon, found_in
from tests.system.pytest_inside import run_pytest
from tests.system.roots.virtcam import FRAMES, INTERPRETER, PATCHES, camera

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

CONTRACT = ("tests/capture/test_picamera2_contract_camera.py", "tests/capture/test_picamera2_contract_class.py")
PATHS = f"{working_tree.INSIDE}:{working_tree.INSIDE}/{PATCHES}"
SIZE = (640, 480)
MODEL, LABELS = "coco_ssd_mobilenet_v1_1.0_quant.tflite", "coco_ssd_labels.txt"

# On its way a picture becomes YUV with a quarter of the colours, and back: its pixels are then 1.0 to 1.8 of 255 off on
# average. On all pictures of ../shared that moved scores from 0.6 up by 0.03 at most.
THRESHOLD = 0.5
SURE = 0.6
SCORE_TOLERANCE = 0.1
LEAST_OVERLAP = 0.8


@pytest.fixture
def frames(tmp_path: Path) -> Path:
    """The folder that the camera's pictures come from."""
    folder = tmp_path / "frames"
    folder.mkdir()
    return folder


def show(photo: Path, frames: Path) -> BgrImage:
    """Let the camera see `photo`; what it sees."""
    picture = frames / "0.jpg"
    cv2.imwrite(str(picture), cv2.resize(decode_picture(photo.read_bytes()), SIZE), [cv2.IMWRITE_JPEG_QUALITY, 98])
    return decode_picture(picture.read_bytes())


def test_picamera2_keeps_the_contract_that_its_stand_in_keeps(
    virtcam_root: Path, tree: Path, scratch: Path, frames: Path
) -> None:
    variables = {"EDGEVISION_TEST_PICAMERA2": "real", "EDGEVISION_TEST_PICTURES": FRAMES, "PYTHONPATH": PATHS}
    outcome = run_pytest(virtcam_root, INTERPRETER, tree, scratch, CONTRACT, camera(frames), **variables)
    outcome.require_all_passed()


@pytest.mark.parametrize("name", ["pets.jpg", "owl.jpg", "grace_hopper.jpg", "cat_720p.jpg"])
def test_what_the_camera_sees_arrives_on_mqtt_until_it_is_stopped(
    virtcam_root: Path, tree: Path, scratch: Path, frames: Path, models: Path, photos: Path, name: str
) -> None:
    seen = show(photos / name, frames)
    labels = (models / LABELS).read_text().splitlines()[1:]  # the first is the background, which the model leaves out
    expected = detect_in_tf1_order(bare_interpreter(models / MODEL), seen, labels, THRESHOLD)
    assert expected[0].score > SURE

    inside = f"{working_tree.SHARED_INSIDE}/models"
    model = {"path": f"{inside}/{MODEL}", "labels": f"{inside}/{LABELS}", "threshold": THRESHOLD}
    with Mosquitto(scratch / "broker") as broker:
        subscriber = broker.subscribe(DETECTIONS, STATUS)
        configuration = config(broker, {"type": "picamera2", "size": SIZE}, model=model)
        with daemon(
            virtcam_root, [INTERPRETER], tree, scratch, configuration, camera(frames), PYTHONPATH=PATHS
        ) as process:
            subscriber.wait_for(lambda messages: len(found_in(messages)) >= 5, "five frames", timeout=60)
            process.signal(signal.SIGTERM)
            assert process.wait(10) == 0
        subscriber.wait_for_payload(STATUS, b"offline")

    for published in found_in(subscriber.messages):
        assert published[0].label == expected[0].label
        assert_agree(published, expected, sure=SURE, score=SCORE_TOLERANCE, overlap=LEAST_OVERLAP)
