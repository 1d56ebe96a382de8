"""`edgevision watch`."""

import os
import queue
import sys
import time
from contextlib import suppress
from pathlib import Path

from rich.console import Console, Group
from rich.live import Live

from edgevision.cli.watch_state import View
from edgevision.cli.watch_view import draw
from edgevision.config.loader import load_config
from edgevision.publish.settings import broker_settings, vet_tls_files
from edgevision.publish.subscriber import Subscriber
from edgevision.publish.topics import Topics

REFRESH = 0.25
"""Seconds between two drawings of the table."""

ANY = "+"
"""Any one level of a topic."""


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
        watched(topics),
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


def watched(topics: Topics) -> list[str]:
    """What is subscribed to: all that can be shown as text. Counts of zones come with the events."""
    of_cameras = (topics.camera_status, topics.detect, topics.detections, topics.embedding, topics.events)
    count = f"{topics.base}/{ANY}/count/{ANY}"
    return [topics.status, topics.info, topics.stats, count, *(topic(ANY) for topic in of_cameras)]


def _print_lines(inbox: "queue.SimpleQueue[tuple[str, bytes]]") -> None:
    while True:
        topic, payload = inbox.get()
        print(topic, payload.decode(errors="replace"), flush=True)


def _show_table(view: View, inbox: "queue.SimpleQueue[tuple[str, bytes]]") -> None:
    console = Console()

    def picture(now: float) -> Group:
        return draw(view, now, console.width, console.height)

    with Live(picture(time.monotonic()), console=console, auto_refresh=False) as live:
        drawn = 0.0
        while True:
            with suppress(queue.Empty):
                view.update(*inbox.get(timeout=REFRESH), time.monotonic())
            if time.monotonic() - drawn >= REFRESH:
                drawn = time.monotonic()
                live.update(picture(drawn), refresh=True)
