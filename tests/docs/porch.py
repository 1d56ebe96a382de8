"""What the examples in docs/ are of: the device `porch-pi`, its camera `front`, the zone `drive`, a person."""

import shutil
from pathlib import Path
from typing import Any

from tests.mosquitto import Mosquitto

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"
PERSON = ROOT / "edgevision" / "demo" / "pictures" / "astronaut.jpg"
BASE = "edgevision/porch-pi"


def porch(folder: Path, broker: Mosquitto, **source: Any) -> dict[str, Any]:
    """A configuration with six pictures of a person, all of whom is in the zone; `source` says more of the pictures."""
    pictures = folder / "pictures"
    pictures.mkdir(exist_ok=True)
    for number in range(6):
        shutil.copy(PERSON, pictures / f"{number}.jpg")
    drive = {"polygon": [[0, 0], [1, 0], [1, 1], [0, 1]], "labels": ["person"]}
    return {
        "device": "porch-pi",
        "mqtt": {"host": broker.host, "port": broker.port},
        "model": {"threads": 1},
        "cameras": {
            "front": {"source": {"type": "images", "path": str(pictures), **source}, "zones": {"drive": drive}}
        },
    }
