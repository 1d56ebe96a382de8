"""What is written holds, what isn't has its default, and every place in the file can be told."""

from pathlib import Path
from typing import Any

import pytest

from edgevision.config.config import Config
from edgevision.config.loader import load_config, parse_config
from edgevision.config.model import ModelSettings
from edgevision.config.scene import LabelSettings
from edgevision.config.schema import Settings, default_device
from edgevision.config.sources import ImagesSource, Picamera2Source, StreamSource, V4l2Source, VideoSource
from tests.config.wrong import CAMERAS

LEAST = "mqtt: {host: 192.168.1.10}\ncameras:\n  front:\n    source: {type: picamera2}\n"


def parsed(text: str, folder: Path = Path(), env: dict[str, str] | None = None) -> Settings:
    return parse_config(text.encode(), folder / "edgevision.yaml", env or {}).settings


def source(text: str, folder: Path = Path()) -> Any:
    return parsed(f"cameras: {{front: {{source: {text}}}}}", folder).cameras["front"].source


def test_the_least_that_works_gets_the_contract_s_defaults() -> None:
    settings = parsed(LEAST)
    mqtt, camera = settings.mqtt, settings.cameras["front"]
    assert (mqtt.host, mqtt.port, mqtt.username, mqtt.password, mqtt.tls) == ("192.168.1.10", 1883, None, None, None)
    assert (mqtt.topic_prefix, mqtt.keepalive, mqtt.protocol) == ("edgevision", 30, "5")
    assert (mqtt.qos, mqtt.discovery) == (1, "homeassistant")
    assert settings.model == ModelSettings()
    assert settings.model.model_dump() == {
        "name": "person",
        "path": None,
        "labels": None,
        "task": "auto",
        "resize": "auto",
        "normalize": None,
        "accelerator": "auto",
        "cpu_path": None,
        "threshold": 0.5,
        "max_detections": 20,
        "threads": None,
    }
    assert camera.source == Picamera2Source(type="picamera2")
    assert camera.source.model_dump() == {
        "type": "picamera2",
        "index": 0,
        "size": (1280, 720),
        "fps": 10,
        "hflip": False,
        "vflip": False,
        "timeout": 5,
    }
    assert (camera.rotate, camera.crop, camera.publish) == (0, None, "nonempty")
    assert (camera.labels, camera.zones, camera.masks) == ({}, {}, ())
    assert camera.motion.model_dump() == {"enabled": "auto"}
    assert camera.events.model_dump() == {"min_hits": 3, "max_lost": 2.0}
    assert camera.snapshots.model_dump() == {
        "enabled": True,
        "quality": 80,
        "annotate": True,
        "crop": False,
        "height": None,
    }
    assert (settings.stats.interval, settings.log.level, settings.log.format) == (10, "info", "text")


def test_the_broker_may_be_left_out_and_is_here() -> None:
    assert (parsed(CAMERAS).mqtt.host, parsed(CAMERAS).mqtt.port) == ("localhost", 1883)


@pytest.mark.parametrize(
    ("host_name", "device"),
    [
        ("porch-pi", "porch-pi"),
        ("porch-pi.example", "porch-pi"),
        ("Jörgs Pi", "J-rgs-Pi"),
        ("", "edgevision"),
        ("♥", "edgevision"),
        ("a" * 99, "a" * 64),
    ],
)
def test_the_device_is_named_after_the_host(host_name: str, device: str) -> None:
    assert default_device(host_name) == device
    assert parsed(f"device: {device}\n{CAMERAS}").device == device


def test_a_section_with_all_keys_commented_out_has_its_defaults() -> None:
    text = "mqtt:\n  # host: a\nmodel:\nstats:\nlog:\ncameras:\n  front:\n    source: {type: v4l2}\n    model:\n"
    assert parsed(text).mqtt == parsed(CAMERAS).mqtt
    assert parsed(text).model_for("front") == ModelSettings()


def test_the_port_follows_tls_unless_it_is_written() -> None:
    assert parsed(f"mqtt: {{tls: {{}}}}\n{CAMERAS}").mqtt.port == 8883
    assert parsed(f"mqtt: {{tls: {{}}, port: 1884}}\n{CAMERAS}").mqtt.port == 1884
    assert parsed(f"mqtt: {{tls: null, port: null}}\n{CAMERAS}").mqtt.port == 1883


