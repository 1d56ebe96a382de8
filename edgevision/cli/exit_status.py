"""What the process tells its caller, and how errors become that."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from edgevision.errors import ConfigError, EdgeVisionError, ModelError

DONE = 0
FAILED = 1
WRONG_CONFIGURATION = 78
"""EX_CONFIG of sysexits.h: systemd is told not to restart on it."""


@contextmanager
def errors_to_exit_status(interrupted: int = FAILED) -> Iterator[None]:
    """Print the errors that edgevision raises on purpose as they are, without a traceback, and exit.

    `interrupted` is the status after Ctrl-C: DONE for what runs until then, FAILED for what was to come to an end.
    """
    try:
        yield
    except (ConfigError, ModelError) as error:
        print(error, file=sys.stderr)
        sys.exit(WRONG_CONFIGURATION)
    except EdgeVisionError as error:
        print(f"edgevision: {error}", file=sys.stderr)
        sys.exit(FAILED)
    except KeyboardInterrupt:
        sys.exit(interrupted)


@contextmanager
def failing_output_to_exit_status() -> Iterator[None]:
    """Exit when standard output can't be written: without a word where nobody reads on (`| head`), else saying so."""
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except OSError as error:
        if error.errno not in (errno.EPIPE, errno.ENOSPC, errno.EIO):
            raise
        # What is still in the buffer has nowhere to go either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        if error.errno != errno.EPIPE:
            print(f"edgevision: standard output can't be written ({error.strerror})", file=sys.stderr)
        sys.exit(FAILED)
