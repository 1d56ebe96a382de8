"""`edgevision run`, as far as it must not wait: without what only help, mistakes and the other commands need."""

import gc
from pathlib import Path

from edgevision.cli.exit_status import DONE, errors_to_exit_status
from edgevision.config.defaults import DEFAULT_CONFIG
from edgevision.config.reading import Reading
from edgevision.daemon.config_file import ConfigFile

_FOR_OTHERS = ("ssl", "hashlib", "urllib.request", "uuid", "subprocess")
"""What paho imports for TLS, WebSockets, proxies and clients without a name: OpenSSL alone takes 6 MB. The last is for
models that aren't known yet."""


def plain_run(arguments: list[str]) -> Path | None:
    """The configuration where the command line is a plain `run [-c FILE]`; anything else is read by Typer."""
    match arguments:
        case ["run"]:
            return DEFAULT_CONFIG
        case ["run", "-c" | "--config", file] if file and not file.startswith("-"):
            return Path(file)
    return None


def start(config: Path) -> None:
    """Run the daemon until it ends; exits with its status."""
    # First of all: a SIGTERM is heeded while the rest is imported, too.
    from edgevision.cli.signals import reload_on_hangup, stop_on_signals

    stop = stop_on_signals()
    reload_on_hangup(stop)
    # What is imported stays: there is nothing to collect until the start is done.
    gc.disable()
    with errors_to_exit_status(interrupted=DONE):
        file = ConfigFile(config)
        reading = Reading(config, at_start=True)
        # Meanwhile:
        from edgevision.allocator import share_memory
        from edgevision.deferred import defer

        share_memory()
        defer(*_FOR_OTHERS)
        from edgevision.cli.run import run_daemon

        run_daemon(reading, file, stop)