def test_every_source_can_be_configured(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").touch()
    assert isinstance(source("{type: v4l2, device: /dev/video7, size: [640, 480], fps: 7.5}"), V4l2Source)
    assert source("{type: v4l2}").device == Path("/dev/video0")
    assert isinstance(source("{type: video, path: clip.mp4, loop: on, realtime: yes}", tmp_path), VideoSource)
    assert isinstance(source("{type: images, path: ., loop: off}", tmp_path), ImagesSource)
    stream = source("{type: stream, url: 'rtsp://me:hunter2@192.168.1.20:554/h264?a=b', timeout: 30}")
    assert isinstance(stream, StreamSource)
    assert stream.url.get_secret_value() == "rtsp://me:hunter2@192.168.1.20:554/h264?a=b"
    assert "hunter2" not in repr(stream)


def test_labels_zones_and_masks_are_as_written() -> None:
    camera = parsed(
        "cameras: {front: {source: {type: v4l2}, labels: {person: {threshold: 0.6, min_area: 0.005}, dog: },"
        " zones: {drive: {polygon: [[0.1, 0.5], [0.9, 0.5], [1, 1], [0, 1]], labels: [person]}},"
        " masks: [[[0, 0], [1, 0], [1, 0.1]]]}}"
    ).cameras["front"]
    assert camera.labels == {"person": LabelSettings(threshold=0.6, min_area=0.005), "dog": LabelSettings()}
    assert camera.zones["drive"].polygon == ((0.1, 0.5), (0.9, 0.5), (1, 1), (0, 1))
    assert camera.zones["drive"].labels == ("person",)
    assert camera.masks == (((0, 0), (1, 0), (1, 0.1)),)


@pytest.mark.parametrize(
    ("source", "motion", "gated"),
    [
        ("{type: picamera2}", "", True),
        ("{type: v4l2}", "enabled: auto", True),
        ("{type: stream, url: rtsp://camera}", "enabled: 'auto'", True),
        ("{type: video, path: clip.mp4, loop: true, realtime: true}", "enabled: auto", False),
        ("{type: images, path: .}", "", False),
        ("{type: images, path: .}", "enabled: true", True),
        ("{type: v4l2}", "enabled: off", False),
        ("{type: v4l2}", "enabled: !env GATE", False),
    ],
)
def test_the_motion_gate_is_for_live_sources_unless_it_is_written(
    source: str, motion: str, gated: bool, tmp_path: Path
) -> None:
    (tmp_path / "clip.mp4").touch()
    text = f"cameras: {{front: {{source: {source}, motion: {{{motion}}}}}}}"
    assert parsed(text, tmp_path, {"GATE": "off"}).cameras["front"].gated("detect") is gated


def test_feature_vectors_come_whatever_moves_unless_the_gate_is_asked_for() -> None:
    for enabled, gated in (("auto", False), ("true", True)):
        text = f"cameras: {{front: {{source: {{type: v4l2}}, motion: {{enabled: {enabled}}}}}}}"
        assert parsed(text).cameras["front"].gated("embed") is gated


@pytest.mark.parametrize(
    "url",
    [
        "rtsps://camera/1",
        "http://[fe80::1]:8080/a.mjpg",
        "https://camera",
        "udp://@:1234",
        "RTSP://camera",
        "srt://h:9?mode=x",
    ],
)
def test_streams_of_many_kinds_are_accepted(url: str) -> None:
    assert source(f"{{type: stream, url: '{url}'}}").url.get_secret_value() == url


@pytest.mark.parametrize(
    "host",
    ["localhost", "broker.example.", "192.168.1.10", "fe80::1%eth0", "::1", "mosquitto_1", "bücher.example", "pi-4"],
)
def test_hosts_of_many_kinds_are_accepted(host: str) -> None:
    assert parsed(f"mqtt: {{host: '{host}'}}\n{CAMERAS}").mqtt.host == host


@pytest.mark.parametrize("word", ["off", "nonempty", "all", "changes"])
def test_publish_needs_no_quotes(word: str) -> None:
    assert parsed(f"cameras: {{front: {{source: {{type: v4l2}}, publish: {word}}}}}").cameras["front"].publish == word


def test_words_that_yaml_takes_for_truths_and_numbers_can_be_names() -> None:
    settings = parsed("device: on\ncameras: {no: {source: {type: v4l2}}, 1: {source: {type: v4l2}}}")
    assert settings.device == "on"
    assert set(settings.cameras) == {"no", "1"}


@pytest.mark.parametrize("text", ["1234", "0123", "1e3", "12:30:45", "0x1F", "1_000", "yes", "2026-11-21", "1.10"])
def test_a_login_is_the_text_as_it_is_written(text: str) -> None:
    mqtt = parsed(f"mqtt: {{username: {text}, password: {text}}}\n{CAMERAS}").mqtt
    assert mqtt.username == text
    assert mqtt.password is not None
    assert mqtt.password.get_secret_value() == text


@pytest.mark.parametrize(("text", "protocol"), [("5", "5"), ('"5"', "5"), ("3.1.1", "3.1.1"), ("!!str 5", "5")])
def test_the_protocol_needs_no_quotes(text: str, protocol: str) -> None:
    assert parsed(f"mqtt: {{protocol: {text}}}\n{CAMERAS}").mqtt.protocol == protocol


def test_mqtt_5_sends_a_password_alone() -> None:
    assert parsed(f"mqtt: {{password: token}}\n{CAMERAS}").mqtt.password is not None


def test_a_camera_overrides_the_model_key_by_key() -> None:
    text = """
model: {path: top.tflite, labels: top.txt, threshold: 0.7, threads: 2}
cameras:
  same: {source: {type: v4l2}}
  stricter: {source: {type: v4l2}, model: {threshold: 0.9, threads: null}}
  bundled: {source: {type: v4l2}, model: {name: person, labels: null}}
"""
    settings = parsed(text, Path("/etc/edgevision"))
    assert settings.model_for("same") == settings.model
    assert type(settings.model_for("bundled")) is ModelSettings
    stricter, bundled = settings.model_for("stricter"), settings.model_for("bundled")
    assert (stricter.path, stricter.threshold, stricter.threads) == (Path("/etc/edgevision/top.tflite"), 0.9, None)
    assert (bundled.name, bundled.path, bundled.labels, bundled.threshold) == ("person", None, None, 0.7)


def test_a_camera_s_path_replaces_the_top_level_name() -> None:
    text = "model: {name: person}\ncameras: {front: {source: {type: v4l2}, model: {path: /a.tflite}}}"
    model = parsed(text).model_for("front")
    assert (model.name, model.path) == (None, Path("/a.tflite"))


def test_tags_fetch_secrets_from_outside(tmp_path: Path) -> None:
    (tmp_path / "password").write_bytes(b"two\nlines\r\n")
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials" / "url").write_text("rtsp://me:hunter2@camera/1\n")
    text = """
mqtt: {host: !env HOST, port: !env PORT, username: !env NOBODY, password: !file password}
cameras: {front: {source: {type: stream, url: !credential url}, rotate: !env TURN, crop: [0, 0, !env HALF, 1]}}
"""
    env = {"HOST": "broker", "PORT": "1884", "NOBODY": "null", "TURN": "90", "HALF": "0.5"}
    settings = parsed(text, tmp_path, {**env, "CREDENTIALS_DIRECTORY": str(tmp_path / "credentials")})
    camera = settings.cameras["front"]
    assert (settings.mqtt.host, settings.mqtt.port, settings.mqtt.username) == ("broker", 1884, "null")
    assert settings.mqtt.password is not None
    assert settings.mqtt.password.get_secret_value() == "two\nlines"
    assert isinstance(camera.source, StreamSource)
    assert camera.source.url.get_secret_value() == "rtsp://me:hunter2@camera/1"
    assert (camera.rotate, camera.crop) == (90, (0, 0, 0.5, 1))
    assert "hunter2" not in repr(settings)
    assert "lines" not in repr(settings)


def test_paths_begin_at_the_folder_of_the_file_or_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/pi")
    for name in ("ca.pem", "clip.mp4"):
        (tmp_path / name).touch()
    text = """
mqtt: {tls: {ca: ca.pem}}
model: {path: ~/a.tflite, labels: /usr/labels.txt}
cameras: {front: {source: {type: video, path: clip.mp4}}}
"""
    settings = parsed(text, tmp_path)
    assert settings.mqtt.tls is not None
    assert settings.mqtt.tls.ca == tmp_path / "ca.pem"
    assert (settings.model.path, settings.model.labels) == (Path("/home/pi/a.tflite"), Path("/usr/labels.txt"))
    monkeypatch.chdir(tmp_path.parent)
    assert source("{type: video, path: clip.mp4}", Path(tmp_path.name)).path == tmp_path / "clip.mp4"


def test_pictures_are_a_folder_or_a_pattern_whatever_the_folders_are_called(tmp_path: Path) -> None:
    odd = tmp_path / "pictures [2026]"
    (odd / "deep" / "deeper").mkdir(parents=True)
    (odd / "a[1].jpg").touch()
    (odd / "deep" / "deeper" / "b.jpg").touch()
    assert source("{type: images, path: deep}", odd).path == odd / "deep"
    assert source("{type: images, path: 'pictures [2026]'}", tmp_path).path == odd

    def matches(pattern: str, folder: Path) -> list[str]:
        path: Path = source(f"{{type: images, path: '{pattern}'}}", folder).path
        return sorted(match.name for match in Path("/").glob(str(path).removeprefix("/")))

    assert matches("*.jpg", odd) == ["a[1].jpg"]
    assert matches("a[1].jpg", odd) == ["a[1].jpg"]
    assert matches("**/*.jpg", odd) == ["a[1].jpg", "b.jpg"]


def test_anchors_aliases_and_merges_save_typing() -> None:
    text = """
cameras:
  left: &usb
    source: &camera {type: v4l2, size: [640, 480], fps: 5}
    publish: all
  right: {<<: *usb, source: {<<: *camera, device: /dev/video2, fps: 7}, rotate: 180}
  third: {<<: [{publish: off}, *usb]}
"""
    cameras = parsed(text).cameras
    right = cameras["right"].source
    assert isinstance(right, V4l2Source)
    assert (right.device, right.size, right.fps) == (Path("/dev/video2"), (640, 480), 7)
    assert (cameras["right"].publish, cameras["right"].rotate) == ("all", 180)
    assert (cameras["third"].publish, cameras["third"].source) == ("off", cameras["left"].source)


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b"%YAML 1.1\n---\n", b"---\n", b"\r\n"])
def test_a_file_may_begin_as_editors_like(mark: bytes) -> None:
    text = mark + LEAST.replace("\n", "\r\n").encode() + b"...\r\n"
    assert parse_config(text, Path("a.yaml"), {}).settings == parsed(LEAST)


