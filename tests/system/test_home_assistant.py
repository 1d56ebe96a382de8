"""Home Assistant shows what discovery tells it, does what is clicked, and forgets what is no more."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import pytest

from edgevision.publish.broker import BrokerSettings
from edgevision.publish.client import Publisher
from edgevision.publish.device_payloads import CameraStats, LatencyStats, OutboxStats, Stats, stats_payload
from edgevision.publish.discovery import (
    Component,
    DiscoveredCamera,
    burial,
    components,
    discovery_payload,
    discovery_topic,
    platforms,
)
from edgevision.publish.message import Message
from edgevision.publish.topics import Topics
from tests.daemon_process import DaemonProcess
from tests.mosquitto import Mosquitto, wait_until
from tests.system.home_assistant.process import HomeAssistant, home_assistant
from tests.test_main_job import PICTURES

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

PREFIX = "homeassistant"
BIRTH = f"{PREFIX}/status"
TOPICS = Topics("edgevision", "porch-pi")
CONFIG = discovery_topic(PREFIX, TOPICS.device)
FRONT = DiscoveredCamera("front", ("person", "dog"), {"drive": ("person",)})
ONLY_DOGS = DiscoveredCamera("front", ("dog",), snapshots=False)


class Device:
    """Publishes what the daemon would, with the daemon's own publisher."""

    def __init__(self, broker: Mosquitto, *cameras: DiscoveredCamera) -> None:
        self.publisher = Publisher(BrokerSettings(broker.host, broker.port, client_id="device"), TOPICS.status)
        self.publisher.start()
        for camera in cameras:
            self.state(TOPICS.camera_status(camera.name), b"online")
        self.shown = self.announce(cameras)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.publisher.stop(5)

    def announce(
        self, cameras: Sequence[DiscoveredCamera], gone: Mapping[str, str] | None = None
    ) -> dict[str, Component]:
        shown = components(TOPICS, cameras, interval=10)
        self.state(CONFIG, discovery_payload(TOPICS, shown, "1.2.3", gone))
        return shown

    def state(self, topic: str, payload: bytes) -> None:
        # Retained, statistics too: Home Assistant may subscribe a moment later.
        self.publisher.announce(Message(topic, payload, qos=1))

    def tell(self, message: Message) -> None:
        assert self.publisher.publish(message)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "broker") as broker:
        yield broker


@pytest.fixture
def running(home_assistant_root: Path, tmp_path: Path, broker: Mosquitto) -> Iterator[HomeAssistant]:
    with home_assistant(home_assistant_root, tmp_path / "config", broker) as running:
        yield running


@pytest.fixture
def device(running: HomeAssistant, broker: Mosquitto) -> Iterator[Device]:
    """One that Home Assistant has found."""
    with Device(broker, FRONT) as device:
        running.wait_for_entities(device.shown)
        running.wait_for_states({"detection--front": "unknown", "occupancy--front--person": "unknown"})
        yield device


def test_what_the_device_publishes_is_what_home_assistant_shows(running: HomeAssistant, device: Device) -> None:
    assert running.devices() == {"porch-pi": "1.2.3"}
    for topic, payload in {
        TOPICS.count("front", "person"): b"2",
        TOPICS.count("front", "person", "drive"): b"0",
        TOPICS.count("front", "dog"): b"0",
        TOPICS.detect("front"): b"ON",
        TOPICS.threshold("front"): b"0.50",
        TOPICS.snapshot("front"): b"\xff\xd8 a picture \xff\xd9",
    }.items():
        device.state(topic, payload)
    device.state(TOPICS.stats, statistics(cpu_temperature=None, throttled=None, p50=None))
    running.wait_for_states(
        {
            "occupancy--front--person": "on",
            "count--front--person": "2",
            "occupancy--front--person--drive": "off",
            "count--front--person--drive": "0",
            "occupancy--front--dog": "off",
            "detection--front": "on",
            "threshold--front": "0.5",
            "capture_fps--front": "9.9",
            "inference_fps--front": "5.0",
            "stalled--front": "off",
            "degraded": "on",
            # Nobody knows: there is no sensor, nothing was inferred yet.
            "cpu_temperature": "unknown",
            "throttled": "unknown",
            "inference_ms--front": "unknown",
        }
    )
    device.state(TOPICS.stats, statistics(cpu_temperature=48.2, throttled=True, p50=12.3))
    running.wait_for_states({"cpu_temperature": "48.2", "throttled": "on", "inference_ms--front": "12.3"})
    shown = running.entities()
    assert running.picture(shown["snapshot--front"].id) == b"\xff\xd8 a picture \xff\xd9"
    assert shown["occupancy--front--person"].id == "binary_sensor.porch_pi_front_person"
    assert shown["count--front--person--drive"].id == "sensor.porch_pi_front_drive_person_count"
    assert shown["count--front--person"].attributes["friendly_name"] == "porch-pi Front person count"
    assert {key for key, one in shown.items() if one.category == "diagnostic"} == {
        *("cpu_temperature", "throttled", "degraded"),
        *("capture_fps--front", "inference_fps--front", "inference_ms--front", "stalled--front"),
    }


