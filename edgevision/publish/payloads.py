"""The JSON payloads of the MQTT contract: compact UTF-8, one object, and never NaN or Infinity."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from edgevision.inference.detection import Box, Detection

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class InputInfo:
    """What a model takes in: pixels, channels, and the type of one number (`uint8`, `int8`, `float32`)."""

    width: int
    height: int
    channels: int
    dtype: str


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model in use: `labels` is how many labels it tells apart, `accelerator` what it runs on now.

    `degraded`: that is the CPU although it should be another; `reason` says why, else it is None.
    """

    name: str
    sha256: str
    task: str
    input: InputInfo
    accelerator: str
    degraded: bool
    reason: str | None
    labels: int


@dataclass(frozen=True, slots=True)
class CameraInfo:
    """A camera; `source` is the kind of its source (`picamera2`, `stream` …), `model` the name of its model."""

    name: str
    source: str
    model: str


@dataclass(frozen=True, slots=True)
class Info:
    """What runs here; `runtime` names the inference runtime and its version (`ai-edge-litert 2.3.0`).

    `degraded`: some model runs on the CPU although it should not.
    """

    version: str
    runtime: str
    degraded: bool
    models: Sequence[ModelInfo]
    cameras: Sequence[CameraInfo]


@dataclass(frozen=True, slots=True)
class LatencyStats:
    """Percentiles in milliseconds."""

    p50: float | None
    p95: float | None


@dataclass(frozen=True, slots=True)
class CameraStats:
    """How one camera does: frames per second, milliseconds of inference, counts since the start."""

    capture_fps: float
    inference_fps: float
    inference_ms: LatencyStats
    dropped_frames: int
    skipped_pictures: int
    stalled: bool


@dataclass(frozen=True, slots=True)
class OutboxStats:
    """`depth` messages wait to be sent or acknowledged; `dropped` were not sent since the start."""

    depth: int
    dropped: int


@dataclass(frozen=True, slots=True)
class Stats:
    """How the daemon does at `time` (seconds since 1970).

    `cpu_temperature` is in degrees Celsius, `memory` in bytes of resident set, `uptime` in seconds. What the machine
    doesn't tell is None. `degraded`: some model runs on the CPU although it should not.
    """

    time: float
    degraded: bool
    cameras: Mapping[str, CameraStats]
    outbox: OutboxStats
    cpu_temperature: float | None
    throttled: bool | None
    memory: int
    uptime: float


def rfc3339(seconds: float) -> str:
    """Writes seconds since 1970 as RFC 3339 in UTC, rounded to milliseconds: `2026-11-21T02:03:04.567Z`."""
    moment = _EPOCH + timedelta(milliseconds=round(seconds * 1000))
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


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


def detections_payload(frame: InferredFrame, detections: Sequence[Detection]) -> bytes:
    """What was found in one frame, highest score first.

    A detection whose score or box isn't finite says nothing and is left out.
    """
    told = [detection for detection in detections if _is_finite(detection)]
    best_first = sorted(told, key=lambda detection: detection.score, reverse=True)
    return _json({**_described(frame), "detections": [_entry(detection) for detection in best_first]})


def embedding_payload(frame: InferredFrame, vector: Iterable[float]) -> bytes:
    """The feature vector of one frame, six significant digits a number; null for what isn't finite."""
    numbers = [float(f"{number:.6g}") if math.isfinite(number) else None for number in vector]
    return _json({**_described(frame), "vector": numbers})


def info_payload(info: Info) -> bytes:
    """What runs here."""
    return _json(asdict(info))


def stats_payload(stats: Stats) -> bytes:
    """How it runs: floats rounded to two decimals, null for what isn't finite."""
    cameras = {name: asdict(camera) for name, camera in stats.cameras.items()}
    return _json(
        {
            "time": rfc3339(stats.time),
            "degraded": stats.degraded,
            "cameras": {name: _rounded_values(camera) for name, camera in cameras.items()},
            "outbox": asdict(stats.outbox),
            "cpu_temperature": None if stats.cpu_temperature is None else _rounded(stats.cpu_temperature, 2),
            "throttled": stats.throttled,
            "memory": stats.memory,
            "uptime": _rounded(stats.uptime, 2),
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
        "inference_ms": _rounded(frame.inference_ms, 2),
    }


def _entry(detection: Detection) -> dict[str, object]:
    entry: dict[str, object] = {"label": detection.label, "score": _rounded(detection.score, 5)}
    if detection.box is not None:
        entry["box"] = {side: _rounded(place, 5) for side, place in zip(_SIDES, _places(detection.box), strict=True)}
    return entry


_SIDES = ("xmin", "ymin", "xmax", "ymax")


def _places(box: Box) -> tuple[float, float, float, float]:
    return box.xmin, box.ymin, box.xmax, box.ymax


def _is_finite(detection: Detection) -> bool:
    places = () if detection.box is None else _places(detection.box)
    return all(math.isfinite(number) for number in (detection.score, *places))


def _rounded(number: float, decimals: int) -> float | None:
    # float() because the scores may come as NumPy's; + 0.0 turns -0.0 into 0.0.
    return round(float(number), decimals) + 0.0 if math.isfinite(number) else None


def _rounded_values(values: Mapping[str, object]) -> dict[str, object]:
    return {key: _rounded_value(value) for key, value in values.items()}


def _rounded_value(value: object) -> object:
    if isinstance(value, float):
        return _rounded(value, 2)
    return _rounded_values(value) if isinstance(value, dict) else value


def _json(value: dict[str, object]) -> bytes:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    # A file name that isn't UTF-8 arrives with lone surrogates, which no UTF-8 can carry.
    return text.encode("utf-8", "replace")