def test_every_place_can_be_told(tmp_path: Path) -> None:
    path = tmp_path / "edgevision.yaml"
    path.write_text(LEAST + "    model:\n      path: mine.tflite\n    crop: [0, 0, 1, 1]\n")
    config: Config = load_config(path, {})
    assert config.settings.model_for("front").path == tmp_path / "mine.tflite"
    assert config.locate("cameras", "front", "model", "path") == f"{path}:6:13: cameras.front.model.path"
    assert config.locate("cameras", "front", "crop", 2) == f"{path}:7:18: cameras.front.crop[2]"
    assert config.locate("cameras", "front", "source", "fps") == f"{path}:4:13: cameras.front.source.fps"
    assert config.locate("model", "name") == f"{path}:1:1: model.name"
    assert config.locate() == f"{path}:1:1"


SECRET = "mqtt: {password: !credential mqtt}\ncameras: {front: {source: {type: picamera2}}}\n"


def password(settings: Settings) -> str | None:
    return settings.mqtt.password.get_secret_value() if settings.mqtt.password is not None else None


def test_a_credential_that_systemd_took_from_a_folder_has_its_own_name_too(tmp_path: Path) -> None:
    (tmp_path / "edgevision_mqtt").write_text("secret\n")
    env = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert password(parsed(SECRET, tmp_path, env)) == "secret"
    (tmp_path / "mqtt").write_text("of that very name\n")
    assert password(parsed(SECRET, tmp_path, env)) == "of that very name"


def test_the_installed_service_s_credentials_are_found_by_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgevision.config.tags.CREDENTIALS", tmp_path)
    (tmp_path / "mqtt").write_text("secret\n")
    assert password(parsed(SECRET, tmp_path, {})) == "secret"
