"""The annotated examples in config/ can be used as they are, and leave no key out."""

from pathlib import Path

import pytest
import yaml

from edgevision.config.follow import follow
from edgevision.config.loader import load_config
from edgevision.config.schema import Settings

FOLDER = Path(__file__).parents[2] / "config"
EXAMPLES = sorted(FOLDER.glob("*.yaml"))
ENV = {"MQTT_PASSWORD": "hunter2", "CAMERA_URL": "rtsp://viewer:hunter2@192.168.1.20/stream1"}


def test_there_are_examples() -> None:
    assert {"edgevision.yaml", "usb-camera.yaml", "rtsp.yaml", "pictures.yaml"} <= {path.name for path in EXAMPLES}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_can_be_used_as_it_is(path: Path) -> None:
    assert load_config(path, ENV).settings.cameras


def test_the_default_file_needs_nothing_from_its_surroundings() -> None:
    assert load_config(FOLDER / "edgevision.yaml", {}).settings.cameras


def test_the_default_file_shows_every_key_with_its_default() -> None:
    """Keys that are commented out (`# key: value`) are shown too."""
    text = (FOLDER / "edgevision.yaml").read_text()
    front = ("cameras", "front")
    sections = [(), ("mqtt",), ("mqtt", "tls"), ("model",), ("stats",), ("log",), front]
    sections += [(*front, "labels", "person"), (*front, "zones", "drive")]
    sections += [(*front, key) for key in ("motion", "events", "snapshots")]
    for section in sections:
        for key in follow(Settings, section).known_keys:
            assert f"{key}:" in text, (section, key)
    for key in follow(Settings, ("cameras", "front", "source", "picamera2")).known_keys:
        assert f"{key}:" in text, key
    written = load_config(FOLDER / "edgevision.yaml", {}).settings
    least = Settings.model_validate({"cameras": {"front": {"source": {"type": "picamera2"}}}})
    assert written.model_dump(exclude={"device"}) == least.model_dump(exclude={"device"})


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_is_plain_yaml_for_other_tools(path: Path) -> None:
    assert list(yaml.parse(path.read_text()))
