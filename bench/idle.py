"""What the daemon takes while nothing moves: its CPU time with the motion gate against that without.

    python -m bench.idle --seconds 30 --rounds 3 --model person --threads 1

Runs `edgevision run` as a process on the stand-in for the Pi camera, 1280x720 at 10 frames a second, with a private
mosquitto. CPU time of all its threads, from /proc, without the start.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.daemon_process import DaemonProcess
from tests.mosquitto import Mosquitto

SETTLE = 5.0
"""Seconds for start and learning the background, which don't count."""


def cpu_seconds(pid: int) -> float:
    """What the threads of a process have had of the processor so far, to the nanosecond (proc(5): schedstat)."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9


def measure(
    gate: bool, picture: str, seconds: float, *, model: Mapping[str, Any] | None = None, threads: int = 1
) -> float:
    """CPU seconds a second of one run; `model` as in the configuration (default: the bundled one)."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Mosquitto(folder / "broker") as broker:
            config: dict[str, Any] = {
                "device": "bench",
                "mqtt": {"host": broker.host, "port": broker.port},
                "model": {**(model or {}), "threads": threads},
                "cameras": {"front": {"source": {"type": "picamera2"}, "motion": {"enabled": gate}}},
            }
            with DaemonProcess(folder, config, {"EDGEVISION_FAKE_CAMERA": picture}) as daemon:
                time.sleep(SETTLE)
                before, started = cpu_seconds(daemon.process.pid), time.monotonic()
                time.sleep(seconds)
                taken = cpu_seconds(daemon.process.pid) - before
                elapsed = time.monotonic() - started
                assert daemon.stop() == 0, daemon.log
    return taken / elapsed


def main() -> None:
    """Print each round, and the median ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--picture", default="edgevision/demo/pictures/chelsea.jpg", help="what the camera shows")
    parser.add_argument("--model", default="person", help="a name, or a .tflite file")
    parser.add_argument("--labels", help="a file of labels, where they are not inside the model's")
    parser.add_argument("--threads", type=int, default=1, help="of the interpreter")
    arguments = parser.parse_args()
    of_file = arguments.model.endswith(".tflite")
    model = {"path" if of_file else "name": arguments.model, "labels": arguments.labels}
    ratios = []
    for number in range(arguments.rounds):
        with_gate, without = (
            measure(gate, arguments.picture, arguments.seconds, model=model, threads=arguments.threads)
            for gate in (True, False)
        )
        ratios.append(with_gate / without)
        print(f"round {number + 1}: gate {with_gate:.4f}, no gate {without:.4f} CPU s/s: {ratios[-1]:.3f}", flush=True)
    print(f"median ratio {statistics.median(ratios):.3f}")


if __name__ == "__main__":
    main()
