"""Whether hours of a looped clip have as many events as loops times the clip's truth.

    python -m bench.looped_clip --hours 8

Runs `edgevision run` as a process, with a private mosquitto, on a clip in which three people walk through, two of them
crossing; as fast as it can, the clip's own clock counts. Prints starts and ends against the truth.
"""

import argparse
import json
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.daemon_process import DaemonProcess
from tests.mosquitto import Mosquitto, Received
from tests.moving_pictures import Walker, frames, somebody, walk, write_clip
from tests.test_main_job import BASE, configuration

FPS, SECONDS, PEOPLE = 5.0, 12.0, 3
EVENTS, DETECTIONS = f"{BASE}/front/events", f"{BASE}/front/detections"


def main() -> None:
    """Print how many came and went, and how many should have."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--hours", type=float, default=8.0, help="of the clip's own time")
    arguments = parser.parse_args()
    loops = round(arguments.hours * 3600 / SECONDS)
    walkers = [
        Walker(somebody(150), walk(0.5, 4.0, [(90, 200), (550, 200)])),
        Walker(somebody(190), walk(0.9, 4.0, [(550, 355), (90, 355)])),
        Walker(somebody(190), walk(6.0, 3.0, [(90, 350), (550, 350)])),
    ]
    with tempfile.TemporaryDirectory() as name, Mosquitto(Path(name) / "broker") as broker:
        clip = Path(name) / "clip.avi"
        write_clip(clip, frames(walkers, SECONDS, FPS), FPS)
        camera = {"source": {"type": "video", "path": str(clip), "loop": True}, "publish": "changes"}
        subscriber = broker.subscribe(EVENTS, DETECTIONS)
        with DaemonProcess(Path(name), configuration(broker, front=camera)) as daemon:
            started = time.monotonic()
            while not (whole := until(subscriber.messages, loops * round(SECONDS * FPS))):
                assert daemon.process.poll() is None, daemon.log
                time.sleep(2)
            elapsed = time.monotonic() - started
            assert daemon.stop() == 0, daemon.log
    types = Counter(json.loads(one.payload)["type"] for one in whole if one.topic == EVENTS)
    print(f"{loops} loops in {elapsed:.0f} s: {types['start']} starts, {types['end']} ends; truth {loops * PEOPLE}")


def until(messages: list[Received], frame: int) -> list[Received]:
    """The messages before the first of that frame or a later one; none while that has not come."""
    for place, one in enumerate(messages):
        if one.topic == DETECTIONS and int(json.loads(one.payload)["seq"]) >= frame:
            return messages[:place]
    return []


if __name__ == "__main__":
    main()
