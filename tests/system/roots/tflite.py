"""`tflite`: Debian 12 with Python 3.11, the last one with wheels of tflite-runtime, NumPy 1, a broker, a C compiler."""

from pathlib import Path

from tests.system.roots import debian, pip, requirements
from tests.system.roots.recipe import Recipe, Site

PACKAGES = (
    *("python3", "python3-venv", "libstdc++6", "zlib1g", "mosquitto", "mosquitto-clients"),
    *("gcc", "libc6-dev"),  # the fake Edge TPU is compiled where it runs
)
INTERPRETER = "/venv/bin/python"


def recipe() -> Recipe:
    """Of this root."""
    return Recipe(
        name="tflite",
        build=_build,
        inputs=(Path(__file__), Path(debian.__file__), Path(pip.__file__)),
        requirements=(*requirements.runtime_of_32_bit_arm(), *requirements.testing()),
    )


def _build(site: Site) -> None:
    debian.debootstrap(site, "bookworm", PACKAGES)
    pip.make_environment(site, recipe().requirements)
