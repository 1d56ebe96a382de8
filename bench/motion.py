"""What the motion gate takes of a frame: microseconds, the median.

    python -m bench.motion

Noisy pictures, of 1280x720 and of the size of lores, through `small_grey` and then the gate; one OpenCV thread.
"""

import argparse
import statistics
import time

import cv2
import numpy as np

from edgevision.capture.frame import BgrImage
from edgevision.capture.small_grey import small_grey
from edgevision.capture.transform import WHOLE
from edgevision.scene.motion import MotionGate

WIDTH, HEIGHT = 1280, 720


def noisy(level: int, count: int = 8) -> list[BgrImage]:
    """Some pictures (height, width, 3) of sensor noise around a grey level."""
    random = np.random.default_rng(1)
    return [
        np.clip(random.normal(level, 8, (HEIGHT, WIDTH, 3)).astype(np.float32), 0, 255).astype(np.uint8)
        for _ in range(count)
    ]


def measure(size: tuple[int, int], frames: int) -> tuple[float, float]:
    """Seconds a frame of `small_grey` and of the gate, from pictures of that (width, height)."""
    pictures = [np.asarray(cv2.resize(image, size), dtype=np.uint8) for image in noisy(120)]
    gate = MotionGate((), WHOLE)
    shrinking, comparing = [], []
    for number in range(frames):
        begun = time.perf_counter()
        grey = small_grey(pictures[number % len(pictures)], WHOLE)
        shrunk = time.perf_counter()
        gate.passes(grey, number / 10, wanted=False)
        shrinking.append(shrunk - begun)
        comparing.append(time.perf_counter() - shrunk)
    return statistics.median(shrinking), statistics.median(comparing)


def main() -> None:
    """Print a line for each kind of frame."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--frames", type=int, default=2000)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    for width, height in ((WIDTH, HEIGHT), (640, 360), (320, 180)):
        shrinking, comparing = (1e6 * seconds for seconds in measure((width, height), arguments.frames))
        print(f"{width:4d}x{height}  small_grey {shrinking:4.0f} µs  gate {comparing:4.0f} µs")


if __name__ == "__main__":
    main()
