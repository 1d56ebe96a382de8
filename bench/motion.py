"""What the motion gate takes of a frame: microseconds of CPU time, the median.

    python -m bench.motion

Noisy pictures, of 1280x720 and of sizes that lores has, through `small_grey` and then the gate; one OpenCV thread.
First one after the other, as while something moves on a busy machine; then with a rest between them, after which
nothing is in the processor's caches any more, as while nothing moves.
"""

import argparse
import math
import statistics
import time

import cv2
import numpy as np
from numpy.typing import NDArray

from edgevision.capture.small_grey import small_grey
from edgevision.capture.transform import WHOLE
from edgevision.scene.motion import COMPARE_EVERY, MotionGate

SHAPES = ((720, 1280, 3), (360, 640, 3), (300, 300), (256, 256))
"""In blue, green, red as USB cameras give it; the last two as the luma of a Pi camera's lores stream, for SSD MobileNet
and for classifiers of 224 pixels."""


def noisy(shape: tuple[int, ...], count: int = 8) -> list[NDArray[np.uint8]]:
    """Some pictures of that shape, with sensor noise around a grey level."""
    random = np.random.default_rng(1)
    return [np.clip(random.normal(120, 8, shape).astype(np.float32), 0, 255).astype(np.uint8) for _ in range(count)]


def measure(shape: tuple[int, ...], frames: int, rest: float = 0.0) -> tuple[float, float]:
    """CPU seconds a frame of `small_grey` and of the gate, from pictures of that shape, `rest` seconds apart."""
    pictures = noisy(shape)
    gate = MotionGate((), WHOLE)
    shrinking, comparing = [], []
    for number in range(frames):
        time.sleep(rest)
        begun = time.thread_time()
        grey = small_grey(pictures[number % len(pictures)], WHOLE)
        shrunk = time.thread_time()
        gate.passes(grey, number * (rest or 0.1), math.inf)
        shrinking.append(shrunk - begun)
        comparing.append(time.thread_time() - shrunk)
    return statistics.median(shrinking), statistics.median(comparing)


def main() -> None:
    """Print a line for each kind of frame."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--frames", type=int, default=2000)
    parser.add_argument("--rested", type=int, default=40, help=f"frames that come every {COMPARE_EVERY} s")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    for shape in SHAPES:
        name = f"{shape[1]}x{shape[0]} {'BGR' if len(shape) == 3 else 'luma'}"
        for how, frames, rest in (("at once", arguments.frames, 0.0), ("rested", arguments.rested, COMPARE_EVERY)):
            shrinking, comparing = (1e6 * seconds for seconds in measure(shape, frames, rest))
            print(f"{name:12s}  {how:7s}  small_grey {shrinking:4.0f} µs  gate {comparing:4.0f} µs", flush=True)


if __name__ == "__main__":
    main()
