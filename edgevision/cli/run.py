"""`edgevision run`."""

import contextlib
import gc
import logging
import os
import shutil
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from edgevision.cli.exit_status import DONE, FAILED
from edgevision.config.config import Config
from edgevision.config.reading import Reading
from edgevision.daemon.clock import Clock
from edgevision.daemon.config_file import ConfigFile
from edgevision.daemon.models import ModelInUse, open_models
from edgevision.daemon.notify import Notifier
from edgevision.daemon.stop_request import StopRequest
from edgevision.errors import EdgeVisionError, ModelError
from edgevision.inference.runtime import load_runtime
from edgevision.log import configure_logging
from edgevision.publish.settings import vet_tls_files

if TYPE_CHECKING:
    from edgevision.daemon.daemon import Daemon

log = logging.getLogger(__name__)

HANG_UP_WITHIN = 1.0
"""Seconds to end a connection on which nothing was said."""


def run_daemon(reading: Reading, file: ConfigFile, stop: StopRequest) -> None:
    """Run the daemon until its sources end or `stop` is made; exits with its status.

    `file` was looked at before `reading` began. Raises ConfigError before anything is started when the configuration or
    a model of it can't be used.
    """
    # While the configuration is read:
    from edgevision.daemon.broker_line import open_line, outbox_path
    from edgevision.daemon.daemon import Daemon

    with contextlib.suppress(ModelError):  # told later, with the place of the model
        load_runtime()
    if reading.abandoned(lambda: stop.wait(0)):
        _leave(DONE)
    config = reading.result()
    vet_tls_files(config)
    configure_logging(config.settings.log.level, config.settings.log.format)
    notifier, clock = Notifier(os.environ), Clock()
    gc.freeze()  # what has been imported so far is for ever: not to be looked through at each collection
    while True:
        line = open_line(config.settings)  # meanwhile
        try:
            models = _open_unless_stopped(config, stop, notifier)
        except EdgeVisionError:
            line.publisher.stop(HANG_UP_WITHIN)
            raise
        if models is None:
            line.publisher.stop(HANG_UP_WITHIN)
            log.info("stopped")
            _leave(DONE)
        daemon = Daemon(config, models, stop, notifier, clock, file, line)
        # What is put aside later is not to be held on to here: an accelerator serves one model at a time.
        del models
        gc.enable()
        status = exit_status_of(daemon)
        if daemon.successor is None:
            signal.signal(signal.SIGHUP, signal.SIG_IGN)  # for Python takes our handler away before it ends
            sys.exit(status)
        _take_along(outbox_path(config.settings), outbox_path(daemon.successor.settings))
        config = daemon.successor
        del daemon
        gc.collect()
        configure_logging(config.settings.log.level, config.settings.log.format)


def exit_status_of(daemon: "Daemon") -> int:
    """Run `daemon` to its end; the exit status."""
    status = DONE if daemon.run() else FAILED
    if daemon.hung or daemon.reading:
        # For the next one, it would have what it hangs in.
        _leave(status if daemon.successor is None else FAILED)
    return status


def _open_unless_stopped(config: Config, stop: StopRequest, notifier: Notifier) -> list[ModelInUse] | None:
    """All models; None when stopped meanwhile, for an Edge TPU that hangs takes half a minute."""
    opening = ThreadPoolExecutor(1, "opening")
    opened = opening.submit(open_models, config, measure_threads=True)
    opened.add_done_callback(lambda _: stop.nudge())
    opening.shutdown(wait=False)
    from edgevision.daemon.daemon import LOOK_AROUND

    while not opened.done():
        if stop.wait(LOOK_AROUND):
            return None
        notifier.alive()  # in the middle of a reload systemd waits for it
    return opened.result()


def _take_along(old: Path, new: Path) -> None:
    """Let events that the broker hasn't taken yet wait in the next daemon's outbox, unless it has one of its own."""
    unfinished = old.with_name(f"{old.name}-wal")
    try:
        if old.is_file() and not unfinished.exists() and not new.exists():
            new.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(old, new)
    except OSError as error:
        log.warning("%s can't become %s (%s): events that wait there are not sent", old, new, error.strerror)


def _leave(status: int) -> NoReturn:
    """End while a thread may be stuck in a driver, which would also hang the interpreter's own exit.

    (picamera2 closes its cameras there.)
    """
    sys.stderr.flush()
    os._exit(status)
