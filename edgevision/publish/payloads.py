"""What is told of a camera: the payloads of `detections`, `embedding` and `events`."""

import math
from collections.abc import Iterable, Sequence
from operator import attrgetter

from edgevision.inference.detection import Box, Detection
from edgevision.publish.json_values import decimal, quoted, rfc3339, rounded, to_json, utf_8
from edgevision.record import record
from edgevision.scene.event import Event
from edgevision.scene.seen import Seen

_SCORE = attrgetter("detection.score")


@record
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
    told.sort(key=_SCORE, reverse=True)
    return _of_frame(frame, "detections", [_entry(one) for one in told])


def embedding_payload(frame: InferredFrame, vector: Iterable[float]) -> bytes:
    """The feature vector of one frame, six significant digits a number; null for what isn't finite."""
    numbers = [repr(float(f"{number:.6g}")) if math.isfinite(number) else "null" for number in vector]
    return _of_frame(frame, "vector", numbers)


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


# Put together here and not from dicts by an encoder: each frame needs it, and while a model fills the processor's
# caches it takes half as long.


def _of_frame(frame: InferredFrame, what: str, entries: Iterable[str]) -> bytes:
    return utf_8(
        f'{{"schema":1,"device":{quoted(frame.device)},"camera":{quoted(frame.camera)},"model":{quoted(frame.model)},'
        f'"seq":{frame.seq},"time":"{rfc3339(frame.time)}","frame":{{"width":{frame.width},"height":{frame.height},'
        f'"source":{"null" if frame.source is None else quoted(frame.source)}}},'
        f'"inference_ms":{decimal(frame.inference_ms, 2)},"{what}":[{",".join(entries)}]}}'
    )


def _entry(seen: Seen) -> str:
    detection, box = seen.detection, seen.detection.box
    entry = f'{{"label":{quoted(detection.label)},"score":{decimal(detection.score, 5)}'
    if box is not None:
        entry += (
            f',"box":{{"xmin":{decimal(box.xmin, 5)},"ymin":{decimal(box.ymin, 5)},'
            f'"xmax":{decimal(box.xmax, 5)},"ymax":{decimal(box.ymax, 5)}}}'
        )
    if seen.track is not None:
        entry += f',"track":{quoted(seen.track)}'
    if seen.zones:
        entry += f',"zones":[{",".join(map(quoted, seen.zones))}]'
    return entry + "}"


def _sides(box: Box) -> dict[str, float | None]:
    return {
        "xmin": rounded(box.xmin, 5),
        "ymin": rounded(box.ymin, 5),
        "xmax": rounded(box.xmax, 5),
        "ymax": rounded(box.ymax, 5),
    }


def _is_finite(detection: Detection) -> bool:
    return math.isfinite(detection.score) and (detection.box is None or _is_whole(detection.box))


def _is_whole(box: Box) -> bool:
    return math.isfinite(box.xmin) and math.isfinite(box.ymin) and math.isfinite(box.xmax) and math.isfinite(box.ymax)
