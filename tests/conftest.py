"""What all tests share."""

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("EDGEVISION_SHARED", Path(__file__).parents[2] / "shared"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of models and pictures for tests, which isn't part of the repository."""
    if not SHARED.is_dir():
        reason = f"the folder of test models and pictures is not here: {SHARED}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return SHARED


@pytest.fixture(scope="session")
def models(shared: Path) -> Path:
    """Real quantized MobileNets."""
    return shared / "models"


@pytest.fixture(scope="session")
def photos(shared: Path) -> Path:
    """Nine photos of things that MobileNets know."""
    return shared / "images" / "photos"
