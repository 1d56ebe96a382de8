"""`home_assistant`: Debian 13, whose Python 3.13 Home Assistant needs, and Home Assistant's core."""

from pathlib import Path

from tests.system.roots import debian, pip
from tests.system.roots.recipe import Recipe, Site

PACKAGES = ("python3", "python3-venv", "libstdc++6", "zlib1g")
REQUIREMENTS = Path(__file__).parents[1] / "home_assistant/requirements.txt"
INTERPRETER = "/venv/bin/python"


def recipe() -> Recipe:
    """Of this root."""
    listed = (line for line in REQUIREMENTS.read_text().split("\n") if line and not line.startswith("#"))
    return Recipe(
        name="home_assistant",
        build=_build,
        inputs=tuple(map(Path, (__file__, debian.__file__, pip.__file__))),
        # The list is complete, and leaves out most of what Home Assistant says that it needs.
        requirements=("--no-deps", "--only-binary=:all:", *listed),
    )


def _build(site: Site) -> None:
    debian.debootstrap(site, "trixie", PACKAGES)
    pip.make_environment(site, recipe().requirements)
