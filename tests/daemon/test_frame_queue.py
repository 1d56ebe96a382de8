"""Live sources: the newest frame wins. Finite sources: every frame. Cameras are served in turn."""

import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from random import Random

import numpy as np
import pytest

from edgevision.capture.frame import Frame
from edgevision.capture.transform import WHOLE
from edgevision.daemon.frame_queue import Errand, FrameQueue, NoPicture
from edgevision.daemon.prepared_frame import PreparedFrame
from edgevision.inference.prepared import Prepared
from edgevision.scene.moment import Moment

IMAGE = np.zeros((2, 2, 3), np.uint8)


def frame(camera: str, seq: int) -> Frame:
    return Frame(camera, seq, 0.0, 0.0, 0.0, IMAGE)


def taken(queue: FrameQueue) -> tuple[str, int]:
    got = queue.take()
    assert isinstance(got, Frame)
    return got.camera, got.seq


def test_of_a_live_source_the_newest_frame_wins_and_the_dropped_are_told() -> None:
    queue = FrameQueue()
    assert [queue.put_newest(frame("a", seq)) for seq in range(3)] == [False, True, True]
    assert taken(queue) == ("a", 2)


def test_frames_that_are_ready_count_as_dropped_too() -> None:
    queue = FrameQueue()
    ready = [PreparedFrame(frame("a", seq), Prepared(IMAGE, WHOLE, deque()), WHOLE) for seq in range(2)]
    assert [queue.put_newest(one) for one in ready] == [False, True]
    assert queue.put_newest(NoPicture("a", Moment(0.0, 0.0), over=True))
    assert not queue.put_newest(ready[0])


def test_cameras_are_served_in_turn_however_fast_one_is() -> None:
    queue = FrameQueue()
    queue.put_newest(frame("slow", 0))
    for seq in range(5):
        queue.put_newest(frame("fast", seq))
    assert taken(queue) == ("slow", 0)
    queue.put_newest(frame("slow", 1))
    queue.put_newest(frame("fast", 5))
    assert [taken(queue), taken(queue)] == [("fast", 5), ("slow", 1)]


def test_a_camera_whose_frame_comes_late_has_its_turn_before_those_that_had_theirs_after_it() -> None:
    queue = FrameQueue()
    for camera in "abc":
        queue.put_newest(frame(camera, 0))
    assert [taken(queue), taken(queue)] == [("a", 0), ("b", 0)]
    queue.put_newest(frame("b", 1))
    queue.put_newest(frame("a", 1))
    assert [taken(queue) for _ in "abc"] == [("c", 0), ("a", 1), ("b", 1)]


def test_of_a_finite_source_every_frame_arrives_in_order() -> None:
    queue = FrameQueue()
    got: list[int] = []

    def consume() -> None:
        while isinstance(one := queue.take(), Frame):
            got.append(one.seq)

    consumer = threading.Thread(target=consume)
    consumer.start()
    assert all(queue.put_when_free(frame("a", seq)) for seq in range(200))
    while not queue.idle():
        pass
    queue.close()
    consumer.join(10)
    assert got == list(range(200))


def test_a_frame_in_work_is_not_idle() -> None:
    queue = FrameQueue()
    assert queue.idle()
    queue.put_newest(frame("a", 0))
    assert not queue.idle()
    taken(queue)
    assert not queue.idle()


def test_an_errand_in_work_is_not_idle_and_one_that_waits_is_done_before_the_end() -> None:
    queue, done = FrameQueue(), list[int]()
    for number in range(2):
        queue.send(partial(done.append, number))
    queue.close()
    while isinstance(errand := queue.take(), Errand):
        assert not queue.idle()
        errand.do()
    assert done == [0, 1]
    assert queue.idle()


def test_the_place_of_a_frame_that_is_forgotten_is_free_for_whoever_waits_for_it() -> None:
    queue = FrameQueue()
    queue.put_newest(frame("a", 0))
    waiting = threading.Thread(target=queue.put_when_free, args=(frame("a", 1),), daemon=True)
    waiting.start()
    waiting.join(0.1)  # it waits by now
    queue.forget("a")
    waiting.join(20)
    assert not waiting.is_alive()
    assert taken(queue) == ("a", 1)


@pytest.mark.parametrize("what", ["newest", "when free", "wake", "errand"])
def test_whoever_waits_to_take_is_woken_by_all_there_is_to_take(what: str) -> None:
    queue = FrameQueue()
    taker = threading.Thread(target=queue.take, daemon=True)
    taker.start()
    taker.join(0.1)  # it waits by now
    if what == "newest":
        queue.put_newest(frame("a", 0))
    elif what == "when free":
        queue.put_when_free(frame("a", 0))
    elif what == "wake":
        queue.wake(NoPicture("a", Moment(0.0, 0.0), over=True))
    else:
        queue.send(lambda: None)
    taker.join(20)
    assert not taker.is_alive()