def test_what_is_clicked_arrives_on_the_topic_that_was_named(
    running: HomeAssistant, device: Device, broker: Mosquitto
) -> None:
    commands = broker.subscribe(f"{TOPICS.base}/+/+/set")
    shown = running.entities()
    running.call("switch.turn_off", shown["detection--front"].id)
    running.call("number.set_value", shown["threshold--front"].id, value=0.35)
    running.call("button.press", shown["take_snapshot--front"].id)
    came = commands.wait_for(lambda messages: len(messages) == 3, "three commands")
    assert [(message.topic, message.payload, message.retain) for message in came] == [
        (TOPICS.detect_set("front"), b"OFF", False),
        (TOPICS.threshold_set("front"), b"0.35", False),
        (TOPICS.snapshot_set("front"), b"PRESS", False),
    ]
    device.state(TOPICS.detect("front"), b"OFF")
    device.state(TOPICS.threshold("front"), b"0.35")
    running.wait_for_states({"detection--front": "off", "threshold--front": "0.35"})


def test_without_its_camera_only_what_needs_eyes_is_unavailable(running: HomeAssistant, device: Device) -> None:
    device.state(TOPICS.detect("front"), b"ON")
    device.state(TOPICS.stats, statistics())
    running.wait_for_states({"detection--front": "on", "stalled--front": "off"})
    device.state(TOPICS.camera_status("front"), b"offline")
    running.wait_for_states({"occupancy--front--person": "unavailable", "take_snapshot--front": "unavailable"})
    unavailable = {key for key, one in running.entities().items() if one.state == "unavailable"}
    assert unavailable == {key for key in device.shown if key.startswith(("occupancy", "count", "take_snapshot"))}
    device.state(TOPICS.camera_status("front"), b"online")
    running.wait_for_states({"occupancy--front--person": "unknown"})


def test_without_the_daemon_all_is_unavailable(running: HomeAssistant, device: Device) -> None:
    device.state(TOPICS.stats, statistics())
    running.wait_for_states({"stalled--front": "off"})
    device.publisher.stop(5)
    running.wait_for_states(dict.fromkeys(device.shown, "unavailable"))


def test_what_is_no_more_vanishes_from_a_running_home_assistant(running: HomeAssistant, device: Device) -> None:
    device.announce([ONLY_DOGS])
    device.state(TOPICS.count("front", "person"), b"1")
    running.wait_for_states({"occupancy--front--person": "on"})  # or tombstones wouldn't be needed
    shown = device.announce([ONLY_DOGS], gone=platforms(device.shown))
    running.wait_for_entities(shown)
    again = device.announce([FRONT], gone=platforms(device.shown))
    running.wait_for_entities(again)
    device.state(CONFIG, b"")
    running.wait_for_entities([])
    assert running.devices() == {}


def test_what_went_while_home_assistant_was_down_vanishes_when_it_is_born(
    home_assistant_root: Path, tmp_path: Path, broker: Mosquitto
) -> None:
    folder = tmp_path / "config"
    with Device(broker) as device:
        with home_assistant(home_assistant_root, folder, broker) as running:
            remembered = platforms(device.announce([FRONT]))
            running.wait_for_entities(remembered)
        shown = device.announce([ONLY_DOGS], gone=remembered)
        births = broker.subscribe(BIRTH)
        with home_assistant(home_assistant_root, folder, broker) as running:
            births.wait_for_payload(BIRTH, b"online", timeout=30)
            assert set(running.entities()) == set(remembered), "it forgets by itself: burial isn't needed any more"
            device.announce([ONLY_DOGS], gone=remembered)
            for message in burial(PREFIX, TOPICS, {key: remembered[key] for key in remembered.keys() - shown.keys()}):
                device.tell(message)
            device.announce([ONLY_DOGS])
            running.wait_for_entities(shown)
            assert running.devices() == {"porch-pi": "1.2.3"}
        with home_assistant(home_assistant_root, folder, broker) as running:
            running.wait_for_entities(shown)


