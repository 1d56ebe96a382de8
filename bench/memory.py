"""Whether the daemon's memory stays flat: its resident set after 500 frames and after 10,000.

    python -m bench.memory --model ../shared/models/mobilenet_v1_0.25_128_quant.tflite \\
        --pictures ../shared/images/photos

Runs `edgevision run` as a process, with a private mosquitto, on pictures in a loop, every frame published.
"""

import argparse
import json
import statistics
import tempfile
import time
from functools import partial
from pathlib import Path

from edgevision.daemon.health import resident_memory
from tests.daemon_process import DaemonProcess
from tests.mosquitto import Mosquitto, Received

MARKS = (500, 2_000, 5_000, 10_000)


def median_resident_memory(statm: Path, samples: int = 50, pause: float = 0.01) -> float:
    """Bytes; the median of some samples, for pictures of different sizes come and go."""
    sizes = []
    for _ in range(samples):
        sizes.append(resident_memory(statm))
        time.sleep(pause)
    return statistics.median(sizes)


def has_published(frames: int, messages: list[Received]) -> bool:
    """Whether the newest message is of the frame of that number, counted from 1, or a later one."""
    return bool(messages) and int(json.loads(messages[-1].payload)["seq"]) + 1 >= frames


def main() -> None:
    """Print the resident set at each mark, and by how much it grew from the first to the last."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--model", type=Path, required=True, help="a .tflite file")
    parser.add_argument("--labels", type=Path, help="its labels, if they are not inside or beside it")
    parser.add_argument("--pictures", type=Path, required=True, help="a folder of pictures")
    arguments = parser.parse_args()
    model = {"path": str(arguments.model.absolute()), "threshold": 0.1}
    if arguments.labels:
        model["labels"] = str(arguments.labels.absolute())
    source = {"type": "images", "path": str(arguments.pictures.absolute()), "loop": True}
    with tempfile.TemporaryDirectory() as name, Mosquitto(Path(name) / "broker") as broker:
        subscriber = broker.subscribe("edgevision/bench/loop/detections")
        config = {
            "device": "bench",
            "mqtt": {"host": broker.host, "port": broker.port},
            "model": model,
            "cameras": {"loop": {"source": source, "publish": "all"}},
        }
        sizes = []
        with DaemonProcess(Path(name), config) as daemon:
            statm = Path(f"/proc/{daemon.process.pid}/statm")
            for mark in MARKS:
                subscriber.wait_for(partial(has_published, mark), f"{mark} frames", timeout=3600)
                sizes.append(median_resident_memory(statm) / 1e6)
                print(f"{mark:6d} frames  {sizes[-1]:7.1f} MB", flush=True)
            daemon.stop()
    print(f"grown by {sizes[-1] - sizes[0]:.1f} MB")


if __name__ == "__main__":
    main()
