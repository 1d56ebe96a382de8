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

from edgevision.cli.text_table import printable
from edgevision.config.loader import load_config
from edgevision.publish.settings import broker_settings, vet_tls_files
from edgevision.publish.subscriber import Subscriber
from edgevision.publish.topics import Topics

REFRESH = 0.25
"""Seconds between two drawings of the table."""

FORGET_AFTER = 5.0
"""Seconds after which detections are no longer shown as present."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What `P/stats` says of one camera, as it is shown."""

    fps: str = ""
    inference_ms: str = ""
    dropped: str = ""
    stalled: bool = False

    @classmethod
    def of(cls, stats: dict[str, Any]) -> "Figures":
        """From a camera's part of the payload. Raises what a payload that isn't edgevision's makes it raise."""
        median = stats["inference_ms"]["p50"]
        return cls(
            fps=f"{stats['inference_fps']:.1f}",
            inference_ms="" if median is None else f"{median:.1f}",
            dropped=str(stats["dropped_frames"]),
            stalled=bool(stats["stalled"]),
        )


@dataclass(slots=True)
class CameraView:
    """What is known of one camera: what it saw last and when, and its figures."""

    seen: str = ""
    received: float = 0.0
    messages: int = 0
    figures: Figures = Figures()


@dataclass(slots=True)
class View:
    """What is known of the device; `update` takes one message in."""

    topics: Topics
    status: str = "unknown: nothing heard yet"
    info: str = ""
    cameras: dict[str, CameraView] = field(default_factory=dict)

    def update(self, topic: str, payload: bytes, now: float) -> None:
        """Take in a message that arrived at the monotonic time `now`; one that is not edgevision's changes nothing."""
        if topic == self.topics.status:
            self.status = printable(payload.decode(errors="replace"))
            return
        try:
            content = json.loads(payload)
            if topic == self.topics.info:
                self.info = printable(f"edgevision {content['version']}, {content['runtime']}")
            elif topic == self.topics.stats:
                figures = {printable(name): Figures.of(stats) for name, stats in content["cameras"].items()}
                for name, figure in figures.items():
                    self.cameras.setdefault(name, CameraView()).figures = figure
            else:
                seen = summary(content)
                camera = self.cameras.setdefault(topic.split("/")[-2], CameraView())
                camera.seen, camera.received = seen, now
                camera.messages += 1
        except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError):
            # Anybody may publish anything on these topics.
            return

    def draw(self, now: float) -> Group:
        """The picture of the moment `now` for the terminal."""
        colour = "green" if self.status == "online" else "red"
        head = Text.assemble((f"{self.topics.base} ", "bold"), (self.status, colour), f"   {self.info}")
        table = Table("camera", "fps", "inference ms", "dropped", "messages", "sees", expand=True)
        for name, camera in sorted(self.cameras.items()):
            figures = camera.figures
            seen = Text(camera.seen if now - camera.received < FORGET_AFTER else "")
            if figures.stalled:
                seen = Text("stalled", "red")
            table.add_row(Text(name), figures.fps, figures.inference_ms, figures.dropped, str(camera.messages), seen)
        return Group(head, table)


def summary(content: dict[str, Any]) -> str:
    """`person 83 %, dog 61 %`, or of an embedding `a vector of 1024 numbers`."""
    if "vector" in content:
        return f"a vector of {len(content['vector'])} numbers"
    return printable(", ".join(f"{entry['label']} {entry['score']:.0%}" for entry in content["detections"]))


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
        [topics.status, topics.info, topics.stats, topics.detections("+"), topics.embedding("+")],
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
