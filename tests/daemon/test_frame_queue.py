"""Live sources: the newest frame wins. Finite sources: every frame. Cameras are served in turn."""

import threading

import numpy as np

from edgevision.capture.frame import Frame
from edgevision.daemon.frame_queue import FrameQueue, NoPicture
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


def test_cameras_are_served_in_turn_however_fast_one_is() -> None:
    queue = FrameQueue()
    queue.put_newest(frame("slow", 0))
    for seq in range(5):
        queue.put_newest(frame("fast", seq))
    assert taken(queue) == ("slow", 0)
    queue.put_newest(frame("slow", 1))
    queue.put_newest(frame("fast", 5))
    assert [taken(queue), taken(queue)] == [("fast", 5), ("slow", 1)]


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
