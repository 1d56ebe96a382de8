"""`edgevision watch`."""

import json
import os
import queue
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from edgevision.config.loader import load_config
from edgevision.publish.settings import broker_settings, vet_tls_files
from edgevision.publish.subscriber import Subscriber
from edgevision.publish.topics import Topics

REFRESH = 0.25
"""Seconds between two drawings of the table."""

FORGET_AFTER = 5.0
"""Seconds after which detections are no longer shown as present."""


@dataclass(slots=True)
class CameraView:
    """What is known of one camera: its last detections, and its figures from `P/stats`."""

    detections: list[dict[str, Any]] = field(default_factory=list)
    received: float = 0.0
    messages: int = 0
    stats: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class View:
    """What is known of the device; `update` takes one message in."""

    topics: Topics
    status: str = "unknown: nothing heard yet"
    info: dict[str, Any] = field(default_factory=dict)
    cameras: dict[str, CameraView] = field(default_factory=dict)

    def update(self, topic: str, payload: bytes, now: float) -> None:
        """Take in a message that arrived at the monotonic time `now`; one that is not ours changes nothing."""
        if topic == self.topics.status:
            self.status = payload.decode(errors="replace")
            return
        try:
            content = json.loads(payload)
        except ValueError:
            return
        if not isinstance(content, dict):
            return
        if topic == self.topics.info:
            self.info = content
        elif topic == self.topics.stats:
            for name, stats in content.get("cameras", {}).items():
                self.cameras.setdefault(name, CameraView()).stats = stats
        else:
            camera = self.cameras.setdefault(topic.split("/")[-2], CameraView())
            camera.detections, camera.received = content.get("detections", []), now
            camera.messages += 1

    def draw(self, now: float) -> Group:
        """The picture of the moment `now` for the terminal."""
        colour = "green" if self.status == "online" else "red"
        runtime = f"   edgevision {self.info.get('version')}, {self.info.get('runtime')}" if self.info else ""
        head = Text.assemble((f"{self.topics.base} ", "bold"), (self.status, colour), runtime)
        table = Table("camera", "fps", "inference ms", "dropped", "messages", "sees", expand=True)
        for name, camera in sorted(self.cameras.items()):
            stats = camera.stats
            fps = f"{stats['inference_fps']:.1f}" if stats else ""
            median = stats.get("inference_ms", {}).get("p50")
            stalled = Text("stalled", "red") if stats.get("stalled") else Text("")
            seen = summary(camera.detections) if now - camera.received < FORGET_AFTER else ""
            table.add_row(
                name,
                fps,
                f"{median:.1f}" if median is not None else "",
                str(stats.get("dropped_frames", "")),
                str(camera.messages),
                Text(seen) if seen else stalled,
            )
        return Group(head, table)


def summary(detections: list[dict[str, Any]]) -> str:
    """`person 83 %, dog 61 %`."""
    return ", ".join(f"{entry['label']} {entry['score']:.0%}" for entry in detections)


def watch_detections(path: Path) -> None:
    """Show what arrives until Ctrl-C: a live table on a terminal, a line a message elsewhere.

    Raises ConfigError for a wrong file, BrokerError when the broker can't be reached or refuses.
    """
    config = load_config(path)
    vet_tls_files(config)
    settings = config.settings
    topics = Topics(settings.mqtt.topic_prefix, settings.device)
    inbox: queue.SimpleQueue[tuple[str, bytes]] = queue.SimpleQueue()
    subscriber = Subscriber(
        broker_settings(settings.mqtt, f"edgevision-watch-{settings.device}-{os.getpid()}"),
        [topics.status, topics.info, topics.stats, topics.detections("+")],
        lambda topic, payload: inbox.put((topic, payload)),
    )
    subscriber.start()
    try:
        if sys.stdout.isatty():
            _show_table(View(topics), inbox)
        else:
            _print_lines(inbox)
    finally:
        subscriber.stop()


def _print_lines(inbox: "queue.SimpleQueue[tuple[str, bytes]]") -> None:
    while True:
        topic, payload = inbox.get()
        print(topic, payload.decode(errors="replace"), flush=True)


def _show_table(view: View, inbox: "queue.SimpleQueue[tuple[str, bytes]]") -> None:
    with Live(view.draw(time.monotonic()), console=Console(), auto_refresh=False) as live:
        drawn = 0.0
        while True:
            with suppress(queue.Empty):
                view.update(*inbox.get(timeout=REFRESH), time.monotonic())
            if time.monotonic() - drawn >= REFRESH:
                drawn = time.monotonic()
                live.update(view.draw(drawn), refresh=True)
