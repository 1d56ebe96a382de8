"""Discovery messages against a schema written from Home Assistant's documentation of MQTT, entity by entity.

Home Assistant itself reads them in tests/system/test_home_assistant.py.
"""

import json
import re
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter

from edgevision.publish.discovery import (
    DiscoveredCamera,
    burial,
    components,
    discovery_payload,
    discovery_topic,
    platforms,
)
from edgevision.publish.topics import Topics

TOPICS = Topics("edgevision", "porch-pi")
FRONT = DiscoveredCamera("front", ("person", "dog"), {"drive": ("person",), "path": ()})


def _topic(topic: str) -> str:
    assert re.fullmatch(r"[^+#\x00-\x1f\x7f-\x9f]+", topic), topic
    return topic


Topic = Annotated[str, AfterValidator(_topic)]
Icon = Annotated[str, Field(pattern=r"^mdi:[a-z-]+$")]
Qos = Literal[0, 1, 2]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Availability(_Strict):
    topic: Topic


class Entity(_Strict):
    unique_id: Annotated[str, Field(min_length=1)]
    name: Annotated[str, Field(min_length=1)]
    icon: Icon | None = None
    entity_category: Literal["config", "diagnostic"] | None = None
    availability: list[Availability] | None = None
    availability_mode: Literal["all", "any", "latest"] = "latest"
    qos: Qos = 0


class State(Entity):
    state_topic: Topic
    value_template: str | None = None
    expire_after: Annotated[int, Field(gt=0)] | None = None


class BinarySensor(State):
    platform: Literal["binary_sensor"]
    device_class: Literal["occupancy", "problem"]


class Sensor(State):
    platform: Literal["sensor"]
    device_class: Literal["temperature", "duration"] | None = None
    state_class: Literal["measurement"]
    unit_of_measurement: Literal["°C", "ms", "fps"] | None = None
    suggested_display_precision: Annotated[int, Field(ge=0)]


class Image(Entity):
    platform: Literal["image"]
    image_topic: Topic
    content_type: Literal["image/jpeg"]


class Button(Entity):
    platform: Literal["button"]
    command_topic: Topic


class Switch(Entity):
    platform: Literal["switch"]
    command_topic: Topic
    state_topic: Topic


class Number(Entity):
    platform: Literal["number"]
    command_topic: Topic
    state_topic: Topic
    min: float
    max: float
    step: Annotated[float, Field(ge=0.001)]


class Device(_Strict):
    identifiers: Annotated[list[str], Field(min_length=1)]
    name: str
    manufacturer: str
    sw_version: str


class Origin(_Strict):
    name: str
    sw_version: str


Component = Annotated[BinarySensor | Sensor | Image | Button | Switch | Number, Field(discriminator="platform")]


class DeviceMessage(_Strict):
    device: Device
    origin: Origin
    availability: list[Availability]
    availability_mode: Literal["all"]
    components: dict[Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]+$")], Component]


NAMES = st.text("ab_-1", min_size=1, max_size=4)
LABELS = st.text(min_size=1, max_size=4) | st.text("ab_- /2d", min_size=1, max_size=4)
CAMERAS = st.lists(
    st.builds(
        DiscoveredCamera,
        NAMES,
        st.lists(LABELS, unique=True, max_size=4).map(tuple),
        st.dictionaries(NAMES, st.lists(LABELS, unique=True, max_size=3).map(tuple), max_size=3),
        st.booleans(),
    ),
    unique_by=lambda camera: camera.name,
    max_size=4,
)


def message(*cameras: DiscoveredCamera, gone: dict[str, str] | None = None) -> dict[str, Any]:
    shown = components(TOPICS, cameras, interval=10)
    sent: dict[str, Any] = json.loads(discovery_payload(TOPICS, shown, "1.2.3", gone))
    return sent


@given(CAMERAS)
def test_the_message_is_as_home_assistant_documents_it(cameras: list[DiscoveredCamera]) -> None:
    TypeAdapter(DeviceMessage).validate_python(message(*cameras))


@given(CAMERAS)
def test_whatever_the_names_no_two_entities_share_an_id(cameras: list[DiscoveredCamera]) -> None:
    places = [(camera, labels or camera.labels) for camera in cameras for labels in ((), *camera.zones.values())]
    counted = sum(len(labels) for _, labels in places)
    of_cameras = sum(8 if camera.snapshots else 6 for camera in cameras)
    shown = message(*cameras)["components"]
    assert len(shown) == 3 + of_cameras + 2 * counted
    assert len({one["unique_id"] for one in shown.values()}) == len(shown)


@given(CAMERAS)
def test_labels_stay_out_of_templates(cameras: list[DiscoveredCamera]) -> None:
    nameless = [DiscoveredCamera(camera.name, ("x",), {}, camera.snapshots) for camera in cameras]
    assert templates(cameras) <= templates(nameless)


def test_ids_are_those_of_earlier_versions() -> None:
    """Home Assistant knows an entity by it: another one, and the user's dashboards and history are gone."""
    shown = message(DiscoveredCamera("a-b", ("stop sign",), {"z": ()}))["components"]
    assert {one["unique_id"] for one in shown.values()} == {
        f"edgevision_porch-pi--{key}"
        for key in (
            *("cpu_temperature", "degraded", "throttled", "detection--a-2db", "threshold--a-2db", "snapshot--a-2db"),
            *("take_snapshot--a-2db", "capture_fps--a-2db", "inference_fps--a-2db", "inference_ms--a-2db"),
            *("stalled--a-2db", "occupancy--a-2db--stop-20sign", "count--a-2db--stop-20sign"),
            *("occupancy--a-2db--stop-20sign--z", "count--a-2db--stop-20sign--z"),
        )
    }


