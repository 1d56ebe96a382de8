"""What edgevision needs from pip, read from setup.cfg so that it is written down once."""

import configparser

from tests.system.roots.recipe import REPOSITORY

# A root has no use for them: they read the code, or run tests side by side, as the runs in roots already are.
LEFT_OUT = ("mypy", "ruff", "types-", "pytest-xdist")


def runtime() -> tuple[str, ...]:
    """What the daemon needs, with markers for pip to judge."""
    return _lines("options", "install_requires")


def runtime_of_32_bit_arm() -> tuple[str, ...]:
    """What the daemon needs on a 32-bit Pi: tflite-runtime and NumPy 1. Has wheels for other machines, too."""
    chosen = (line.partition(";") for line in runtime())
    return tuple(name.strip() for name, _, marker in chosen if not marker or '== "armv7l"' in marker)


def testing() -> tuple[str, ...]:
    """What its tests need."""
    return tuple(line for line in _lines("options.extras_require", "test") if not line.startswith(LEFT_OUT))


def _lines(section: str, option: str) -> tuple[str, ...]:
    setup = configparser.ConfigParser(interpolation=None)
    setup.read(REPOSITORY / "setup.cfg", encoding="utf-8")
    lines = (line.strip() for line in setup[section][option].splitlines())
    return tuple(line for line in lines if line and not line.startswith("#"))
