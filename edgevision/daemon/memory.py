"""What outlives a restart: what subscribers have set, and which retained messages the broker holds of us."""

import contextlib
import json
import logging
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, field
from pathlib import Path
from typing import Any

from edgevision.publish.message import check_topic
from edgevision.record import record
from edgevision.regular_file import read_regular_file

log = logging.getLogger(__name__)

MOST_BYTES = 4 * 1024**2

MOST_WRITES = 10
"""In a row; after that one a second: whoever turns a knob over MQTT shall not wear out the SD card."""

RETRY = 60.0
"""Seconds after a write that failed until the next."""


_LEVEL = re.compile("[a-zA-Z0-9_-]{1,10000}")


@record
class RememberedThreshold:
    """A threshold that was set, and what the configuration said then: when that changes, it is the newer wish."""

    value: float
    configured: float


@record
class RememberedCamera:
    """What was set for one camera, and which labels have been seen where not all can be announced."""

    detect: bool = True
    threshold: RememberedThreshold | None = None
    seen: tuple[str, ...] = ()


@record
class Remembered:
    """`retained`: topics; `components`: those of Home Assistant, by key, with their platform."""

    cameras: Mapping[str, RememberedCamera] = field(default_factory=dict)
    retained: tuple[str, ...] = ()
    components: Mapping[str, str] = field(default_factory=dict)


class Memory:
    """The file that holds it. Belongs to one thread.

    A file that can't be read counts as empty; one that can't be written is warned of once, and all goes on without.
    """

    def __init__(self, path: Path, monotonic: Callable[[], float]) -> None:
        self.content = _read(path)
        self._path = path
        self._monotonic = monotonic
        self._stored = self.content
        self._writes_left = float(MOST_WRITES)
        self._since = monotonic()
        self._warned = False

    def store(self, *, now: bool = False) -> None:
        """Write `content` if it has changed, not too often unless it must be `now`; what is put off is for later."""
        if self.content == self._stored:
            return
        time = self._monotonic()
        self._writes_left = min(self._writes_left + time - self._since, MOST_WRITES)
        self._since = time
        if self._writes_left < 1 and not now:
            return
        self._writes_left -= 1
        try:
            _write(self._path, json.dumps(asdict(self.content), indent=1, ensure_ascii=False).encode())
            self._stored = self.content
        except OSError as error:
            self._writes_left = 1 - RETRY  # one comes back a second
            if not self._warned:
                self._warned = True
                log.warning(
                    "%s can't be written (%s): what is set by MQTT is forgotten at the next start; give the"
                    " configuration a state_dir that this user may write to",
                    self._path,
                    error.strerror or error,
                )


def _read(path: Path) -> Remembered:
    try:
        text = read_regular_file(path, MOST_BYTES)
    except FileNotFoundError:
        return Remembered()
    except (OSError, ValueError) as error:
        log.warning("%s can't be read (%s): what was set by MQTT is forgotten", path, error)
        return Remembered()
    try:
        return _remembered(json.loads(text))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        log.warning("%s is damaged: what was set by MQTT is forgotten; the file is written anew", path)
    return Remembered()


def _remembered(known: dict[str, Any]) -> Remembered:
    """What the file says. Raises ValueError and the like where it isn't as we write it."""
    return Remembered(
        cameras={name: _camera(camera) for name, camera in known.get("cameras", {}).items()},
        retained=tuple(map(_topic, known.get("retained", ()))),
        components={_level(key): _level(platform) for key, platform in known.get("components", {}).items()},
    )


def _camera(known: dict[str, Any]) -> RememberedCamera:
    detect, threshold = known.get("detect", True), known.get("threshold")
    if not isinstance(detect, bool):
        raise TypeError(f"{detect!r} is neither true nor false")
    seen = tuple(map(_text, known.get("seen", ())))
    return RememberedCamera(detect, None if threshold is None else _threshold(threshold), seen)


def _threshold(known: dict[str, Any]) -> RememberedThreshold:
    value, configured = known["value"], known["configured"]
    if not 0 <= value <= 1:
        raise ValueError(f"{value} is no threshold")
    return RememberedThreshold(float(value), float(configured))


def _text(text: object) -> str:
    if not isinstance(text, str):
        raise TypeError(f"{text!r} is no text")
    return text


def _topic(text: object) -> str:
    check_topic(_text(text))
    return _text(text)


def _level(text: object) -> str:
    if not _LEVEL.fullmatch(_text(text)):
        raise ValueError(f"{text!r} is no level of a topic")
    return _text(text)


def _write(path: Path, content: bytes) -> None:
    """Put `content` in the file's place at once: it is the old one or the new one, even after a power cut."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
