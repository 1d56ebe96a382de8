"""Which frames' detections are sent."""

import pytest

from edgevision.config.schema import PublishMode
from edgevision.daemon.publish_gate import PublishGate
from edgevision.inference.detection import Detection
from edgevision.scene.seen import Seen

NOTHING: list[Seen] = []
CAT = [Seen(Detection("cat", 0.9), None, ())]
CAT_AGAIN = [Seen(Detection("cat", 0.6), "front-1", ("drive",))]
CATS = [*CAT, *CAT]
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
    gate = PublishGate()
    passed = []
    for frame in FRAMES:
        passed.append(gate.passes(mode, frame))
        if passed[-1]:
            gate.sent(frame)
    assert passed == sent


def test_a_change_that_could_not_be_sent_stays_one() -> None:
    gate = PublishGate()
    assert gate.passes("changes", CAT)
    assert gate.passes("changes", CAT)
    gate.sent(CAT)
    assert not gate.passes("changes", CAT)
