"""The configuration's schema: what may be written, what it means, and what holds when it isn't written.

It contains exactly what works. The text under each key is its documentation; `edgevision schema` prints it.
"""

import platform
import re
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from edgevision.config import checks, rules
from edgevision.config.checks import Between, disagreement, fault
from edgevision.config.defaults import DEFAULT_STATE_DIR
from edgevision.config.model import Fraction, ModelOverrides, ModelSettings
from edgevision.config.paths import ConfigPath, ReadableFile
from edgevision.config.scene import (
    EventSettings,
    LabelSettings,
    MotionSettings,
    PolygonSetting,
    SnapshotSettings,
    ZoneName,
    ZoneSettings,
)
from edgevision.config.section import OrEmpty, Section
from edgevision.config.sources import Picamera2Source, SourceSettings

_LEAST_SIDE = 0.001

PublishMode = Literal["nonempty", "all", "changes", "off"]


def default_device(host_name: str) -> str:
    """A device name made of a host name: what stands before the first dot, unusual characters as hyphens."""
    return re.sub(r"[^a-zA-Z0-9_-]+", "-", host_name.partition(".")[0])[:64].strip("-") or "edgevision"


def _as_int(value: object) -> object:
    return int(value) if isinstance(value, str) and re.fullmatch("[0-9]{1,3}", value) else value


def _as_text(value: object) -> object:
    return str(value) if isinstance(value, int) else value


def _polygons(value: object) -> object:
    corners = value if isinstance(value, list) else ()
    if corners and all(
        isinstance(corner, list) and not any(isinstance(side, list) for side in corner) for corner in corners
    ):
        raise disagreement("a list of polygons is needed here; put one more pair of brackets around these corners")
    return () if value is None else value


def _labels(value: object) -> object:
    if isinstance(value, list):
        raise disagreement("a mapping is needed here, as in {person: {}, dog: {threshold: 0.6}}")
    return value


def _four_numbers(value: object) -> object:
    if value is not None and (not isinstance(value, list | tuple) or len(value) != 4):
        raise fault("is not a crop, [xmin, ymin, xmax, ymax]")
    return value


