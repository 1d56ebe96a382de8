"""What outlives a restart: what subscribers have set, and which retained messages the broker holds of us."""

import contextlib
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from edgevision.publish.message import check_topic
from edgevision.regular_file import read_regular_file

log = logging.getLogger(__name__)

MOST_BYTES = 4 * 1024**2

MOST_WRITES = 10
"""In a row; after that one a second: whoever turns a knob over MQTT shall not wear out the SD card."""

RETRY = 60.0
"""Seconds after a write that failed until the next."""


def _topic(text: str) -> str:
    check_topic(text)
    return text


_Topic = Annotated[str, AfterValidator(_topic)]
_Level = Annotated[str, Field(pattern="^[a-zA-Z0-9_-]+$", max_length=10_000)]


class RememberedThreshold(BaseModel):
    """A threshold that was set, and what the configuration said then: when that changes, it is the newer wish."""

    model_config = ConfigDict(frozen=True)

    value: Annotated[float, Field(ge=0, le=1)]
    configured: float


class RememberedCamera(BaseModel):
    """What was set for one camera, and which labels have been seen where not all can be announced."""

    model_config = ConfigDict(frozen=True)

    detect: bool = True
    threshold: RememberedThreshold | None = None
    seen: tuple[str, ...] = ()


class Remembered(BaseModel):
    """`retained`: topics; `components`: those of Home Assistant, by key, with their platform."""

    model_config = ConfigDict(frozen=True)

    cameras: dict[str, RememberedCamera] = {}
    retained: tuple[_Topic, ...] = ()
    components: dict[_Level, _Level] = {}


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
            _write(self._path, self.content.model_dump_json(indent=1).encode())
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
        return Remembered.model_validate_json(read_regular_file(path, MOST_BYTES))
    except FileNotFoundError:
        pass
    except ValidationError:
        log.warning("%s is damaged: what was set by MQTT is forgotten; the file is written anew", path)
    except (OSError, ValueError) as error:
        log.warning("%s can't be read (%s): what was set by MQTT is forgotten", path, error)
    return Remembered()


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
