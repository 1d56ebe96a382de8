"""The command `edgevision`."""

import faulthandler
import io
import os
import sys
from pathlib import Path

from edgevision.cli.exit_status import failing_output_to_exit_status
from edgevision.cli.plain_run import plain_run, start

_ENVIRONMENT = {
    # Our matrices are small: a thread a core would only wait busily for the others, from NumPy's import on.
    "OPENBLAS_NUM_THREADS": "1",
    # Or pydantic looks into every installed package for extensions, of which we use none.
    "PYDANTIC_DISABLE_PLUGINS": "__all__",
}
"""What libraries read when they are imported, here and in child processes, unless the user has set it."""


def main() -> None:
    """Entry point of the console script."""
    # Closed by the caller (2>&-): there is nobody to tell, but that is no reason to fail.
    sys.stdout = sys.stdout or Path(os.devnull).open("w", errors="replace")  # noqa: SIM115  # until the process ends
    sys.stderr = sys.stderr or Path(os.devnull).open("w", errors="replace")  # noqa: SIM115
    # Where each thread was is shown when native code crashes, and when systemd's watchdog ends us (SIGABRT).
    if sys.__stderr__ is not None:
        faulthandler.enable(sys.__stderr__)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A path or label that the terminal's encoding lacks is shown escaped.
        sys.stdout.reconfigure(errors="backslashreplace")
    os.environ.update({**_ENVIRONMENT, **os.environ})
    with failing_output_to_exit_status():
        config = plain_run(sys.argv[1:])
        if config is not None:
            start(config)
        else:
            from edgevision.cli.commands import app

            app()
