"""The code under test, as a root sees it."""

import shutil
from pathlib import Path

from tests.conftest import SHARED
from tests.system.roots.enter import Bind
from tests.system.roots.recipe import REPOSITORY

INSIDE = "/edgevision"
SHARED_INSIDE = "/shared"  # beside the repository, as it is outside
_LEFT_OUT = (".*", "__pycache__", "*.egg-info", "build", "dist")


def copy_to(folder: Path) -> Path:
    """Copy the working tree into `folder`, which then is a place to import edgevision from, and return it.

    Not the working tree itself: what runs as root in there leaves caches behind.
    """
    shutil.copytree(REPOSITORY, folder, ignore=shutil.ignore_patterns(*_LEFT_OUT), dirs_exist_ok=True)
    return folder


def binds(tree: Path) -> list[Bind]:
    """That copy and, if there is one, the shared folder beside the repository."""
    shared = [Bind(SHARED, SHARED_INSIDE)] if SHARED.is_dir() else []
    return [Bind(tree, INSIDE), *shared]
