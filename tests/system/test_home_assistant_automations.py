"""docs/examples/home-assistant-automation.yaml in the real Home Assistant, with a real daemon."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.daemon_process import DaemonProcess
from tests.docs.porch import BASE, EXAMPLES, porch
from tests.mosquitto import Mosquitto, wait_until
from tests.system.home_assistant.process import HomeAssistant, home_assistant

ENTERED, VISIT = "Somebody is in the drive", "The drive"
PERSON_IN_DRIVE = "occupancy--front--person--drive"

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]


def test_the_automations_switch_detection_and_notify_of_who_comes_and_goes(
    home_assistant_root: Path, tmp_path: Path, broker: Mosquitto
) -> None:
    folder = tmp_path / "config"
    folder.mkdir()
    shutil.copy(EXAMPLES / "home-assistant-automation.yaml", folder / "automations.yaml")
    with DaemonProcess(tmp_path, porch(tmp_path, broker, loop=True)) as daemon:
        states = broker.subscribe(f"{BASE}/front/detect", f"{BASE}/front/count/person/drive")
        states.wait_for_payload(f"{BASE}/front/detect", b"ON", timeout=30)
        broker.publish(f"{BASE}/front/detect/set", b"OFF")
        states.wait_for_payload(f"{BASE}/front/detect", b"OFF")
        states.wait_for_payload(f"{BASE}/front/count/person/drive", b"0")
        with home_assistant(home_assistant_root, folder, broker) as running:
            running.wait_for_states({PERSON_IN_DRIVE: "off", "detection--front": "off"})
            commands = broker.subscribe(f"{BASE}/front/+/set")
            running.say("zone.home", "0")
            running.wait_for_states({PERSON_IN_DRIVE: "on", "detection--front": "on"})
            wait_for_notifications(running, {ENTERED: 1, VISIT: 1})
            running.say("zone.home", "1")
            running.wait_for_states({PERSON_IN_DRIVE: "off", "detection--front": "off"})
            told = wait_for_notifications(running, {ENTERED: 1, VISIT: 2})
        assert daemon.stop() == 0
    image = {"image": "/api/image_proxy/image.porch_pi_front_snapshot"}
    (entered,) = (one for one in told if one["title"] == ENTERED)
    assert entered == {"title": ENTERED, "message": "1 there now", "data": image}
    visit = [one for one in told if one["title"] == VISIT]
    assert re.fullmatch(r"Somebody is there since \d\d:\d\d:\d\d", visit[0]["message"])
    assert re.fullmatch(r"Somebody was there for [\d.]+ s", visit[-1]["message"])
    assert {one["data"]["tag"] for one in visit} == {visit[0]["data"]["tag"]}
    assert visit[0]["data"] == {"tag": visit[0]["data"]["tag"], "alert_once": True, **image}
    asked = [(message.topic.removeprefix(BASE), message.payload) for message in commands.catch_up()]
    assert asked == [
        ("/front/detect/set", b"ON"),
        ("/front/snapshot/set", b"PRESS"),
        ("/front/detect/set", b"OFF"),
    ]


def wait_for_notifications(running: HomeAssistant, least: dict[str, int]) -> list[dict[str, Any]]:
    """All, once there are at least so many of each title."""

    def came() -> bool:
        titles = [one["title"] for one in running.notifications()]
        return all(titles.count(title) >= number for title, number in least.items())

    wait_until(came, f"{least}", timeout=30)
    return running.notifications()
