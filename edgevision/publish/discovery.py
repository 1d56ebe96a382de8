"""How Home Assistant learns what is here: one MQTT discovery message for the whole device.

What Home Assistant (2025.4, asked in tests/system/test_home_assistant.py) does about an entity that is no more:

- left out of the message, it stays; an entry with nothing but its platform, a tombstone, removes it;
- a tombstone that came while Home Assistant was down is passed over when it starts: it removes only what it has
  discovered since. What it knows from earlier days is discovered once more to be removed: `burial`;
- one that its user has disabled stays for the user to delete: nothing on MQTT reaches it.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from string import ascii_letters, digits

from edgevision.publish.json_values import to_json
from edgevision.publish.message import Message
from edgevision.publish.topics import Topics
from edgevision.record import record

Component = dict[str, object]
"""What Home Assistant is told of one entity; `platform` says of what kind it is."""

_PLAIN = frozenset((ascii_letters + digits + "_").encode())


@record
class DiscoveredCamera:
    """A camera: the labels to show, its zones, each with the labels it cares for (none: all of the camera's), and
    whether it sends pictures."""

    name: str
    labels: tuple[str, ...]
    zones: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    snapshots: bool = True


def discovery_topic(prefix: str, device: str) -> str:
    """Where the message belongs, retained; an empty one there removes the device from a running Home Assistant."""
    return f"{prefix}/device/{_node(device)}/config"


def components(topics: Topics, cameras: Sequence[DiscoveredCamera], interval: float) -> dict[str, Component]:
    """Every entity of the device, by a key that stays the same as long as its names do.

    `interval` is the seconds between two statistics messages; when three are missing, what they told is unavailable.
    """
    described = dict(_device_components(topics))
    for camera in cameras:
        described |= dict(_camera_components(topics, camera))
        described |= dict(_counted_components(topics, camera))
    expire_after = math.ceil(3 * interval) + 5
    for component in described.values():
        if component.get("state_topic") == topics.stats:
            component |= {"expire_after": expire_after, "entity_category": "diagnostic"}
    return described


def platforms(shown: Mapping[str, Component]) -> dict[str, str]:
    """What to remember of components to bury them one day: key to platform."""
    return {key: str(component["platform"]) for key, component in shown.items()}


def discovery_payload(
    topics: Topics, shown: Mapping[str, Component], version: str, gone: Mapping[str, str] | None = None
) -> bytes:
    """The message, with a tombstone for each of `gone` (key to platform) that isn't shown again."""
    tombstones = {key: {"platform": platform} for key, platform in (gone or {}).items() if key not in shown}
    return to_json(
        {
            "device": _device(topics) | {"sw_version": version},
            "origin": {"name": "edgevision", "sw_version": version},
            **_available(topics.status),
            # Tombstones first: Home Assistant reads no further once it comes to a component that it is still busy with.
            "components": {**tombstones, **shown},
        }
    )


def burial(prefix: str, topics: Topics, gone: Mapping[str, str]) -> list[Message]:
    """What removes entities (key to platform) that Home Assistant still knows from before it was started.

    To be published in this order, after the message, once Home Assistant says that it is born: two messages for each
    entity. Where the entity is no more already, it does no harm.
    """
    messages = []
    for key, platform in gone.items():
        topic = f"{prefix}/{platform}/{_node(topics.device)}/{key}/config"
        stub: Component = {"unique_id": _unique(topics, key), "device": _device(topics)}
        for needed in ("state_topic", "command_topic", "image_topic"):
            stub[needed] = topics.status
        messages += [Message(topic, to_json(stub), qos=1), Message(topic, b"", qos=1)]
    return messages


def _device_components(topics: Topics) -> Iterator[tuple[str, Component]]:
    yield _component(
        topics,
        ("cpu_temperature",),
        "sensor",
        "CPU temperature",
        state_topic=topics.stats,
        value_template="{{ value_json.cpu_temperature }}",
        device_class="temperature",
        unit_of_measurement="°C",
        state_class="measurement",
        suggested_display_precision=1,
    )
    for key, name in {"degraded": "Inference degraded", "throttled": "CPU throttled"}.items():
        yield _component(
            topics,
            (key,),
            "binary_sensor",
            name,
            state_topic=topics.stats,
            value_template=_on_off(f"value_json.{key}"),
            device_class="problem",
        )


def _camera_components(topics: Topics, camera: DiscoveredCamera) -> Iterator[tuple[str, Component]]:
    """What a camera has whatever it sees. All of it is there as long as the daemon is, save the button."""
    name, shown = camera.name, _shown(camera.name)
    yield _component(
        topics,
        ("detection", name),
        "switch",
        f"{shown} detection",
        state_topic=topics.detect(name),
        command_topic=topics.detect_set(name),
        icon="mdi:motion-sensor",
        qos=1,
    )
    yield _component(
        topics,
        ("threshold", name),
        "number",
        f"{shown} threshold",
        state_topic=topics.threshold(name),
        command_topic=topics.threshold_set(name),
        min=0,
        max=1,
        step=0.01,
        entity_category="config",
        icon="mdi:tune-variant",
        qos=1,
    )
    if camera.snapshots:
        yield _component(
            topics,
            ("snapshot", name),
            "image",
            f"{shown} snapshot",
            image_topic=topics.snapshot(name),
            content_type="image/jpeg",
        )
        yield _component(
            topics,
            ("take_snapshot", name),
            "button",
            f"{shown} take snapshot",
            command_topic=topics.snapshot_set(name),
            icon="mdi:camera",
            qos=1,
            **_available(topics.status, topics.camera_status(name)),
        )
    # get: a camera may be missing from a message; None becomes "unknown".
    told = f"value_json.cameras.get('{name}', {{}})"
    for key, what in {"capture_fps": "capture rate", "inference_fps": "inference rate"}.items():
        yield _component(
            topics,
            (key, name),
            "sensor",
            f"{shown} {what}",
            state_topic=topics.stats,
            value_template=f"{{{{ {told}.get('{key}') }}}}",
            unit_of_measurement="fps",
            state_class="measurement",
            suggested_display_precision=1,
            icon="mdi:speedometer",
        )
    yield _component(
        topics,
        ("inference_ms", name),
        "sensor",
        f"{shown} inference time",
        state_topic=topics.stats,
        value_template=f"{{{{ {told}.get('inference_ms', {{}}).get('p50') }}}}",
        device_class="duration",
        unit_of_measurement="ms",
        state_class="measurement",
        suggested_display_precision=1,
    )
    yield _component(
        topics,
        ("stalled", name),
        "binary_sensor",
        f"{shown} stalled",
        state_topic=topics.stats,
        value_template=_on_off(f"{told}.get('stalled')"),
        device_class="problem",
    )


def _counted_components(topics: Topics, camera: DiscoveredCamera) -> Iterator[tuple[str, Component]]:
    """How many of each label are there, and whether any is, in the picture and in each zone."""
    places: list[tuple[str | None, tuple[str, ...]]] = [(None, camera.labels)]
    places += [(zone, labels or camera.labels) for zone, labels in camera.zones.items()]
    for zone, labels in places:
        where = _shown(camera.name) if zone is None else f"{_shown(camera.name)} {_plain_words(zone)}"
        for label in labels:
            names = (camera.name, label) if zone is None else (camera.name, label, zone)
            counted: Component = {
                "state_topic": topics.count(camera.name, label, zone),
                "qos": 1,
                **_available(topics.status, topics.camera_status(camera.name)),
            }
            yield _component(
                topics,
                ("occupancy", *names),
                "binary_sensor",
                f"{where} {_printable(label)}",
                value_template="{{ 'ON' if value | int(0) > 0 else 'OFF' }}",
                device_class="occupancy",
                **counted,
            )
            yield _component(
                topics,
                ("count", *names),
                "sensor",
                f"{where} {_printable(label)} count",
                state_class="measurement",
                suggested_display_precision=0,
                icon="mdi:counter",
                **counted,
            )


def _component(
    topics: Topics, names: Sequence[str], platform: str, shown: str, **options: object
) -> tuple[str, Component]:
    key = "--".join(map(_escaped, names))
    return key, {"platform": platform, "unique_id": _unique(topics, key), "name": shown, **options}


def _device(topics: Topics) -> Component:
    return {"identifiers": [_node(topics.device)], "name": topics.device, "manufacturer": "edgevision"}


def _available(*status_topics: str) -> Component:
    """Available when all of them say `online`, which is Home Assistant's default, too."""
    return {"availability": [{"topic": topic} for topic in status_topics], "availability_mode": "all"}


def _on_off(value: str) -> str:
    """A template: what is neither true nor false becomes None, Home Assistant's word for unknown."""
    return f"{{{{ {{true: 'ON', false: 'OFF'}}.get({value}) }}}}"


def _node(device: str) -> str:
    # Other software may announce a device of this name, too.
    return f"edgevision_{device}"


def _unique(topics: Topics, key: str) -> str:
    return f"{_node(topics.device)}--{key}"


def _escaped(name: str) -> str:
    """`name` in letters, digits, `_` and `-` with two hexadecimal digits for any other byte of its UTF-8.

    Joined by `--`, different names never make the same key.
    """
    return "".join(
        chr(byte) if byte in _PLAIN else f"-{byte:02x}" for byte in name.encode("utf-8", errors="surrogatepass")
    )


def _shown(name: str) -> str:
    words = _plain_words(name)
    return words[:1].upper() + words[1:]


def _plain_words(name: str) -> str:
    return name.replace("_", " ").replace("-", " ").strip() or name


def _printable(label: str) -> str:
    return "".join(character if character.isprintable() else " " for character in label)
