"""What holds for all tests of the daemon's parts."""

import pytest


@pytest.fixture(autouse=True)
def cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models leave a core to the thread that reports, however few this machine has."""
    monkeypatch.setattr("edgevision.daemon.inference_thread.cores", lambda: 4)
