"""`edgevision check`."""

import logging
from collections.abc import Iterator
from pathlib import Path

from edgevision.config.config import Config
from edgevision.config.loader import load_config
from edgevision.config.schema import CameraSettings, MqttSettings
from edgevision.daemon.models import ASSUMED, ModelInUse, open_models
from edgevision.publish.settings import vet_tls_files


def check_config(path: Path) -> None:
    """Print what `edgevision run` would run with this file. Raises ConfigError when it couldn't."""
    config = load_config(path)
    vet_tls_files(config)
    logging.getLogger("edgevision").addHandler(logging.NullHandler())  # the summary tells what models say
    models = open_models(config, measure_threads=False)
    print("\n".join(describe(config, models)))


def describe(config: Config, models: list[ModelInUse]) -> list[str]:
    """Lines that tell what would run: broker, models, cameras."""
    settings = config.settings
    lines = [f"broker   {_broker(settings.mqtt)}, topics {settings.mqtt.topic_prefix}/{settings.device}/…"]
    model_of, task_of = {}, {}
    for in_use in models:
        info, state = in_use.model.info, in_use.model.state
        model_of.update(dict.fromkeys(in_use.cameras, in_use.name))
        task_of.update(dict.fromkeys(in_use.cameras, info.task))
        known = [f"{len(info.labels)} label{'s' if len(info.labels) > 1 else ''}"] if info.labels else []
        facts = [info.task, f"input {info.input}", *known, f"{info.runtime} on {state.in_use}", str(info.path)]
        lines.append(f"model    {in_use.name}: {', '.join(facts)}")
        if state.degraded:
            lines.append(f"warning  {in_use.name} runs on the CPU: {state.degraded}")
        if info.normalization_assumed:
            lines.append(f"warning  {in_use.name}: {ASSUMED}")
    for name, camera in settings.cameras.items():
        threshold = settings.model_for(name).threshold
        lines.append(
            f"camera   {name}: {camera.source.type}, model {model_of[name]}, threshold {threshold:g},"
            f" publishes {camera.publish}"
        )
        lines.append(f"         {'; '.join(_what_counts(camera, task_of[name]))}")
    lines.append("ok")
    return lines


def _what_counts(camera: CameraSettings, task: str) -> Iterator[str]:
    """What becomes of a camera's detections: `counts person (0.6 and more), dog; zones drive; runs on every frame`."""
    labels = [
        label if settings.threshold is None else f"{label} ({settings.threshold:g} and more)"
        for label, settings in camera.labels.items()
    ]
    yield f"counts {', '.join(labels) or 'all labels'}"
    if camera.zones:
        yield f"zones {', '.join(camera.zones)}"
    if camera.masks:
        yield f"{len(camera.masks)} mask{'s' if len(camera.masks) > 1 else ''}"
    yield "rests while nothing moves" if camera.gated(task) else "runs on every frame"
    if not camera.snapshots.enabled:
        yield "sends no pictures"


def _broker(mqtt: MqttSettings) -> str:
    as_user = f" as {mqtt.username}" if mqtt.username else ""
    return f"{mqtt.host}:{mqtt.port}{' with TLS' if mqtt.tls else ''}, MQTT {mqtt.protocol}{as_user}"
