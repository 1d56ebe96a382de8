"""What others may ask for by MQTT: three things of a camera, and nothing else."""

import re
from collections.abc import Iterable

from edgevision.publish.topics import Topics
from edgevision.record import record

_DECIMAL = re.compile(rb"\d+(\.\d+)?|\.\d+")
_SHOWN = 40


@record
class SwitchDetection:
    """Look for things in the frames of `camera`, or don't."""

    camera: str
    on: bool


@record
class SetThreshold:
    """The least score that counts before `camera`: 0..1 in hundredths."""

    camera: str
    value: float


@record
class TakeSnapshot:
    """Publish a picture of `camera` now."""

    camera: str


@record
class HomeAssistantBorn:
    """Home Assistant has started, and knows nothing of us yet."""


@record
class Refused:
    """No command; `reason` can be logged after the topic, whatever the payload was: one short line."""

    reason: str


Command = SwitchDetection | SetThreshold | TakeSnapshot | HomeAssistantBorn


def command_topics(topics: Topics, cameras: Iterable[str]) -> list[str]:
    """Where commands for `cameras` come."""
    commands = (topics.detect_set, topics.threshold_set, topics.snapshot_set)
    return [topic(camera) for camera in cameras for topic in commands]


def birth_topic(discovery: str) -> str:
    """Where Home Assistant, whose discovery prefix this is, says `online` when it has started."""
    return f"{discovery}/status"


def parse(
    topic: str, payload: bytes, topics: Topics, cameras: Iterable[str], discovery: str | None
) -> Command | Refused | None:
    """What the message means, None if nothing is to be done; `discovery` is Home Assistant's prefix, if it is wanted.

    White space around the payload, and the case of ON and OFF, don't matter.
    """
    for camera in cameras:
        if topic == topics.detect_set(camera):
            return _switch(camera, payload)
        if topic == topics.threshold_set(camera):
            return _threshold(camera, payload)
        if topic == topics.snapshot_set(camera):
            return TakeSnapshot(camera)
    if discovery is not None and topic == birth_topic(discovery):
        return HomeAssistantBorn() if payload.strip() == b"online" else None
    return Refused("no camera here takes commands on this topic")


def _switch(camera: str, payload: bytes) -> SwitchDetection | Refused:
    word = payload.strip().upper()
    if word not in (b"ON", b"OFF"):
        return Refused(f"{_shown(payload)} is neither ON nor OFF")
    return SwitchDetection(camera, word == b"ON")


def _threshold(camera: str, payload: bytes) -> SetThreshold | Refused:
    number = payload.strip()
    if not _DECIMAL.fullmatch(number) or not 0 <= float(number) <= 1:
        return Refused(f"{_shown(payload)} is no number from 0.00 to 1.00")
    return SetThreshold(camera, round(float(number), 2))


def _shown(payload: bytes) -> str:
    """The beginning of `payload`, with all that isn't printable ASCII escaped."""
    beginning = repr(payload[:_SHOWN]).removeprefix("b")
    return beginning if len(payload) <= _SHOWN else f"{beginning}… ({len(payload)} bytes)"
