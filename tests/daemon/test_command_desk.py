"""Commands do what they say, are answered, and outlive a restart; what makes no sense changes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from edgevision.daemon.camera import Camera
from edgevision.daemon.command_desk import MOST_WAITING, CommandDesk
from edgevision.daemon.frame_queue import FrameQueue, NoPicture
from edgevision.daemon.memory import Memory
from edgevision.publish.listeners import Handler
from edgevision.publish.topics import Topics
from tests.daemon.cameras import a_camera
from tests.daemon.publishers import RecordingPublisher

BASE = "edgevision/test/front"


class ListeningPublisher(RecordingPublisher):
    """Hands on what tests say has come."""

    def __init__(self) -> None:
        super().__init__()
        self.handlers: dict[str, Handler] = {}

    def listen(self, topics: Any, handler: Handler, *, retained: bool = False) -> None:
        self.handlers |= dict.fromkeys(topics, handler)


@dataclass
class Desk:
    """A desk over one camera, as a daemon with `folder` as its state_dir has it."""

    folder: Path
    camera: Camera = field(default_factory=a_camera)
    discovery: str | None = "homeassistant"

    def __post_init__(self) -> None:
        self.publisher, self.queue, self.births, self.nudges = (
            ListeningPublisher(),
            FrameQueue(),
            list[str](),
            list[str](),
        )
        self.memory = Memory(self.folder / "mqtt.json", lambda: 0.0)
        cameras: Mapping[str, Camera] = {"front": self.camera}
        self.desk = CommandDesk(
            cameras,
            {"front": self.queue},
            Topics("edgevision", "test"),
            self.publisher,
            self.memory,
            lambda: self.births.append("born"),
            lambda: self.nudges.append("nudge"),
            lambda: 1000.0,
        )
        self.desk.restore(self.camera)
        self.desk.attend_to(self.discovery)

    def gets(self, topic: str, payload: bytes) -> None:
        self.publisher.handlers[topic](topic, payload)
        self.desk.attend()
        self.memory.store(now=True)

    def says(self, topic: str) -> bytes:
        return self.publisher.payloads(f"front/{topic}")[-1]


def test_what_holds_is_said_at_the_start(tmp_path: Path) -> None:
    desk = Desk(tmp_path, a_camera(model={"threshold": 0.65}))
    assert (desk.says("detect"), desk.says("threshold")) == (b"ON", b"0.65")
    assert all(message.retain and message.qos == 1 for message in desk.publisher.messages)


def test_only_the_topics_for_commands_and_home_assistants_birth_are_listened_to(tmp_path: Path) -> None:
    sets = {f"{BASE}/{what}/set" for what in ("detect", "threshold", "snapshot")}
    assert set(Desk(tmp_path).publisher.handlers) == sets | {"homeassistant/status"}
    assert set(Desk(tmp_path, discovery=None).publisher.handlers) == sets


def test_detection_is_switched_and_that_is_answered(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.gets(f"{BASE}/detect/set", b"OFF")
    assert desk.nudges == ["nudge"]
    assert not desk.camera.controls.detect
    assert desk.says("detect") == b"OFF"
    desk.gets(f"{BASE}/detect/set", b"ON")
    assert desk.camera.controls.detect
    assert desk.says("detect") == b"ON"


def test_a_command_is_answered_on_its_own_state_topic_alone(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    for topic, payload, answer in (("detect", b"off", b"OFF"), ("threshold", b".7", b"0.70")):
        before = len(desk.publisher.messages)
        desk.gets(f"{BASE}/{topic}/set", payload)
        (answered,) = desk.publisher.messages[before:]
        assert (answered.topic, answered.payload) == (f"{BASE}/{topic}", answer)


def test_switching_off_ends_what_is_open_without_waiting_for_a_frame(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.gets(f"{BASE}/detect/set", b"OFF")
    taken = desk.queue.take()
    assert isinstance(taken, NoPicture)
    assert taken.over
    assert desk.camera.controls.leave_wanted


def test_the_threshold_is_set_and_answered(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.gets(f"{BASE}/threshold/set", b"0.725")
    assert desk.camera.controls.threshold == pytest.approx(0.72, abs=0.011)
    assert desk.says("threshold") == f"{desk.camera.controls.threshold:.2f}".encode()


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("threshold/set", b"abc"),
        ("threshold/set", b"1.5"),
        ("threshold/set", b"nan"),
        ("threshold/set", b""),
        ("detect/set", b"maybe"),
        ("detect/set", b"\xff\x00"),
        ("detect/set", b'{"path": "/etc/passwd"}'),
    ],
)
def test_a_command_that_makes_no_sense_changes_nothing_and_is_logged_once(
    topic: str, payload: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    desk = Desk(tmp_path)
    before = len(desk.publisher.messages)
    for _ in range(3):
        desk.gets(f"{BASE}/{topic}", payload)
    assert (desk.camera.controls.detect, desk.camera.controls.threshold) == (True, 0.5)
    assert len(desk.publisher.messages) == before
    assert len(caplog.records) == 1
    assert f"{BASE}/{topic}" in caplog.text
    assert list(tmp_path.iterdir()) == []


def test_what_was_set_holds_after_a_restart(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.gets(f"{BASE}/detect/set", b"OFF")
    desk.gets(f"{BASE}/threshold/set", b"0.8")
    again = Desk(tmp_path)
    assert (again.camera.controls.detect, again.camera.controls.threshold) == (False, 0.8)
    assert (again.says("detect"), again.says("threshold")) == (b"OFF", b"0.80")


def test_what_is_set_is_on_the_disk_before_it_is_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(tmp_path)
    there = []
    monkeypatch.setattr(desk.publisher, "announce", lambda _: there.append((tmp_path / "mqtt.json").read_text()))
    desk.publisher.handlers[f"{BASE}/detect/set"](f"{BASE}/detect/set", b"OFF")
    desk.desk.attend()
    assert len(there) == 1
    assert '"detect": false' in there[0]


def test_a_threshold_that_is_changed_in_the_configuration_is_the_newer_wish(tmp_path: Path) -> None:
    Desk(tmp_path).gets(f"{BASE}/threshold/set", b"0.8")
    again = Desk(tmp_path, a_camera(model={"threshold": 0.6}))
    assert again.camera.controls.threshold == 0.6


def test_a_threshold_set_back_to_the_configurations_is_no_longer_remembered(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.gets(f"{BASE}/threshold/set", b"0.8")
    desk.gets(f"{BASE}/threshold/set", b"0.5")
    assert desk.memory.content.cameras["front"].threshold is None


def test_a_snapshot_is_asked_for_with_any_payload(tmp_path: Path) -> None:
    for payload in (b"", b"now", b"\x00\xff"):
        desk = Desk(tmp_path)
        desk.gets(f"{BASE}/snapshot/set", payload)
        assert desk.camera.controls.snapshot_wanted


def test_no_snapshot_is_taken_where_the_configuration_forbids_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    desk = Desk(tmp_path, a_camera(snapshots={"enabled": False}))
    desk.gets(f"{BASE}/snapshot/set", b"now")
    assert not desk.camera.controls.snapshot_wanted
    assert "switched off in the configuration" in caplog.text


def test_home_assistants_birth_is_heard_and_its_death_is_not(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.gets("homeassistant/status", b"offline")
    assert desk.births == []
    desk.gets("homeassistant/status", b"online")
    assert desk.births == ["born"]


def test_a_flood_of_commands_fills_no_memory(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    for _ in range(MOST_WAITING * 3):
        desk.publisher.handlers[f"{BASE}/snapshot/set"](f"{BASE}/snapshot/set", b"")
    desk.desk.attend()
    assert desk.camera.controls.snapshot_wanted


def test_of_a_flood_the_newest_commands_hold(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    topic = f"{BASE}/threshold/set"
    for number in range(MOST_WAITING + 1):
        desk.publisher.handlers[topic](topic, b"0.9" if number == MOST_WAITING else b"0.1")
    desk.desk.attend()
    assert desk.says("threshold") == b"0.90"
    assert desk.nudges == ["nudge"], "or the request to stop would wait behind them"


def test_who_never_ceases_to_command_keeps_the_main_thread_from_nothing_else(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    topic = "homeassistant/status"

    class Insatiable(list[str]):
        def append(self, birth: str) -> None:
            super().append(birth)
            desk.publisher.handlers[topic](topic, b"online")

    desk.births = Insatiable()
    desk.publisher.handlers[topic](topic, b"online")
    for births in (1, 2):
        desk.desk.attend()
        assert len(desk.births) == births
        assert len(desk.nudges) > births, "what came meanwhile waits for no other"