def test_entities_are_on_the_topics_of_the_contract() -> None:
    shown = message(FRONT)["components"]
    base = "edgevision/porch-pi/front"
    assert shown["detection--front"]["command_topic"] == f"{base}/detect/set"
    assert shown["detection--front"]["state_topic"] == f"{base}/detect"
    assert shown["threshold--front"]["command_topic"] == f"{base}/threshold/set"
    assert shown["threshold--front"]["state_topic"] == f"{base}/threshold"
    assert shown["take_snapshot--front"]["command_topic"] == f"{base}/snapshot/set"
    assert shown["snapshot--front"]["image_topic"] == f"{base}/snapshot"
    for kind in ("occupancy", "count"):
        assert shown[f"{kind}--front--dog"]["state_topic"] == f"{base}/count/dog"
        assert shown[f"{kind}--front--person--drive"]["state_topic"] == f"{base}/count/person/drive"
    assert shown["stalled--front"]["state_topic"] == "edgevision/porch-pi/stats"


def test_a_zone_has_the_labels_it_cares_for_and_all_when_it_names_none() -> None:
    shown = message(FRONT)["components"]
    zoned = {key for key in shown if key.startswith("count--") and key.count("--") == 3}
    assert zoned == {"count--front--person--drive", "count--front--person--path", "count--front--dog--path"}


def test_without_snapshots_there_is_no_picture_to_show_or_to_take() -> None:
    shown = message(DiscoveredCamera("front", ("dog",), snapshots=False))["components"]
    assert {one["platform"] for one in shown.values()} == {"binary_sensor", "sensor", "switch", "number"}


def test_names_can_be_read_aloud() -> None:
    shown = message(DiscoveredCamera("back_door", ("stop\tsign",), {"my-yard": ()}))["components"]
    assert shown["occupancy--back_door--stop-09sign"]["name"] == "Back door stop sign"
    assert shown["count--back_door--stop-09sign--my-2dyard"]["name"] == "Back door my yard stop sign count"


def test_only_what_needs_the_camera_is_lost_with_it() -> None:
    sent = message(FRONT)
    assert sent["availability"] == [{"topic": TOPICS.status}]
    for key, one in sent["components"].items():
        if key.startswith(("occupancy", "count", "take_snapshot")):
            assert one["availability"] == [{"topic": TOPICS.status}, {"topic": TOPICS.camera_status("front")}]
            assert one["availability_mode"] == "all"
        else:
            assert "availability" not in one


@pytest.mark.parametrize("interval", [1, 2.5, 3600])
def test_statistics_outlive_two_that_are_lost_but_not_for_ever(interval: float) -> None:
    shown = components(TOPICS, [FRONT], interval)
    expiring = [one["expire_after"] for one in shown.values() if "expire_after" in one]
    assert len(expiring) == 3 + 4
    assert all(isinstance(seconds, int) and 3 * interval < seconds <= 3 * interval + 6 for seconds in expiring)


def test_what_is_gone_has_a_tombstone_before_all_else_and_what_came_back_has_none() -> None:
    before = platforms(components(TOPICS, [FRONT], 10))
    shown = message(DiscoveredCamera("front", ("dog",)), gone=before)["components"]
    tombstones = [key for key, one in shown.items() if one.keys() == {"platform"}]
    assert tombstones == list(shown)[: len(tombstones)]
    assert {(key, shown[key]["platform"]) for key in tombstones} == {
        (f"{kind}--front--{names}", platform)
        for kind, platform in {"occupancy": "binary_sensor", "count": "sensor"}.items()
        for names in ("person", "person--drive", "person--path", "dog--path")
    }


def test_a_burial_shows_each_entity_once_more_and_takes_it_away_for_good() -> None:
    shown = components(TOPICS, [FRONT], 10)
    messages = burial("homeassistant", TOPICS, platforms(shown))
    assert not any(one.retain for one in messages)
    device = message(FRONT)["device"]
    for (key, component), stub, end in zip(shown.items(), messages[::2], messages[1::2], strict=True):
        assert stub.topic == end.topic == f"homeassistant/{component['platform']}/edgevision_porch-pi/{key}/config"
        assert not end.payload
        told = json.loads(stub.payload)
        assert told["unique_id"] == component["unique_id"]
        assert told["device"]["identifiers"] == device["identifiers"]
        for needed in ("state_topic", "command_topic", "image_topic"):
            assert told[needed] == TOPICS.status


def test_the_message_has_a_topic_that_home_assistant_reads() -> None:
    topic = discovery_topic("home/assistant", "Porch_pi-2")
    assert topic == "home/assistant/device/edgevision_Porch_pi-2/config"


def templates(cameras: list[DiscoveredCamera]) -> set[str]:
    occupancy = {"{{ 'ON' if value | int(0) > 0 else 'OFF' }}"}
    told = message(*cameras)["components"].values()
    return {one["value_template"] for one in told if "value_template" in one} | occupancy