def test_a_place_that_gets_free_is_taken_by_its_own_camera_though_others_wait_longer() -> None:
    queue = FrameQueue()
    waiting = []
    for camera in "ab":
        queue.put_newest(frame(camera, 0))
    for camera in "ba":
        waiting.append(threading.Thread(target=queue.put_when_free, args=(frame(camera, 1),), daemon=True))
        waiting[-1].start()
        waiting[-1].join(0.1)  # it waits by now
    assert taken(queue) == ("a", 0)
    waiting[1].join(20)
    assert not waiting[1].is_alive()
    queue.close()


def test_closing_lets_everybody_go() -> None:
    queue = FrameQueue()
    queue.put_newest(frame("a", 0))
    results: list[object] = []
    waiting = threading.Thread(target=lambda: results.append(queue.put_when_free(frame("a", 1))))
    waiting.start()
    queue.close()
    waiting.join(10)
    assert results == [False]
    assert queue.take() is None


def test_waking_the_thread_takes_nothing_from_it_and_is_no_dropped_frame() -> None:
    queue, notice = FrameQueue(), NoPicture("a", Moment(0.0, 0.0), over=True)
    queue.put_newest(frame("a", 1))
    queue.wake(notice)
    assert taken(queue) == ("a", 1)
    queue.wake(notice)
    assert not queue.put_newest(frame("a", 2))
    assert taken(queue) == ("a", 2)
    queue.wake(notice)
    assert queue.take() is notice


class Meeting:
    """A queue that many threads meet at: two live cameras, three of which every frame counts, and errands."""

    FRAMES = 150

    def __init__(self, seed: int) -> None:
        self.queue = FrameQueue()
        self.got: dict[str, list[int]] = {}
        self.dropped: dict[str, int] = {}
        self.errands: list[int] = []
        work: list[Callable[[Random], None]] = [partial(self._live, f"live{n}") for n in range(2)]
        work += [*(partial(self._whole, f"whole{n}") for n in range(3)), self._send]
        self.feeders = [
            threading.Thread(target=feed, args=(Random(seed * 10 + number),), daemon=True)
            for number, feed in enumerate(work)
        ]
        self.taker = threading.Thread(target=self._take, args=(Random(seed),), daemon=True)

    def begin(self) -> None:
        for thread in (*self.feeders, self.taker):
            thread.start()

    def _live(self, camera: str, random: Random) -> None:
        self.dropped[camera] = 0
        for seq in range(self.FRAMES):
            self.dropped[camera] += self.queue.put_newest(frame(camera, seq))
            dawdle(random)

    def _whole(self, camera: str, random: Random) -> None:
        for seq in range(self.FRAMES):
            if not self.queue.put_when_free(frame(camera, seq)):
                return
            dawdle(random)

    def _send(self, random: Random) -> None:
        for number in range(self.FRAMES):
            self.queue.send(partial(self.errands.append, number))
            self.queue.wake(NoPicture("nobody", Moment(0.0, 0.0), over=False))
            dawdle(random)

    def _take(self, random: Random) -> None:
        while (taken := self.queue.take()) is not None:
            if isinstance(taken, Errand):
                taken.do()
            elif isinstance(taken, Frame):
                self.got.setdefault(taken.camera, []).append(taken.seq)
            dawdle(random)


def dawdle(random: Random) -> None:
    """Be sometimes slower and sometimes faster than the others."""
    if random.random() < 0.3:
        time.sleep(random.choice((0.0, 0.0, 0.0002, 0.001)))


@pytest.fixture
def restless() -> Iterator[None]:
    """Threads take turns as often as they can, so that they meet at every line."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("restless")
@pytest.mark.parametrize("seed", range(3))
def test_however_the_threads_meet_nothing_is_lost_and_nobody_waits_for_ever(seed: int) -> None:
    meeting = Meeting(seed)
    meeting.begin()
    for thread in meeting.feeders:
        thread.join(60)
        assert not thread.is_alive()
    while not meeting.queue.idle():
        time.sleep(0.001)
    meeting.queue.close()
    meeting.taker.join(60)
    assert not meeting.taker.is_alive()
    assert meeting.errands == list(range(Meeting.FRAMES))
    for number in range(3):
        assert meeting.got[f"whole{number}"] == list(range(Meeting.FRAMES))
    for camera, dropped in meeting.dropped.items():
        assert meeting.got[camera] == sorted(set(meeting.got[camera]))
        assert meeting.got[camera][-1] == Meeting.FRAMES - 1
        assert len(meeting.got[camera]) + dropped == Meeting.FRAMES


@pytest.mark.usefixtures("restless")
@pytest.mark.parametrize("seed", range(20))
def test_whenever_it_is_closed_everybody_goes(seed: int) -> None:
    meeting = Meeting(seed)
    meeting.begin()
    time.sleep(Random(seed).random() * 0.02)
    meeting.queue.close()
    for thread in (*meeting.feeders, meeting.taker):
        thread.join(60)
        assert not thread.is_alive()
