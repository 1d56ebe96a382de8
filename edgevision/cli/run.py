"""`edgevision run`."""

import os
import sys
from pathlib import Path

from edgevision.cli.exit_status import DONE, FAILED
from edgevision.config.loader import load_config
from edgevision.daemon.daemon import Daemon
from edgevision.daemon.models import open_models
from edgevision.daemon.stop_request import StopRequest
from edgevision.log import configure_logging
from edgevision.publish.settings import vet_tls_files


def run_daemon(path: Path, stop: StopRequest) -> None:
    """Run the daemon until its sources end or `stop` is made; exits with its status.

    Raises ConfigError before anything is started when the file or a model of it can't be used.
    """
    config = load_config(path)
    vet_tls_files(config)
    configure_logging(config.settings.log.level, config.settings.log.format)
    sys.exit(exit_status_of(Daemon(config, open_models(config, measure_threads=True), stop)))


def exit_status_of(daemon: Daemon) -> int:
    """Run `daemon` to its end; the exit status."""
    status = DONE if daemon.run() else FAILED
    if daemon.hung:
        # A driver that hangs would also hang the interpreter's own exit (picamera2 closes its cameras there).
        sys.stderr.flush()
        os._exit(status)
    return status
