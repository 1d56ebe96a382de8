"""A model file's checksum."""

import hashlib
import sys

import pytest

from edgevision.inference.model_file import sha256_of


@pytest.mark.parametrize("lacking", [(), ("_sha2", "_sha256")], ids=["as here", "without Python's own"])
def test_the_checksum_is_the_one_that_everybody_computes(
    lacking: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in lacking:
        monkeypatch.setitem(sys.modules, name, None)
    for content in (b"", b"TFL3", bytes(1_000_000)):
        assert sha256_of(content) == hashlib.sha256(content).hexdigest()
