"""64-bit Arm under qemu: the daemon with the bundled model says of a picture what it says here."""

from pathlib import Path

import pytest

from edgevision.capture.picture_file import decode_picture
from edgevision.inference.bundled import bundled_model
from tests.bare import bare_interpreter, detect_in_tf1_order
from tests.mosquitto import Mosquitto
from tests.system import working_tree
from tests.system.agreement import assert_agree
from tests.system.daemon_inside import DETECTIONS, STATUS, config, daemon, found_in
from tests.system.roots.arm64 import INTERPRETER, WHEELS
from tests.system.roots.recipe import REPOSITORY

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

PICTURE = "edgevision/demo/pictures/astronaut.jpg"
THRESHOLD = 0.5
SCORE_TOLERANCE = 0.1  # LiteRT's scores on x86-64 and Arm were seen to differ by 11 of 255
LEAST_OVERLAP = 0.8


def test_the_daemon_on_arm_finds_what_the_bare_interpreter_finds_here(
    arm64_root: Path, tree: Path, scratch: Path
) -> None:
    picture = decode_picture((REPOSITORY / PICTURE).read_bytes())
    expected = detect_in_tf1_order(bare_interpreter(bundled_model("person")), picture, ["person"], THRESHOLD)
    assert expected

    with Mosquitto(scratch / "broker") as broker:
        subscriber = broker.subscribe(DETECTIONS, STATUS)
        # One thread: measuring which number is best would take qemu a minute.
        configuration = config(
            broker, {"type": "images", "path": f"{working_tree.INSIDE}/{PICTURE}"}, model={"threads": 1}
        )
        paths = f"{working_tree.INSIDE}:{WHEELS}"
        with daemon(arm64_root, INTERPRETER, tree, scratch, configuration, PYTHONPATH=paths) as process:
            assert process.wait(300) == 0
        subscriber.wait_for_payload(STATUS, b"offline")

    (published,) = found_in(subscriber.messages)
    assert [one.label for one in published] == [one.label for one in expected]
    assert_agree(published, expected, sure=THRESHOLD + SCORE_TOLERANCE, score=SCORE_TOLERANCE, overlap=LEAST_OVERLAP)
