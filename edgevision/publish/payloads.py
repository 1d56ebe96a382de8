"""What is told of a camera: the payloads of `detections`, `embedding` and `events`."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edgevision.inference.detection import Box, Detection
from edgevision.publish.json_values import rfc3339, rounded, to_json
from edgevision.scene.event import Event
from edgevision.scene.seen import Seen


@dataclass(frozen=True, slots=True)
class InferredFrame:
    """A frame that a model has looked at: `time` in seconds since 1970, `width` and `height` in pixels."""

    device: str
    camera: str
    model: str
    seq: int
    time: float
    width: int
    height: int
    source: str | None
    inference_ms: float


def detections_payload(frame: InferredFrame, seen: Sequence[Seen]) -> bytes:
    """What was found in one frame, highest score first.

    A detection whose score or box isn't finite says nothing and is left out.
    """
    told = [one for one in seen if _is_finite(one.detection)]
    best_first = sorted(told, key=lambda one: one.detection.score, reverse=True)
    return to_json({**_described(frame), "detections": [_entry(one) for one in best_first]})


def embedding_payload(frame: InferredFrame, vector: Iterable[float]) -> bytes:
    """The feature vector of one frame, six significant digits a number; null for what isn't finite."""
    numbers = [float(f"{number:.6g}") if math.isfinite(number) else None for number in vector]
    return to_json({**_described(frame), "vector": numbers})


def event_payload(device: str, camera: str, event: Event) -> bytes:
    """A step in the life of one thing; null for a box or a score that isn't finite."""
    return to_json(
        {
            "schema": 1,
            "id": event.id,
            "type": event.type,
            "device": device,
            "camera": camera,
            "track": event.track,
            "label": event.label,
            "score": rounded(event.score, 5),
            "top_score": rounded(event.top_score, 5),
            "box": _sides(event.box) if event.box is not None and _is_whole(event.box) else None,
            "zones": list(event.zones),
            "entered_zones": list(event.entered_zones),
            "start": rfc3339(event.start),
            "time": rfc3339(event.time),
            "end": None if event.end is None else rfc3339(event.end),
        }
    )


def _described(frame: InferredFrame) -> dict[str, object]:
    return {
        "schema": 1,
        "device": frame.device,
        "camera": frame.camera,
        "model": frame.model,
        "seq": frame.seq,
        "time": rfc3339(frame.time),
        "frame": {"width": frame.width, "height": frame.height, "source": frame.source},
        "inference_ms": rounded(frame.inference_ms, 2),
    }


def _entry(seen: Seen) -> dict[str, object]:
    detection = seen.detection
    entry: dict[str, object] = {"label": detection.label, "score": rounded(detection.score, 5)}
    if detection.box is not None:
        entry["box"] = _sides(detection.box)
    if seen.track is not None:
        entry["track"] = seen.track
    if seen.zones:
        entry["zones"] = list(seen.zones)
    return entry


def _sides(box: Box) -> dict[str, float | None]:
    return {side: rounded(getattr(box, side), 5) for side in _SIDES}


_SIDES = ("xmin", "ymin", "xmax", "ymax")


def _is_finite(detection: Detection) -> bool:
    return math.isfinite(detection.score) and (detection.box is None or _is_whole(detection.box))


def _is_whole(box: Box) -> bool:
    return all(math.isfinite(getattr(box, side)) for side in _SIDES)