def _upright(crop: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    xmin, ymin, xmax, ymax = crop
    if not (xmin < xmax and ymin < ymax):
        raise fault("has no area: xmin must be less than xmax and ymin less than ymax")
    if xmax - xmin < _LEAST_SIDE or ymax - ymin < _LEAST_SIDE:
        raise fault(f"has next to no area: each side must be at least {_LEAST_SIDE:g}")
    return crop


Crop = Annotated[tuple[Fraction, Fraction, Fraction, Fraction], AfterValidator(_upright)]
Protocol = Annotated[Literal["5", "3.1.1"], BeforeValidator(_as_text), WithJsonSchema({"enum": [5, "5", "3.1.1"]})]


class TlsSettings(Section):
    """TLS to the broker. `tls: {}` verifies the broker with the system's authorities."""

    ca: ReadableFile | None = None
    """The authority that signed the broker's certificate (PEM); null: the system's authorities."""

    cert: ReadableFile | None = None
    """The certificate that this client shows the broker (PEM), together with key."""

    key: ReadableFile | None = None
    """The private key of cert (PEM, without a passphrase)."""

    @model_validator(mode="after")
    def _cert_and_key_go_together(self) -> Self:
        if (self.cert is None) != (self.key is None):
            written, lacking = ("cert", "key") if self.cert else ("key", "cert")
            raise disagreement(f"{written} needs {lacking} beside it", written)
        return self


class MqttSettings(Section):
    """The MQTT broker."""

    host: Annotated[str, AfterValidator(checks.host)] = "localhost"
    """The broker's host name or IP address, without mqtt:// and without the port."""

    port: Annotated[int, Between(1, 65535)] = 1883
    """The broker's port. Default: 1883, or 8883 with tls."""

    username: Annotated[str, AfterValidator(checks.mqtt_string)] | None = None
    """The user to log in as; null: none."""

    password: SecretStr | None = None
    """The password; best as !env NAME, !file PATH or !credential NAME. Never printed."""

    tls: TlsSettings | None = None
    """Encrypt and verify: {} with the system's authorities, or {ca, cert, key}; null: no TLS."""

    topic_prefix: Annotated[str, AfterValidator(checks.topic_prefix)] = "edgevision"
    """The first level or levels of every topic; the device's name follows."""

    qos: Annotated[Literal[0, 1, 2], BeforeValidator(_as_int)] = 1
    """The quality of service of events: 0, 1 or 2. Detections and statistics go at 0, states at 1."""

    keepalive: Annotated[int, Between(5, 3600)] = 30
    """Seconds of silence after which client and broker assure each other that they are there."""

    protocol: Protocol = "5"
    """The version of MQTT: 5 or 3.1.1."""

    discovery: Annotated[str, AfterValidator(checks.topic_prefix)] | None = "homeassistant"
    """The discovery prefix of Home Assistant, which then shows this device by itself; null: not announced there."""

    @model_validator(mode="before")
    @classmethod
    def _port_follows_tls(cls, data: object) -> object:
        if isinstance(data, dict) and data.get("port") is None:
            return {**data, "port": 1883 if data.get("tls") is None else 8883}
        return data

    @field_validator("password")
    @classmethod
    def _password_can_be_sent(cls, password: SecretStr | None) -> SecretStr | None:
        if password is not None:
            checks.mqtt_string(password.get_secret_value())
        return password

    @field_validator("protocol")
    @classmethod
    def _mqtt_3_sends_no_password_alone(cls, protocol: str, info: ValidationInfo) -> str:
        # A check of the last field, not of the whole section: it is made even when another field is wrong.
        if protocol == "3.1.1" and info.data.get("password") is not None and info.data.get("username", "") is None:
            raise disagreement("version 3.1.1 can't send a password without a username")
        return protocol


class CameraSettings(Section):
    """A camera: its source, what of it the model sees, and what is published."""

    source: SourceSettings
    """Where the frames come from."""

    rotate: Annotated[Literal[0, 90, 180, 270], BeforeValidator(_as_int)] = 0
    """Degrees that the picture is turned clockwise."""

    crop: Annotated[Crop | None, BeforeValidator(_four_numbers)] = None
    """What the model sees of the turned frame: [xmin, ymin, xmax, ymax], each 0 to 1; null: all of it."""

    model: OrEmpty[ModelOverrides] = ModelOverrides()
    """What this camera has otherwise than the top-level model, key by key."""

    labels: Annotated[OrEmpty[dict[str, OrEmpty[LabelSettings]]], BeforeValidator(_labels)] = Field(
        default_factory=dict
    )
    """The labels that count, and how; empty: all of the model's."""

    zones: OrEmpty[dict[ZoneName, ZoneSettings]] = Field(default_factory=dict)
    """Parts of the picture by name."""

    masks: Annotated[tuple[PolygonSetting, ...], BeforeValidator(_polygons)] = ()
    """Polygons where nothing is ever reported, nor counts as motion: a thing whose box has its bottom centre there."""

    motion: OrEmpty[MotionSettings] = MotionSettings()
    """Whether the model rests while nothing moves."""

    events: OrEmpty[EventSettings] = EventSettings()
    """When a thing has come, and when it has gone."""

    snapshots: OrEmpty[SnapshotSettings] = SnapshotSettings()
    """Which pictures of events are sent."""

    publish: PublishMode = "nonempty"
    """Which frames' detections are sent: those with any, all, those unlike the frame before, or none."""

    @field_validator("zones")
    @classmethod
    def _zones_care_for_labels_that_count(
        cls, zones: dict[str, ZoneSettings], info: ValidationInfo
    ) -> dict[str, ZoneSettings]:
        counted = info.data.get("labels")
        for name, zone in zones.items():
            for label in zone.labels:
                if counted and label not in counted:
                    known = ", ".join(counted)
                    raise disagreement(f"the zone {name} cares for {label}, which labels leaves out ({known})", name)
        return zones

    gated = rules.gated


class StatsSettings(Section):
    """The statistics topic."""

    interval: Annotated[float, Between(1, 3600)] = 10
    """Seconds from one statistics message to the next."""


class ThermalSettings(Section):
    """What is done about heat."""

    max: Annotated[float, Between(30, 110)] | None = None
    """Degrees Celsius above which fewer frames are looked at, before the kernel slows all down; null: never."""


class LogSettings(Section):
    """The log, on stderr."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least severity that is logged."""

    format: Literal["text", "json"] = "text"
    """Lines to read, or a JSON object a line."""


class Settings(Section):
    """The whole configuration."""

    device: Annotated[str, AfterValidator(checks.name)] = Field(default_factory=lambda: default_device(platform.node()))
    """This machine's name in topics: a-z, A-Z, 0-9, _ and -. Default: the host name."""

    mqtt: OrEmpty[MqttSettings] = MqttSettings()
    """The broker to publish to."""

    model: OrEmpty[ModelSettings] = ModelSettings()
    """The model that all cameras use, unless theirs says otherwise."""

    cameras: dict[Annotated[str, AfterValidator(checks.camera_name)], CameraSettings]
    """The cameras by name, at least one."""

    stats: OrEmpty[StatsSettings] = StatsSettings()
    """How often statistics are sent."""

    thermal: OrEmpty[ThermalSettings] = ThermalSettings()
    """When the machine gets hot."""

    state_dir: ConfigPath = DEFAULT_STATE_DIR
    """The folder of what edgevision keeps: events not sent yet, pulled models, what was found out about models at the
    first start, and what was set by MQTT."""

    log: OrEmpty[LogSettings] = LogSettings()
    """What is logged, and how."""

    @field_validator("cameras")
    @classmethod
    def _at_least_one_camera(cls, cameras: dict[str, CameraSettings]) -> dict[str, CameraSettings]:
        if not cameras:
            raise disagreement("at least one camera is needed")
        return cameras

    @field_validator("cameras")
    @classmethod
    def _each_pi_camera_once(cls, cameras: dict[str, CameraSettings]) -> dict[str, CameraSettings]:
        owners: dict[int, str] = {}
        for name, camera in cameras.items():
            if isinstance(camera.source, Picamera2Source):
                owner = owners.setdefault(camera.source.index, name)
                if owner != name:
                    raise disagreement(f"this is the same Pi camera as {owner}'s: give each its own index", name)
        return cameras

    model_for = rules.model_for
