"""Reading the configuration again while the daemon runs: when the file changes, or somebody asks."""

import contextlib
import logging
import stat
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from edgevision.config.config import Config
from edgevision.config.reading import load_settled
from edgevision.daemon.models import ModelInUse, open_models
from edgevision.errors import ConfigError
from edgevision.publish.settings import vet_tls_files
from edgevision.record import record

log = logging.getLogger(__name__)


@record
class Loaded:
    """A configuration that holds, its models opened."""

    config: Config
    models: Sequence[ModelInUse]


class Reloading:
    """One reading of the configuration, in a thread of its own, for a model takes seconds to open."""

    def __init__(self, path: Path, at_hand: Sequence[ModelInUse], on_end: Callable[[], None]) -> None:
        """`at_hand`: models that need not be opened again. `on_end` is called in that thread."""
        self.result: Loaded | ConfigError | None = None
        """None until it has ended."""
        self._path = path
        self._at_hand = at_hand
        self._on_end = on_end
        threading.Thread(target=self._read, name="reload", daemon=True).start()

    def _read(self) -> None:
        try:
            _refuse_pipe(self._path)
            config = load_settled(self._path)
            vet_tls_files(config)
            self.result = Loaded(config, open_models(config, measure_threads=True, at_hand=self._at_hand))
        except ConfigError as error:
            self.result = error
        except BaseException:
            log.exception("reading the configuration again failed")
            self.result = ConfigError(f"{self._path}: can't be read again because of a mistake in edgevision itself")
        finally:
            self._on_end()


def _refuse_pipe(path: Path) -> None:
    """Raises ConfigError for what reading could wait for without end, and every later change behind it."""
    with contextlib.suppress(OSError):
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise ConfigError(f"{path}: the configuration can't be read again: it is a pipe or a device")
