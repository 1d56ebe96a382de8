"""`edgevision run` that is to end while it still starts."""

import subprocess
import sys

from tests.daemon_process import ROOT

STOPPED = """
from pathlib import Path
from edgevision.cli.run import run_daemon
from edgevision.cli.signals import stop_on_signals
from edgevision.daemon.config_file import ConfigFile
from edgevision.errors import ConfigError

class Ended:
    # The child process had the signal as well, and first.
    def result(self):
        raise ConfigError("the model crashes (SIGTERM)")

stop = stop_on_signals()
stop.make()
run_daemon(Ended(), ConfigFile(Path("any.yaml")), stop)
"""


def test_what_the_end_breaks_is_not_told_as_a_mistake_in_the_configuration() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", STOPPED], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")
