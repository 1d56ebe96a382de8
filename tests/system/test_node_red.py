"""docs/examples/node-red-flow.json in the real Node-RED, with a real daemon."""

import json
import os
import shutil
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemon_process import DaemonProcess
from tests.docs.porch import BASE, EXAMPLES, porch
from tests.mosquitto import Mosquitto, wait_until
from tests.system.roots import node_red
from tests.system.roots.recipe import ready

FLOW = json.loads((EXAMPLES / "node-red-flow.json").read_text())

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]


class NodeRed:
    """A running one with the flow imported, and nothing but the address of the broker changed."""

    def __init__(self, script: Path, folder: Path, broker: Mosquitto) -> None:
        self.folder = folder
        self._log = folder / "log"
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        flow = [{**node, "port": str(broker.port)} if node["type"] == "mqtt-broker" else node for node in FLOW]
        (folder / "flows.json").write_text(json.dumps(flow))
        settings = {"flowFile": "flows.json", "uiHost": "127.0.0.1", "uiPort": self._port, "credentialSecret": "x"}
        (folder / "settings.js").write_text(f"module.exports = {json.dumps(settings)};")
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                ["node", str(script), "--userDir", str(folder), "--settings", str(folder / "settings.js")],
                stdout=log,
                stderr=log,
                cwd=folder,
                env={**os.environ, "HOME": str(folder), "NODE_RED_HOME": str(script.parent)},
            )

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def wait_for(self, text: str, times: int = 1) -> None:
        wait_until(lambda: self.log.count(text) >= times, f"{text!r} in {self.log}", timeout=30)

    def click(self, name: str) -> None:
        """What the editor does when the button of an inject node is clicked."""
        (button,) = (node["id"] for node in FLOW if node.get("name") == name)
        request = urllib.request.Request(f"http://127.0.0.1:{self._port}/inject/{button}", method="POST")
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 200


@pytest.fixture
def flow(tmp_path: Path, broker: Mosquitto) -> Iterator[NodeRed]:
    missing = [program for program in ("node", "npm") if shutil.which(program) is None]
    if missing:
        reason = f"Node-RED needs {' and '.join(missing)}: apt-get install nodejs npm"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    folder = tmp_path / "node-red"
    folder.mkdir()
    running = NodeRed(ready(node_red.recipe()) / node_red.SCRIPT, folder, broker)
    try:
        running.wait_for("Connected to broker")
        yield running
        assert "[error]" not in running.log
    finally:
        running.process.kill()
        running.process.wait(10)
        print(running.log)


def test_the_flow_tells_who_comes_and_goes_keeps_pictures_and_switches_detection(
    tmp_path: Path, broker: Mosquitto, flow: NodeRed
) -> None:
    subscriber = broker.subscribe(f"{BASE}/front/snapshot")

    def newest_is_kept() -> bool:
        kept = flow.folder / "front.jpg"
        return kept.is_file() and kept.read_bytes() == subscriber.payloads(f"{BASE}/front/snapshot")[-1]

    with DaemonProcess(tmp_path, porch(tmp_path, broker, loop=True)) as daemon:
        flow.wait_for("Somebody has come: front, drive")
        flow.wait_for("[debug:detection] ON")
        subscriber.wait_for(bool, "a picture")
        wait_until(newest_is_kept, "the picture of who has come")
        flow.click("detection off")
        flow.wait_for("[debug:detection] OFF")
        flow.wait_for("Somebody was there: front, ")
        before = len(subscriber.catch_up())
        flow.click("take a picture")
        subscriber.wait_for(lambda messages: len(messages) == before + 1, "a picture on request")
        wait_until(newest_is_kept, "the picture on request")
        flow.click("detection on")
        flow.wait_for("Somebody has come: front, drive", times=2)
        assert daemon.stop() == 0
