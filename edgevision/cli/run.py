"""`edgevision run`."""

import contextlib
import gc
import logging
import os
import signal
import sys
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from edgevision.capture.picamera2_library import load_picamera2
from edgevision.cli.exit_status import DONE, FAILED
from edgevision.config.config import Config
from edgevision.config.reading import Reading
from edgevision.daemon.clock import Clock
from edgevision.daemon.config_file import ConfigFile
from edgevision.daemon.models import ModelInUse, open_models
from edgevision.daemon.notify import Notifier
from edgevision.daemon.stop_request import StopRequest
from edgevision.errors import EdgeVisionError, ModelError, SourceError
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
    read, opened = _opening(reading, stop)
    # Meanwhile:
    with contextlib.suppress(ModelError):  # told later, with the place of the model
        load_runtime()
    from edgevision.daemon.broker_line import open_line, outbox_path
    from edgevision.daemon.daemon import Daemon

    notifier, clock = Notifier(os.environ), Clock()
    gc.freeze()  # what has been imported so far is for ever: not to be looked through at each collection
    if not _wait(read, stop, notifier):
        _leave(DONE)
    config = read.result()
    _load_camera_library(config)
    while True:
        line = open_line(config.settings)
        try:
            stopped = not _wait(opened, stop, notifier)
            models = [] if stopped else opened.result()
        except EdgeVisionError:
            line.publisher.stop(HANG_UP_WITHIN)
            raise
        if stopped:
            line.publisher.stop(HANG_UP_WITHIN)
            log.info("stopped")
            _leave(DONE)
        daemon = Daemon(config, models, stop, notifier, clock, file, line)
        # What is put aside later is not to be held on to here: an accelerator serves one model at a time.
        del models, opened
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
        _, opened = _opening(config, stop)


def exit_status_of(daemon: "Daemon") -> int:
    """Run `daemon` to its end; the exit status."""
    status = DONE if daemon.run() else FAILED
    if daemon.hung or daemon.reading:
        # For the next one, it would have what it hangs in.
        _leave(status if daemon.successor is None else FAILED)
    return status


def _opening(given: Reading | Config, stop: StopRequest) -> tuple[Future[Config], Future[list[ModelInUse]]]:
    """The configuration and its models, from a thread of their own: an Edge TPU that hangs takes half a minute."""
    thread = ThreadPoolExecutor(1, "opening")
    config = thread.submit(_settled, given)
    opened = thread.submit(lambda: open_models(config.result(), measure_threads=True))
    config.add_done_callback(lambda _: stop.nudge())
    opened.add_done_callback(lambda _: stop.nudge())
    thread.shutdown(wait=False)
    return config, opened


def _settled(given: Reading | Config) -> Config:
    if isinstance(given, Config):
        return given
    config = given.result()
    vet_tls_files(config)
    configure_logging(config.settings.log.level, config.settings.log.format)
    return config


def _wait(future: Future[Any], stop: StopRequest, notifier: Notifier) -> bool:
    """Wait until `future` is done; False when stopped meanwhile."""
    from edgevision.daemon.daemon import LOOK_AROUND

    while not future.done():
        if stop.wait(LOOK_AROUND):
            return False
        notifier.alive()  # in the middle of a reload systemd waits for it
    # What ends us may have ended a child process of `future` too, and is no fault of the model.
    return not stop.wait(0)


def _load_camera_library(config: Config) -> None:
    """Let picamera2, which takes a second, be imported while models open, if it is needed."""

    def load() -> None:
        with contextlib.suppress(SourceError):  # the camera will meet it, too, and tell
            load_picamera2()

    if any(camera.source.type == "picamera2" for camera in config.settings.cameras.values()):
        # Nobody waits for it: in a driver, it may hang.
        threading.Thread(target=load, name="camera library", daemon=True).start()


def _take_along(old: Path, new: Path) -> None:
    """Let events that the broker hasn't taken yet wait in the next daemon's outbox, unless it has one of its own."""
    import shutil  # seldom, and with all its compressions

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
