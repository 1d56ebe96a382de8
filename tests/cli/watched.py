"""What `edgevision watch` is told of a device, and the picture that it draws of it."""

import io
import json
from typing import Any

from rich.console import Console

from edgevision.cli.watch_state import View
from edgevision.cli.watch_view import draw
from edgevision.publish.topics import Topics

BASE = "edgevision/test"
FRONT = f"{BASE}/front/detections"
EVENTS_OF_FRONT = f"{BASE}/front/events"
NOW = 100.0


def stats(name: str = "front", **changes: Any) -> dict[str, Any]:
    """Statistics of one camera as the daemon sends them, with `changes` to what they say of it."""
    figures = {
        "capture_fps": 30.0,
        "inference_fps": 12.345,
        "inference_ms": {"p50": 71.25, "p95": 90.0},
        "dropped_frames": 4321,
        "skipped_pictures": 0,
        "stalled": False,
    }
    return {"cameras": {name: figures | changes}}


def detections(*found: tuple[str, float]) -> dict[str, Any]:
    return {"detections": [{"label": label, "score": score} for label, score in found]}


def tracked(label: str, score: float, track: str, *zones: str) -> dict[str, Any]:
    """Detections of a frame that shows one thing that is followed."""
    return {"detections": [{"label": label, "score": score, "track": track, "zones": list(zones)}]}


def event(kind: str, number: int = 0, track: str = "front-6f3a", **changes: Any) -> dict[str, Any]:
    """An event as the daemon sends it, 30 seconds after the track's start, with `changes`."""
    content = {
        "schema": 1,
        "id": f"{track}-{number}",
        "type": kind,
        "device": "test",
        "camera": "front",
        "track": track,
        "label": "person",
        "score": 0.83,
        "top_score": 0.91,
        "box": {"xmin": 0.1, "ymin": 0.2, "xmax": 0.4, "ymax": 0.9},
        "zones": ["drive"],
        "entered_zones": ["drive", "lawn"],
        "start": "2026-11-21T02:03:04.000Z",
        "time": "2026-11-21T02:03:34.000Z",
        "end": "2026-11-21T02:05:09.000Z" if kind == "end" else None,
    }
    return content | changes


def view_of(*messages: tuple[str, Any]) -> View:
    """A view that took in these messages at NOW; what isn't bytes is sent as JSON."""
    view = View(Topics("edgevision", "test"))
    for topic, content in messages:
        say(view, topic, content)
    return view


def say(view: View, topic: str, content: Any, now: float = NOW) -> None:
    view.update(topic, content if isinstance(content, bytes) else json.dumps(content).encode(), now)


def drawn(view: View, now: float = NOW, columns: int = 120, rows: int = 40) -> str:
    """The picture of the moment `now`, as a terminal of this size that knows UTF-8 shows it."""
    written = io.BytesIO()
    with io.TextIOWrapper(written, encoding="utf-8", errors="strict") as screen:
        Console(file=screen, width=columns, height=rows, force_terminal=False).print(draw(view, now, columns, rows))
        screen.flush()
        return written.getvalue().decode()


def trimmed(text: str) -> str:
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())
