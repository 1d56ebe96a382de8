"""What is told of the whole device: the payloads of `info` and `stats`."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from edgevision.publish.json_values import rfc3339, rounded, to_json
from edgevision.record import record


@record
class InputInfo:
    """What a model takes in: pixels, channels, and the type of one number (`uint8`, `int8`, `float32`)."""

    width: int
    height: int
    channels: int
    dtype: str


@record
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


@record
class CameraInfo:
    """A camera; `source` is the kind of its source (`picamera2`, `stream` …), `model` the name of its model."""

    name: str
    source: str
    model: str


@record
class ConfigurationInfo:
    """`error`: why the configuration as it is on disk now is not the one in use; None: it is."""

    error: str | None


@record
class Info:
    """What runs here; `runtime` names the inference runtime and its version (`ai-edge-litert 2.3.0`).

    `degraded`: some model runs on the CPU although it should not. `clock` says what is known of the machine's clock:
    `synchronized`, `assumed` to be right, `waiting` to be set, or `wrong`.
    """

    version: str
    runtime: str
    degraded: bool
    models: Sequence[ModelInfo]
    cameras: Sequence[CameraInfo]
    clock: str
    configuration: ConfigurationInfo


@record
class LatencyStats:
    """Percentiles in milliseconds."""

    p50: float | None
    p95: float | None


@record
class CameraStats:
    """How one camera does: frames per second, milliseconds of inference, counts since the start.

    `fps_limit`: so many frames per second may be looked at, because it is too hot; None: all.
    """

    capture_fps: float
    inference_fps: float
    inference_ms: LatencyStats
    dropped_frames: int
    skipped_pictures: int
    stalled: bool
    fps_limit: float | None


@record
class OutboxStats:
    """Events: `depth` wait to be acknowledged, `dropped` were lost since the start. `on_disk`: those that wait survive
    the end of the process.
    """

    depth: int
    dropped: int
    on_disk: bool


@record
class Stats:
    """How the daemon does at `time` (seconds since 1970).

    `cpu_temperature` is in degrees Celsius, `memory` in bytes of resident set, `uptime` in seconds. `throttled`: the
    processor is slowed down, `under_voltage`: its supply is too weak, both right now. What the machine doesn't tell is
    None. `degraded`: some model runs on the CPU although it should not. `dropped_messages`: so many others than events
    were dropped since the start.
    """

    time: float
    degraded: bool
    cameras: Mapping[str, CameraStats]
    outbox: OutboxStats
    dropped_messages: int
    cpu_temperature: float | None
    throttled: bool | None
    under_voltage: bool | None
    memory: int
    uptime: float


def info_payload(info: Info) -> bytes:
    """What runs here."""
    return to_json(asdict(info))


def stats_payload(stats: Stats) -> bytes:
    """How it runs: floats rounded to two decimals, null for what isn't finite."""
    cameras = {name: asdict(camera) for name, camera in stats.cameras.items()}
    return to_json(
        {
            "time": rfc3339(stats.time),
            "degraded": stats.degraded,
            "cameras": {name: _rounded_values(camera) for name, camera in cameras.items()},
            "outbox": asdict(stats.outbox),
            "dropped_messages": stats.dropped_messages,
            "cpu_temperature": None if stats.cpu_temperature is None else rounded(stats.cpu_temperature, 2),
            "throttled": stats.throttled,
            "under_voltage": stats.under_voltage,
            "memory": stats.memory,
            "uptime": rounded(stats.uptime, 2),
        }
    )


def _rounded_values(values: Mapping[str, object]) -> dict[str, object]:
    return {key: _rounded_value(value) for key, value in values.items()}


def _rounded_value(value: object) -> object:
    if isinstance(value, float):
        return rounded(value, 2)
    return _rounded_values(value) if isinstance(value, dict) else value
