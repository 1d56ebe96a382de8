"""What the machine that runs the system tests must have, and how it gets it."""

import os
import shutil
import subprocess

from tests.system.roots.recipe import locked

COMMANDS = {
    "mmdebstrap": "mmdebstrap",
    "unshare": "util-linux",
    "ip": "iproute2",
    "qemu-aarch64-static": "qemu-user-static",
    "systemd-nspawn": "systemd-container",
}
"""Command, and the Debian package that has it. (mosquitto is tests/bring-programs.sh's to bring.)"""

# chroot and mosquitto live in /usr/sbin, which is not on everybody's PATH.
PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"


class MissingError(RuntimeError):
    """This machine can't run the system tests; the message says what to do."""


def prepare() -> None:
    """Install what is missing. Raises MissingError where that can't be done."""
    if os.geteuid() != 0:
        raise MissingError("the system tests make Debian roots and mount them, which takes root: run them with sudo")
    with locked("apt"):
        missing = sorted({package for command, package in COMMANDS.items() if find(command) is None})
        if missing:
            _install(missing)
    os.environ["PATH"] = PATH


def find(command: str) -> str | None:
    """Where `command` is, None if it isn't installed."""
    return shutil.which(command, path=PATH)


def _install(packages: list[str]) -> None:
    advice = f"the system tests need {', '.join(packages)}: apt-get install {' '.join(packages)}"
    if find("apt-get") is None:
        raise MissingError(f"{advice} (there is no apt-get here: install them your system's way)")
    print(f"system tests: installing {', '.join(packages)}", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "-qq", "update"], ["apt-get", "-qq", "install", "--no-install-recommends", *packages]):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise MissingError(f"{advice} (apt-get said: {done.stderr.strip() or done.stdout.strip()})")
