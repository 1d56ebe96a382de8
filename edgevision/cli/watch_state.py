"""What `edgevision watch` has learnt from the messages of one device."""

import json
import re
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NoReturn
from urllib.parse import unquote

from edgevision.cli.text_table import printable
from edgevision.publish.topics import Topics
from edgevision.record import record

FORGET_AFTER = 5.0
"""Seconds after which what a frame showed is no longer shown as present."""

TRACK_FORGOTTEN_AFTER = 90.0
"""Seconds of silence after which a track is taken for gone: of one that is there an event tells once a minute."""

EVENTS = 10
"""The events kept to be shown."""

_COUNT = re.compile(rb"[0-9]{1,9}")


@record
class Figures:
    """What `P/stats` says of one camera, as it is shown."""

    capture_fps: str = ""
    inference_fps: str = ""
    inference_ms: str = ""
    dropped: str = ""
    stalled: bool = False

    @classmethod
    def of(cls, stats: dict[str, Any]) -> "Figures":
        """From a camera's part of the payload. Raises what a payload that isn't edgevision's makes it raise."""
        median = stats["inference_ms"]["p50"]
        return cls(
            capture_fps=f"{stats['capture_fps']:.1f}",
            inference_fps=f"{stats['inference_fps']:.1f}",
            inference_ms="" if median is None else f"{median:.1f}",
            dropped=str(stats["dropped_frames"]),
            stalled=bool(stats["stalled"]),
        )


@record
class TrackView:
    """A thing that is there: since when, and when it was heard of last, in monotonic seconds.

    `whole`: that is when it came, not just when it was first heard of.
    """

    label: str
    score: float
    zones: tuple[str, ...]
    since: float
    heard: float
    whole: bool


@record
class EventView:
    """An event as it is told; `lasted` in seconds at its end."""

    id: str
    clock: str
    camera: str
    type: str
    label: str
    top_score: float
    zones: tuple[str, ...]
    lasted: float | None


@dataclass(slots=True)
class CameraView:
    """What is known of one camera; `seen` is what its last frame showed beside the tracks, `received` when."""

    seen: str = ""
    received: float = 0.0
    figures: Figures = field(default_factory=Figures)
    tracks: dict[str, TrackView] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    online: bool = True
    detect: bool = True

    def there(self, now: float) -> dict[str, TrackView]:
        """The tracks that have been heard of lately."""
        return {name: track for name, track in self.tracks.items() if now - track.heard < TRACK_FORGOTTEN_AFTER}


@dataclass(slots=True)
class View:
    """What is known of the device; `update` takes one message in."""

    topics: Topics
    status: str = "unknown: nothing heard yet"
    info: str = ""
    cameras: dict[str, CameraView] = field(default_factory=dict)
    events: deque[EventView] = field(default_factory=lambda: deque(maxlen=EVENTS))

    def update(self, topic: str, payload: bytes, now: float) -> None:
        """Take in a message that arrived at the monotonic time `now`; one that is not edgevision's changes nothing."""
        try:
            self._take(printable(topic.removeprefix(f"{self.topics.base}/")).split("/"), payload, now)
        except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, OSError, RecursionError):
            # Anybody may publish anything on these topics.
            return

    def _take(self, levels: list[str], payload: bytes, now: float) -> None:
        match levels:
            case ["status"]:
                self.status = printable(payload.decode(errors="replace"))
                if self.status != "online":
                    for camera in self.cameras.values():
                        camera.tracks, camera.seen = {}, ""
            case ["info"]:
                content = _json(payload)
                self.info = printable(f"edgevision {content['version']}, {content['runtime']}")
            case ["stats"]:
                figures = {printable(name): Figures.of(stats) for name, stats in _json(payload)["cameras"].items()}
                for name, figure in figures.items():
                    self._camera(name).figures = figure
            case [name, "detections"]:
                self._take_detections(name, _json(payload)["detections"], now)
            case [name, "embedding"]:
                seen = f"a vector of {len(_json(payload)['vector'])} numbers"
                camera = self._camera(name)
                camera.seen, camera.received = seen, now
            case [name, "events"]:
                self._take_event(name, _json(payload), now)
            case [name, "count", label]:
                count = _count(payload)
                self._camera(name).counts[printable(unquote(label))] = count
            case [name, "detect"]:
                on = {b"ON": True, b"OFF": False, b"": True}[payload]
                self._camera(name).detect = on
            case [name, "status"]:
                online = {b"online": True, b"offline": False, b"": True}[payload]
                self._camera(name).online = online

    def _camera(self, name: str) -> CameraView:
        return self.cameras.setdefault(name, CameraView())

    def _take_detections(self, name: str, entries: list[dict[str, Any]], now: float) -> None:
        tracks, others = {}, []
        known = self.cameras[name].there(now) if name in self.cameras else {}
        for entry in entries:
            label, score = _text(entry["label"]), _fraction(entry["score"])
            if "track" in entry:
                track = _text(entry["track"])
                before = known.get(track)
                since, whole = (before.since, before.whole) if before else (now, False)
                tracks[track] = TrackView(label, score, _texts(entry.get("zones", [])), since, now, whole)
            else:
                others.append(f"{label} {percent(score)}")
        camera = self._camera(name)
        camera.tracks = known | tracks
        camera.seen, camera.received = ", ".join(others), now

    def _take_event(self, name: str, content: dict[str, Any], now: float) -> None:
        track, label, score = _text(content["track"]), _text(content["label"]), _fraction(content["score"])
        zones, kind = _texts(content["zones"]), content["type"]
        start, time = _moment(content["start"]), _moment(content["time"])
        ended = _moment(content["end"]) - start if kind == "end" else None
        event = EventView(
            id=_text(content["id"]),
            clock=f"{time.astimezone():%H:%M:%S}",
            camera=name,
            type={"start": "start", "update": "update", "end": "end"}[kind],
            label=label,
            top_score=_fraction(content["top_score"]),
            zones=_texts(content["entered_zones"]) if ended is not None else zones,
            lasted=ended.total_seconds() if ended is not None else None,
        )
        if any(event.id == before.id for before in self.events):
            return  # after a crash one may come twice
        camera = self._camera(name)
        self.events.append(event)
        if event.type == "end":
            camera.tracks.pop(track, None)
        else:
            since = now - max((time - start).total_seconds(), 0.0)
            camera.tracks[track] = TrackView(label, score, zones, since, now, whole=True)


def percent(score: float) -> str:
    """`83 %`."""
    return f"{score * 100:.0f} %"


def _json(payload: bytes) -> Any:
    return json.loads(payload, parse_constant=_refuse)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return printable(value)


def _texts(values: object) -> tuple[str, ...]:
    if not isinstance(values, list):
        raise TypeError("not a list")
    return tuple(map(_text, values))


def _fraction(value: object) -> float:
    if not isinstance(value, float | int) or not 0 <= value <= 1:
        raise ValueError("not from 0 to 1")
    return value


def _moment(value: str) -> datetime:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("no time of a known zone")
    return moment


def _count(payload: bytes) -> int:
    if payload and not _COUNT.fullmatch(payload):
        raise ValueError("no count")
    return int(payload or b"0")  # a retained count is taken away with an empty message
