"""`tensorflow`: the recipe's own environment on this machine, to make models with. No root, but kept like one."""

import sys
from pathlib import Path

from tests.system.roots.recipe import REPOSITORY, Recipe, Site

REQUIREMENTS = REPOSITORY / "models/recipe/requirements.txt"
INTERPRETER = "bin/python"


def recipe() -> Recipe:
    """Of this environment."""
    return Recipe(name="tensorflow", build=_build, inputs=(Path(__file__), REQUIREMENTS), requirements=())


def _build(site: Site) -> None:
    site.run("an environment", [sys.executable, "-m", "venv", str(site.root)])
    install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(REQUIREMENTS)]
    site.run("pip install", [str(site.root / INTERPRETER), *install])
