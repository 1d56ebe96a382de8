"""`edgevision demo`."""

import json
import os
import queue
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import yaml

import edgevision.demo
from edgevision.cli.exit_status import FAILED
from edgevision.cli.run import exit_status_of
from edgevision.cli.signals import stop_on_signals
from edgevision.config.loader import parse_config
from edgevision.daemon.daemon import Daemon
from edgevision.daemon.models import open_models
from edgevision.demo.broker import EmbeddedBroker
from edgevision.demo.contact_sheet import contact_sheet
from edgevision.errors import EdgeVisionError
from edgevision.log import configure_logging
from edgevision.publish.settings import broker_settings
from edgevision.publish.subscriber import Subscriber
from edgevision.publish.topics import Topics

PICTURES = Path(edgevision.demo.__file__).parent / "pictures"

LAST_MESSAGE_WITHIN = 10.0
"""Seconds to wait for what the broker still holds when the daemon has ended."""

NEXT_STEPS = """
What to do next:
  1. Write edgevision.yaml (the README has the few lines that do) with your broker and your camera.
  2. edgevision check -c edgevision.yaml     says what would run
  3. edgevision run -c edgevision.yaml       runs it
"""


def run_demo(host: str | None, port: int, output: Path) -> None:
    """Detect persons in the bundled pictures, print what a subscriber receives, save the pictures with the boxes.

    Raises EdgeVisionError when the broker can't be reached, `output` can't be written, or nothing was received.
    """
    if not output.absolute().parent.is_dir() or not cv2.haveImageWriter(output.name):
        raise EdgeVisionError(f"{output} can't be written: give --output a file such as demo.jpg in an existing folder")
    configure_logging("warning", "text")
    with ExitStack() as stack:
        if host is None:
            broker = stack.enter_context(EmbeddedBroker())
            host, port = broker.host, broker.port
            print(f"An MQTT broker of our own listens on {host}:{port}.")
        state_dir = stack.enter_context(TemporaryDirectory(prefix="edgevision-demo-"))
        received = _run_and_receive(host, port, state_dir)
    if not received:
        raise EdgeVisionError("no detection came back from the broker")
    if not cv2.imwrite(str(output), contact_sheet(received, PICTURES)):
        raise EdgeVisionError(f"{output} can't be written: name another file with --output")
    people = sum(len(payload["detections"]) for payload in received)
    print(f"\n{people} found in {len(received)} of the pictures. Drawn: {output.absolute()}")
    print(NEXT_STEPS, end="")


def _run_and_receive(host: str, port: int, state_dir: str) -> list[dict[str, Any]]:
    """Run the daemon on the bundled pictures; the detections that a subscriber beside it received, in order."""
    text = yaml.safe_dump(
        {
            "device": "demo",
            "mqtt": {"host": host, "port": port, "protocol": "3.1.1", "discovery": None},
            "state_dir": state_dir,
            "cameras": {"pictures": {"source": {"type": "images", "path": str(PICTURES)}}},
        }
    )
    config = parse_config(text.encode(), Path("demo.yaml"))
    settings = config.settings
    topics = Topics(settings.mqtt.topic_prefix, settings.device)
    inbox: queue.SimpleQueue[tuple[str, bytes]] = queue.SimpleQueue()
    subscriber = Subscriber(
        broker_settings(settings.mqtt, f"edgevision-demo-{os.getpid()}"),
        [topics.status, topics.info, topics.detections("pictures")],
        lambda topic, payload: inbox.put((topic, payload)),
    )
    subscriber.start()
    try:
        daemon = Daemon(config, open_models(config, measure_threads=False), stop_on_signals())
        print(f"A subscriber listens to {topics.base}/# and receives:\n")
        status = exit_status_of(daemon)
        received = []
        for topic, payload in _until_offline(inbox, topics.status):
            print(topic, payload.decode())
            if topic == topics.detections("pictures"):
                received.append(json.loads(payload))
    finally:
        subscriber.stop()
    if status == FAILED:
        sys.exit(FAILED)
    return received


def _until_offline(inbox: "queue.SimpleQueue[tuple[str, bytes]]", status_topic: str) -> list[tuple[str, bytes]]:
    """Everything received up to the daemon's `offline`, which it says last."""
    messages: list[tuple[str, bytes]] = []
    online_seen = False
    while True:
        try:
            topic, payload = inbox.get(timeout=LAST_MESSAGE_WITHIN)
        except queue.Empty:
            return messages
        messages.append((topic, payload))
        # A retained `offline` of an earlier demo may come first.
        online_seen |= (topic, payload) == (status_topic, b"online")
        if online_seen and (topic, payload) == (status_topic, b"offline"):
            return messages
