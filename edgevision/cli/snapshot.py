"""`edgevision snapshot`."""

import os
import secrets
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import cv2
import typer

from edgevision.capture.frame import Frame, Picture
from edgevision.capture.picamera2 import CLOSING
from edgevision.capture.registry import make_source
from edgevision.capture.source import Source
from edgevision.capture.transform import WHOLE, make_frame
from edgevision.cli.exit_status import DONE, FAILED, errors_to_exit_status
from edgevision.cli.text_table import printable
from edgevision.config.config import Config
from edgevision.config.loader import load_config
from edgevision.config.nearest import did_you_mean
from edgevision.config.schema import CameraSettings
from edgevision.daemon.inference_thread import infer
from edgevision.daemon.models import open_models
from edgevision.daemon.scene_rules import scene_rules
from edgevision.daemon.snapshot_picture import encoded
from edgevision.errors import EdgeVisionError, SourceError
from edgevision.inference.accelerated import AcceleratedModel
from edgevision.inference.annotate import Outline, annotate
from edgevision.log import configure_logging
from edgevision.publish.topics import Topics
from edgevision.scene.moment import Moment
from edgevision.scene.scene import Scene
from edgevision.scene.seen import Seen

SETTLE = 1.0
"""Seconds of pictures that a live camera is given to find its exposure and colours."""

ZONE, MASK = (0, 150, 255), (70, 70, 220)
"""Colours of outlines: blue, green, red."""


def take_snapshot(path: Path, camera: str, output: Path) -> None:
    """Take one picture, of full size, draw what counts and the outlines of zones and masks, and say what was found.

    Raises typer.BadParameter for a camera or file that makes no sense, ConfigError for a wrong file or model,
    SourceError when no picture comes, EdgeVisionError when the file can't be written.
    """
    config = _of_one_camera(load_config(path), camera)
    if output.is_dir() or not output.absolute().parent.is_dir() or not cv2.haveImageWriter(output.name):
        raise typer.BadParameter(f"{output} can't be written: name a file such as {camera}.jpg in an existing folder")
    configure_logging("warning", "text")
    settings = config.settings.cameras[camera]
    (in_use,) = open_models(config, measure_threads=False)
    with _leaving_what_hangs(in_use.model):
        frame = _take_frame(config, camera)
        seen = _look(frame, in_use.model, settings, config)
        detections = [one.detection for one in seen]
        drawn = annotate(frame.image, detections, list(_outlines(settings)))
        try:
            data = encoded(drawn, output.suffix, settings.snapshots.quality)
        except ValueError as error:
            raise EdgeVisionError(f"{output} can't be written: {error}") from error
        _write(output, data)
        told = printable(", ".join(map(_told, seen))) or "nothing found"
        print("nothing drawn: the model gives feature vectors" if in_use.model.info.task == "embed" else told)


def _of_one_camera(config: Config, camera: str) -> Config:
    """The configuration with that camera alone: only its model is opened."""
    cameras = config.settings.cameras
    if camera not in cameras:
        hint = did_you_mean(camera, cameras) or f"; there are {', '.join(cameras)}"
        raise typer.BadParameter(f"{config.path} has no camera {camera!r}{hint}")
    return replace(config, settings=config.settings.model_copy(update={"cameras": {camera: cameras[camera]}}))


def _take_frame(config: Config, camera: str) -> Frame:
    settings = config.settings.cameras[camera]
    source = make_source(settings.source)
    try:
        source.open()
        picture = _settled(source)
    except SourceError as error:
        message = f"camera {camera}: {error}"
        if " in use " in message:
            topics = Topics(config.settings.mqtt.topic_prefix, config.settings.device)
            message += (
                f". If that is a running edgevision, ask it: publish anything to {topics.snapshot_set(camera)},"
                f" and the picture comes on {topics.snapshot(camera)}"
            )
        raise SourceError(message) from error
    finally:
        source.close()
    return make_frame(
        picture,
        camera=camera,
        seq=0,
        time=time.time(),
        monotonic=time.monotonic(),
        degrees=settings.rotate,
        crop=settings.crop or WHOLE,
    )


def _settled(source: Source) -> Picture:
    """The source's first picture; of a live one the first that is SETTLE later."""
    picture = source.read()
    if not isinstance(picture, Picture):
        raise SourceError("the source has ended before it gave a picture")
    first = time.monotonic()
    while source.live and time.monotonic() - first < SETTLE:
        newer = source.read()
        picture = newer if isinstance(newer, Picture) else picture
    return picture


def _look(frame: Frame, model: AcceleratedModel, settings: CameraSettings, config: Config) -> Sequence[Seen]:
    """What counts of what the model finds, as the daemon counts it: the highest score first."""
    wanted = config.settings.model_for(frame.camera)
    scene = Scene(scene_rules(settings), lambda: secrets.token_hex(4))
    inference = infer(model, frame, scene.least(wanted.threshold), wanted.max_detections)
    return scene.look(inference.detections, Moment(frame.clock, frame.time), wanted.threshold).seen


def _outlines(settings: CameraSettings) -> Iterator[Outline]:
    for number, mask in enumerate(settings.masks, 1):
        yield Outline(f"mask {number}", mask, MASK)
    for name, zone in settings.zones.items():
        yield Outline(name, zone.polygon, ZONE)


def _told(seen: Seen) -> str:
    """`person 83 % in drive and lawn`."""
    where = f" in {' and '.join(seen.zones)}" if seen.zones else ""
    return f"{seen.detection.label} {seen.detection.score * 100:.0f} %{where}"


def _write(output: Path, data: bytes) -> None:
    """Write the file as a whole or not at all."""
    partial = output.with_name(f".edgevision-{secrets.token_hex(4)}")
    try:
        with partial.open("xb") as file:
            file.write(data)
        partial.replace(output)
    except OSError as error:
        raise EdgeVisionError(f"{output} can't be written: {error.strerror}") from error
    finally:
        with suppress(OSError):
            partial.unlink()


@contextmanager
def _leaving_what_hangs(model: AcceleratedModel) -> Iterator[None]:
    """What is done within ends the command, also when a driver hangs, for which the interpreter's own exit would wait.

    (picamera2 closes its cameras there.)
    """
    status: str | int | None = FAILED
    try:
        with errors_to_exit_status():
            yield
        status = DONE
    except SystemExit as end:
        status = end.code
        raise
    finally:
        model.close()
        if model.hung or any(thread.name.startswith(CLOSING) for thread in threading.enumerate()):
            with suppress(OSError):
                sys.stdout.flush()
            sys.stderr.flush()
            os._exit(int(status or DONE))
