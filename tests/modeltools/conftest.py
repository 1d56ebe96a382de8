"""What the tests of the model tools share."""

from collections.abc import Iterator

import pytest

from tests.modeltools.file_server import FileServer, file_server
from tests.modeltools.pulling import FILES


@pytest.fixture
def server() -> Iterator[FileServer]:
    with file_server(dict(FILES)) as running:
        yield running


@pytest.fixture(autouse=True)
def _no_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
