"""What docs/ says of topics, payloads, entities and commands is what a real daemon publishes and obeys."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from paho.mqtt.client import topic_matches_sub

from edgevision.config.loader import parse_config
from edgevision.publish.commands import command_topics, parse
from edgevision.publish.topics import Topics
from tests.daemon_process import DaemonProcess
from tests.docs.porch import BASE, EXAMPLES, ROOT, porch
from tests.mosquitto import Mosquitto, Received

PAGES = [ROOT / "README.md", ROOT / "docs" / "events.md", ROOT / "docs" / "subscribers.md"]
SUBSCRIBERS = PAGES[-1].read_text()
AUTOMATIONS = (EXAMPLES / "home-assistant-automation.yaml").read_text()
FLOW = json.loads((EXAMPLES / "node-red-flow.json").read_text())
TOPICS = Topics("edgevision", "porch-pi")
COMMANDS = command_topics(TOPICS, ["front"])
CORE_NODES = {"tab", "mqtt-broker", "mqtt in", "mqtt out", "json", "switch", "change", "file", "inject", "debug"}


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path_factory.mktemp("broker")) as running:
        yield running


@pytest.fixture(scope="module")
def published(broker: Mosquitto, tmp_path_factory: pytest.TempPathFactory) -> list[Received]:
    """All that a daemon publishes while somebody comes and goes."""
    subscriber = broker.subscribe("#")
    folder = tmp_path_factory.mktemp("porch")
    with DaemonProcess(folder, porch(folder, broker)) as daemon:
        assert daemon.wait() == 0, daemon.log
    return subscriber.wait_for_payload(f"{BASE}/status", b"offline")


@pytest.fixture(scope="module")
def entities(published: list[Received]) -> set[str]:
    """What Home Assistant makes of what was announced; tests/system checks the names with the real one."""
    (announced,) = {one.payload for one in published if one.topic == "homeassistant/device/edgevision_porch-pi/config"}
    device = json.loads(announced)
    name = device["device"]["name"]
    return {
        f"{one['platform']}.{re.sub('[^a-z0-9]+', '_', (name + ' ' + one['name']).lower())}"
        for one in device["components"].values()
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_payloads_are_shown_as_they_are_published(page: Path, published: list[Received]) -> None:
    for block in re.findall(r"^```json\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE):
        shown = json.loads(block)
        kind = "events" if "type" in shown else "detections"
        real = [json.loads(one.payload) for one in published if one.topic == f"{BASE}/front/{kind}"]
        assert shape(shown) in map(shape, real), f"{page.name} shows {shown}, and {kind} are {real}"


def shape(value: object) -> object:
    """Keys and types of a JSON value; a source's name may be null."""
    if isinstance(value, dict):
        return {key: None if key == "source" else shape(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_configurations_are_right(page: Path, tmp_path: Path) -> None:
    (tmp_path / "mqtt-password").write_text("secret")
    for block in re.findall(r"^```yaml\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE):
        camera = "" if "cameras:" in block else "cameras: {front: {source: {type: picamera2}}}\n"
        assert parse_config((block + camera).encode(), tmp_path / "edgevision.yaml", {}).settings.cameras


def test_topics_that_are_named_exist(published: list[Received]) -> None:
    text = "".join(page.read_text() for page in PAGES[1:]) + AUTOMATIONS
    for placeholder, name in {"`P/": f"`{BASE}/", "<camera>": "front", "<label>": "person", "<zone>": "drive"}.items():
        text = text.replace(placeholder, name)
    named = set(re.findall(r"(?<![\w/~-])edgevision/[\w+-]+/[\w+-]+/[\w/]+", text))
    assert len(named) > 10
    real = {one.topic for one in published} | set(COMMANDS)
    assert [topic for topic in sorted(named) if not any(topic_matches_sub(topic, one) for one in real)] == []


def test_home_assistants_entities_that_are_named_are_announced(entities: set[str]) -> None:
    for text in (SUBSCRIBERS, AUTOMATIONS):
        named = set(re.findall(r"\b[a-z_]+\.porch_pi_\w+", text))
        assert len(named) > 3
        assert named <= entities


def test_home_assistants_automations_have_the_keys_of_its_schema() -> None:
    automations = yaml.safe_load(AUTOMATIONS)
    assert len({one["id"] for one in automations}) == len(automations) == 3
    for automation in automations:
        assert automation.keys() == {"id", "alias", "triggers", "actions", "mode"}
        assert all(trigger["trigger"] in {"state", "mqtt"} for trigger in automation["triggers"])
        for step in steps(automation["actions"]):
            assert step.keys() & {"action", "if", "wait_for_trigger"}, step
            domain = step.get("action", "").partition(".")[0]
            if "target" in step:
                assert step["target"]["entity_id"].startswith(f"{domain}."), step


def steps(actions: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for action in actions:
        yield action
        yield from steps(action.get("then", []) + action.get("else", []))


def test_the_node_red_flow_is_of_core_nodes_that_are_wired_to_each_other() -> None:
    nodes = {node["id"]: node for node in FLOW}
    assert len(nodes) == len(FLOW)
    assert {node["type"] for node in FLOW} == CORE_NODES
    (tab,) = (node for node in FLOW if node["type"] == "tab")
    (broker,) = (node for node in FLOW if node["type"] == "mqtt-broker")
    reached = set()
    for node in FLOW:
        assert node in (tab, broker) or node["z"] == tab["id"]
        assert node.get("broker") == broker["id"] or not node["type"].startswith("mqtt ")
        for wire in (wire for output in node.get("wires", []) for wire in output):
            assert nodes[wire]["z"] == tab["id"]
            reached.add(wire)
    assert {node["type"] for id_, node in nodes.items() if id_ not in reached} == {
        "tab",
        "mqtt-broker",
        "mqtt in",
        "inject",
    }


def test_the_node_red_flow_hears_what_is_published_and_commands_what_is_obeyed(published: list[Received]) -> None:
    for node in FLOW:
        if node["type"] == "mqtt in":
            assert any(topic_matches_sub(node["topic"], one.topic) for one in published), node
        if node["type"] == "inject":
            command = parse(node["topic"], node["payload"].encode(), TOPICS, ["front"], None)
            assert type(command).__name__ in {"SwitchDetection", "TakeSnapshot"}, node


def test_the_commands_of_mosquitto_get_the_picture_and_switch_detection(
    broker: Mosquitto, published: list[Received], tmp_path: Path
) -> None:
    listing, picture, switch = re.findall(r"^mosquitto_.*$", SUBSCRIBERS, re.MULTILINE)
    here = f"-h {broker.host} -p {broker.port}"
    commands = broker.subscribe(*COMMANDS)
    for command in (f"{listing} -W 1", picture, switch):
        line = command.replace("-h 192.168.1.10", here)
        done = subprocess.run(line, shell=True, cwd=tmp_path, capture_output=True, timeout=20, check=False)
        assert done.returncode in (0, 27), done.stderr  # 27: -W has passed
    newest = [one.payload for one in published if one.topic == f"{BASE}/front/snapshot"][-1]
    assert (tmp_path / "front.jpg").read_bytes() == newest
    commands.wait_for_payload(f"{BASE}/front/detect/set", b"OFF")
