"""The broker's picture of the device is right: what is there is announced, what isn't any more is cleared away."""

import json
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from edgevision.capture.frame import Picture
from edgevision.daemon.announcer import Announcer
from edgevision.daemon.camera import Camera
from edgevision.daemon.capture_thread import CaptureThread
from edgevision.daemon.clock import Clock
from edgevision.daemon.frame_queue import FrameQueue
from edgevision.daemon.memory import Memory
from edgevision.daemon.models import ModelInUse
from edgevision.daemon.reporter import Reporter
from edgevision.daemon.scene_rules import scene_rules
from edgevision.inference.accelerated import AcceleratedModel
from edgevision.inference.bundled import bundled_model
from edgevision.inference.model import Model
from edgevision.publish.topics import Topics
from edgevision.scene.scene import Scene
from tests.daemon.cameras import ScriptedSource, a_camera, a_clock
from tests.daemon.publishers import RecordingPublisher

TOPICS = Topics("edgevision", "test")
DISCOVERY = "homeassistant/device/edgevision_test/config"
ZONE = {"drive": {"polygon": [[0, 0], [1, 0], [1, 1]]}}


@dataclass
class Run:
    """A run of the daemon's announcer over one camera, with its memory in `folder`."""

    folder: Path
    camera: Camera = field(default_factory=a_camera)
    labels: tuple[str, ...] = ("person",)
    discovery: str | None = "homeassistant"
    time: Clock = field(default_factory=a_clock)

    def __post_init__(self) -> None:
        self.publisher = RecordingPublisher()
        self.memory = Memory(self.folder / "mqtt.json", lambda: 0.0)
        scene = Scene(scene_rules(self.camera.settings), lambda: "front-1")
        self.reporter = Reporter(self.camera, scene, TOPICS, self.publisher, 1, self.labels, self.time)
        models = [ModelInUse("person", AcceleratedModel(Model(bundled_model("person"))), ("front",))]
        reporters = {"front": self.reporter}
        self.announcer = Announcer(reporters, TOPICS, self.publisher, self.memory, self.time)
        self.announcer.take_over(models, self.discovery, 10.0)
        self.clock = 0.0
        self.attend()

    def attend(self) -> None:
        """As the main thread does, some seconds later each time."""
        self.clock += 5.0
        self.announcer.attend(self.clock)
        self.memory.store(now=True)

    def discovered(self) -> dict[str, Any]:
        (*_, newest) = [message.payload for message in self.publisher.messages if message.topic == DISCOVERY]
        components = json.loads(newest)["components"]
        assert isinstance(components, dict)
        return components


