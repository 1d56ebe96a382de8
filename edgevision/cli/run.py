"""`edgevision run`."""

import logging
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NoReturn

from edgevision.cli.exit_status import DONE, FAILED
from edgevision.config.loader import Config, load_config
from edgevision.daemon.clock import Clock
from edgevision.daemon.daemon import LOOK_AROUND, Daemon
from edgevision.daemon.models import ModelInUse, open_models
from edgevision.daemon.notify import Notifier
from edgevision.daemon.stop_request import StopRequest
from edgevision.log import configure_logging
from edgevision.publish.settings import vet_tls_files

log = logging.getLogger(__name__)


def run_daemon(path: Path, stop: StopRequest) -> None:
    """Run the daemon until its sources end or `stop` is made; exits with its status.

    Raises ConfigError before anything is started when the file or a model of it can't be used.
    """
    config = load_config(path)
    vet_tls_files(config)
    configure_logging(config.settings.log.level, config.settings.log.format)
    notifier, clock = Notifier(os.environ), Clock()
    while True:
        models = _open_unless_stopped(config, stop)
        if models is None:
            log.info("stopped")
            _leave(DONE)
        daemon = Daemon(config, models, stop, notifier, clock)
        status = exit_status_of(daemon)
        if daemon.successor is None:
            sys.exit(status)
        config = daemon.successor


def exit_status_of(daemon: Daemon) -> int:
    """Run `daemon` to its end; the exit status."""
    status = DONE if daemon.run() else FAILED
    if daemon.hung:
        # For the next one, it would have what it hangs in.
        _leave(status if daemon.successor is None else FAILED)
    return status


def _open_unless_stopped(config: Config, stop: StopRequest) -> list[ModelInUse] | None:
    """All models; None when stopped meanwhile, for an Edge TPU that hangs takes half a minute."""
    opening = ThreadPoolExecutor(1, "opening")
    opened = opening.submit(open_models, config, measure_threads=True)
    opening.shutdown(wait=False)
    while not opened.done():
        if stop.wait(LOOK_AROUND):
            return None
    return opened.result()


def _leave(status: int) -> NoReturn:
    """End while a thread may be stuck in a driver, which would also hang the interpreter's own exit.

    (picamera2 closes its cameras there.)
    """
    sys.stderr.flush()
    os._exit(status)
