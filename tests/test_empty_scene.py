"""Before an empty scene nothing is sent, and the model hardly ever runs."""

import itertools
import math
import threading
import time

import cv2
import numpy as np

from edgevision.capture.frame import Picture
from edgevision.capture.source import Wanted
from edgevision.daemon.capture_thread import CaptureThread
from edgevision.daemon.frame_queue import FrameQueue
from edgevision.daemon.inference_thread import InferenceThread
from edgevision.daemon.reporter import Reporter
from edgevision.daemon.scene_rules import scene_rules
from edgevision.daemon.threads import SupervisedThread
from edgevision.inference.bundled import bundled_model
from edgevision.inference.model import Model
from edgevision.publish.topics import Topics
from edgevision.scene.scene import Scene
from tests.daemon.cameras import ScriptedSource, a_camera, a_clock
from tests.daemon.publishers import RecordingPublisher
from tests.moving_pictures import background

FRAMES, FPS = 10_000, 10.0


class EmptyYard(ScriptedSource):
    """A yard under a sun that comes and goes within minutes, seen by a sensor with noise; nobody is there."""

    def __init__(self) -> None:
        super().__init__()
        self._yard = background(320, 180).astype(np.float32)
        random = np.random.default_rng(4)
        self._noise = [random.normal(0, 4, self._yard.shape).astype(np.float32) for _ in range(40)]
        self._number = itertools.count()

    def _step(self) -> None:
        pass

    def read(self, wanted: Wanted | None = None) -> Picture | None:
        number = next(self._number)
        if number == FRAMES:
            return None
        light = 1 + 0.3 * math.sin(number / FPS / 240 * 2 * math.pi)
        # The same noise never comes at the same place within the scene.
        noise = np.roll(self._noise[number % 40], number * 7 % 180, axis=0)
        image = cv2.convertScaleAbs(self._yard * np.float32(light) + noise)
        return Picture(np.asarray(image, dtype=np.uint8), clock=number / FPS)


def test_in_10_000_frames_of_noise_and_slow_light_there_is_no_event_and_next_to_no_inference() -> None:
    camera = a_camera(EmptyYard(), motion={"enabled": True})
    queue, dead, publisher = FrameQueue(), list[SupervisedThread](), RecordingPublisher()
    scene = Scene(scene_rules(camera.settings), lambda: "front-1")
    reporter = Reporter(camera, scene, Topics("edgevision", "test"), publisher, 1, ["person"], a_clock())
    inference = InferenceThread(Model(bundled_model("person")), queue, dead.append)
    inference.reporters["front"] = reporter
    inference.start()
    CaptureThread(camera, queue, threading.Event(), lambda: None, dead.append).run()
    while not queue.idle():
        time.sleep(0.001)
    queue.close()
    inference.join(10)
    assert dead == []
    assert camera.counters.captured == FRAMES
    assert 50 < camera.counters.inferred < FRAMES * 0.02
    assert publisher.payloads("front/events") == publisher.payloads("front/detections") == []
