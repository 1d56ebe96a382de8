"""Which frames' detections are sent."""

import pytest

from edgevision.daemon.publish_gate import PublishGate, PublishMode
from edgevision.inference.detection import Detection

NOTHING: list[Detection] = []
CAT = [Detection("cat", 0.9)]
CAT_AGAIN = [Detection("cat", 0.6)]
CATS = [Detection("cat", 0.9), Detection("cat", 0.8)]
FRAMES = [NOTHING, CAT, CAT_AGAIN, CATS, NOTHING, NOTHING]


@pytest.mark.parametrize(
    ("mode", "sent"),
    [
        ("nonempty", [False, True, True, True, False, False]),
        ("all", [True] * 6),
        ("changes", [False, True, False, True, True, False]),
        ("off", [False] * 6),
    ],
)
def test_each_mode_sends_what_its_name_says(mode: PublishMode, sent: list[bool]) -> None:
    gate = PublishGate(mode)
    assert [gate.passes(frame) for frame in FRAMES] == sent
