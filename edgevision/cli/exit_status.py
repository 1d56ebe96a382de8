"""What the process tells its caller, and how errors become that."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from edgevision.errors import ConfigError, EdgeVisionError, ModelError

DONE = 0
FAILED = 1
WRONG_CONFIGURATION = 78
"""EX_CONFIG of sysexits.h: systemd is told not to restart on it."""


@contextmanager
def errors_to_exit_status() -> Iterator[None]:
    """Print the errors that edgevision raises on purpose as they are, without a traceback, and exit."""
    try:
        yield
    except (ConfigError, ModelError) as error:
        print(error, file=sys.stderr)
        sys.exit(WRONG_CONFIGURATION)
    except EdgeVisionError as error:
        print(f"edgevision: {error}", file=sys.stderr)
        sys.exit(FAILED)
    except KeyboardInterrupt:
        # Asked to stop before there was anything to stop in order.
        sys.exit(DONE)