def test_all_is_announced_once_retained(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.attend()
    topics = [message.topic for message in run.publisher.messages]
    assert topics == ["edgevision/test/info", "edgevision/test/front/status", DISCOVERY]
    assert all(message.retain and message.qos == 1 for message in run.publisher.messages)
    assert run.publisher.retracted == []


def test_info_says_what_is_known_of_the_clock_and_what_is_wrong_with_the_configuration(tmp_path: Path) -> None:
    set_by_network = iter([False, False, True])
    clock = Clock(lambda: 1_800_000_000.0, lambda: 5.0, lambda: next(set_by_network), is_vouched_for=lambda _: False)
    run = Run(tmp_path, time=clock)
    for mistake in (None, "edgevision.yaml:1:1: no such key", None):
        run.announcer.mistake = mistake
        run.attend()
    run.time.look()
    run.attend()
    run.time.look()
    run.attend()
    said = [json.loads(payload) for payload in run.publisher.payloads("info")]
    assert [(info["clock"], info["configuration"]["error"]) for info in said] == [
        ("waiting", None),
        ("waiting", "edgevision.yaml:1:1: no such key"),
        ("waiting", None),
        ("synchronized", None),
    ]


def test_a_camera_is_online_while_it_gives_frames(tmp_path: Path) -> None:
    run = Run(tmp_path)
    for stalled in (False, False, True, False):
        run.camera.counters.stalled = stalled
        run.attend()
    run.announcer.leave()
    said = run.publisher.payloads("front/status")
    assert said == [b"offline", b"online", b"offline", b"online", b"offline"]


def test_a_camera_whose_source_has_ended_is_offline(tmp_path: Path) -> None:
    camera = a_camera(ScriptedSource("open", Picture(np.zeros((2, 2, 3), np.uint8)), None))
    run, queue = Run(tmp_path, camera), FrameQueue()
    consumer = threading.Thread(target=lambda: [*iter(queue.take, None)])
    consumer.start()
    CaptureThread(camera, queue, threading.Event(), lambda: None, lambda _: None).run()
    queue.close()
    consumer.join(10)
    assert not camera.counters.stalled
    run.attend()
    assert run.publisher.payloads("front/status") == [b"offline"]


def test_without_a_discovery_prefix_home_assistant_is_told_nothing(tmp_path: Path) -> None:
    run = Run(tmp_path, discovery=None)
    run.announcer.born()
    assert not [message for message in run.publisher.messages if message.topic.startswith("homeassistant")]


def test_a_label_that_is_seen_later_is_shown_from_then_on_also_after_a_restart(tmp_path: Path) -> None:
    run = Run(tmp_path, labels=())
    assert not [key for key in run.discovered() if key.startswith("count")]
    run.reporter.labels = ("zebra",)
    run.attend()
    assert [key for key in run.discovered() if key.startswith("count")] == ["count--front--zebra"]
    assert Memory(tmp_path / "mqtt.json", lambda: 0.0).content.cameras["front"].seen == ("zebra",)


def test_what_is_no_longer_configured_is_cleared_away(tmp_path: Path) -> None:
    Run(tmp_path, a_camera(zones=ZONE), ("person", "dog"))
    run = Run(tmp_path, a_camera(snapshots={"enabled": False}), ("person",))
    assert run.publisher.retracted == [
        f"edgevision/test/front/{topic}" for topic in ("count/dog", "count/dog/drive", "count/person/drive", "snapshot")
    ]
    gone = {key: told for key, told in run.discovered().items() if set(told) == {"platform"}}
    assert {key.split("--")[0] for key in gone} == {"occupancy", "count", "snapshot", "take_snapshot"}
    assert "count--front--dog" in gone
    assert "count--front--person" not in gone


def test_nothing_is_cleared_away_that_is_still_there(tmp_path: Path) -> None:
    Run(tmp_path, a_camera(zones=ZONE))
    assert Run(tmp_path, a_camera(zones=ZONE)).publisher.retracted == []


def test_what_could_not_be_cleared_away_for_want_of_a_broker_is_the_next_time(tmp_path: Path) -> None:
    Run(tmp_path, a_camera(zones=ZONE))
    stale = ["edgevision/test/front/count/person/drive"]
    for connected in (False, True, True):
        run = Run(tmp_path)
        assert run.publisher.retracted == stale
        if connected:
            stale = []
            run.publisher.connected.set()
            run.attend()


def test_what_goes_while_the_broker_is_away_is_remembered_until_it_is_back(tmp_path: Path) -> None:
    run = Run(tmp_path, a_camera(zones=ZONE))
    run.publisher.connected.set()
    run.attend()
    run.publisher.connected.clear()
    run.camera.settings = a_camera().settings
    run.announcer.take_over([], run.discovery, 10.0)
    run.attend()
    assert run.publisher.retracted == ["edgevision/test/front/count/person/drive"]
    assert Run(tmp_path).publisher.retracted == run.publisher.retracted, "this process may have died"


def test_discovery_that_is_switched_off_takes_the_device_back(tmp_path: Path) -> None:
    Run(tmp_path)
    assert Run(tmp_path, discovery=None).publisher.retracted == [DISCOVERY]


def test_home_assistants_birth_brings_all_again_and_buries_what_is_gone(tmp_path: Path) -> None:
    Run(tmp_path, labels=("person", "dog"))
    run = Run(tmp_path)
    before = len(run.publisher.messages)
    run.announcer.born()
    run.attend()
    *burials, discovery = run.publisher.messages[before:]
    assert discovery.topic == DISCOVERY
    assert {message.topic.split("/")[-2] for message in burials} == {"occupancy--front--dog", "count--front--dog"}
    assert [message.payload for message in burials][1::2] == [b"", b""]
    before = len(run.publisher.messages)
    run.announcer.born()
    run.attend()
    assert [message.topic for message in run.publisher.messages[before:]] == [DISCOVERY]
    assert set(run.discovered()) == set(run.memory.content.components)


def test_what_is_gone_is_buried_as_soon_as_there_is_a_broker_too(tmp_path: Path) -> None:
    Run(tmp_path, labels=("person", "dog"))
    run = Run(tmp_path)
    run.publisher.connected.set()
    before = len(run.publisher.messages)
    run.attend()
    run.attend()
    assert len(run.publisher.messages) == before + 4
    assert "count--front--dog" in run.memory.content.components  # Home Assistant may still be down


def test_home_assistant_gets_a_second_to_digest_what_it_was_told(tmp_path: Path) -> None:
    run = Run(tmp_path)
    told = []
    for tenths in range(30):
        run.reporter.labels = (*run.reporter.labels, f"label {tenths}")
        run.announcer.attend(100.0 + tenths / 10)
        told.append(sum(message.topic == DISCOVERY for message in run.publisher.messages))
    assert told[-1] - told[0] == 2
    run.announcer.attend(200.0)
    assert sum(key.startswith("count--front--label") for key in run.discovered()) == 30