def test_the_daemon_does_what_is_clicked_and_forgets_the_camera_it_has_no_more(
    running: HomeAssistant, tmp_path: Path, broker: Mosquitto
) -> None:
    config = daemon_config(broker)
    there = {"occupancy--front--person": "on", "count--front--person--all": "1", "occupancy--back--person": "on"}
    with DaemonProcess(tmp_path, config) as daemon:
        running.wait_for_states({**there, "detection--front": "on", "threshold--front": "0.5", "stalled--back": "off"})
        shown = running.entities()
        wait_until(lambda: is_jpeg(running.picture(shown["snapshot--front"].id)), "a picture")
        running.call("number.set_value", shown["threshold--front"].id, value=0.35)
        running.call("switch.turn_off", shown["detection--front"].id)
        running.wait_for_states(
            {"threshold--front": "0.35", "detection--front": "off", "occupancy--front--person": "off"}
        )
        assert daemon.stop() == 0, daemon.log
    running.wait_for_states(dict.fromkeys(shown, "unavailable"))
    del config["cameras"]["back"]
    with DaemonProcess(tmp_path, config) as daemon:
        running.wait_for_entities(key for key in shown if "--back" not in key)
        running.wait_for_states({"threshold--front": "0.35", "detection--front": "off"})
        running.call("switch.turn_on", shown["detection--front"].id)
        running.wait_for_states({"occupancy--front--person": "on"})
        assert daemon.stop() == 0, daemon.log


def test_the_daemon_has_a_camera_forgotten_that_went_while_home_assistant_was_down(
    home_assistant_root: Path, tmp_path: Path, broker: Mosquitto
) -> None:
    config = daemon_config(broker)
    with home_assistant(home_assistant_root, tmp_path / "config", broker) as running:
        with DaemonProcess(tmp_path, config) as daemon:
            running.wait_for_states({"occupancy--front--person": "on", "occupancy--back--person": "on"})
            assert daemon.stop() == 0, daemon.log
        shown = running.entities()
    del config["cameras"]["back"]
    with (
        DaemonProcess(tmp_path, config) as daemon,
        home_assistant(home_assistant_root, tmp_path / "config", broker) as running,
    ):
        running.wait_for_entities(key for key in shown if "--back" not in key)
        running.wait_for_states({"occupancy--front--person": "on"})
        assert daemon.stop() == 0, daemon.log


def test_odd_and_many_names_make_as_many_entities_and_no_complaint(running: HomeAssistant, broker: Mosquitto) -> None:
    odd = (
        "c",
        "b_c",
        "b c",
        'say "hi"',
        "{{ 1 / 0 }}",
        "{% x %}",
        "a/b",
        "+",
        "#",
        "50%",
        "人",
        "\x00\ufffe",
        "\udcff",
    )
    cameras = [
        DiscoveredCamera("a", (*odd, *map(str, range(80)))),
        DiscoveredCamera("a_b", odd, {"c": (), "-": ()}),
        DiscoveredCamera("-", ("c",), {"c": (), "a--b": ()}),
    ]
    with Device(broker, *cameras) as device:
        assert len(device.shown) == 3 + 3 * 8 + 2 * (93 + 13 * 3 + 3)
        running.wait_for_entities(device.shown)
        for label in odd:
            device.state(TOPICS.count("a_b", label, "c"), b"1")
            device.state(TOPICS.count("a", label), b"0")
        in_the_zone = platforms(components(TOPICS, [DiscoveredCamera("a_b", (), {"c": odd})], 10))
        running.wait_for_states({key: "on" for key in in_the_zone if key.startswith("occupancy")})


def statistics(cpu_temperature: float | None = 40.0, throttled: bool | None = False, p50: float | None = 10.0) -> bytes:
    camera = CameraStats(9.9, 5.0, LatencyStats(p50, p50), 0, 0, stalled=False, fps_limit=None)
    outbox = OutboxStats(0, 0, on_disk=True)
    return stats_payload(Stats(0.0, True, {"front": camera}, outbox, 0, cpu_temperature, throttled, False, 1000, 10.0))


def is_jpeg(picture: bytes | None) -> bool:
    return picture is not None and picture.startswith(b"\xff\xd8") and picture.endswith(b"\xff\xd9")


def daemon_config(broker: Mosquitto) -> dict[str, Any]:
    """Two cameras before which somebody stands still."""
    camera = {"source": {"type": "images", "path": str(PICTURES / "astronaut.jpg"), "loop": True}}
    zones = {"all": {"polygon": [[0, 0], [1, 0], [1, 1], [0, 1]]}}
    return {
        "device": TOPICS.device,
        "mqtt": {"host": broker.host, "port": broker.port},
        "model": {"threads": 1},
        "stats": {"interval": 1},
        "cameras": {"front": {**camera, "zones": zones}, "back": camera},
    }
