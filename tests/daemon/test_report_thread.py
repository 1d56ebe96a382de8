"""What is found is told in order, while the model is at the next frame, and nothing of it is lost at the end."""

import threading
from collections.abc import Iterator
from typing import cast

import numpy as np
import pytest

from edgevision.capture.frame import Frame
from edgevision.capture.transform import WHOLE
from edgevision.daemon.report_thread import Finding, ReportThread
from edgevision.daemon.reporter import Reporter
from edgevision.daemon.scene_rules import scene_rules
from edgevision.daemon.threads import SupervisedThread
from edgevision.inference.model import Inference
from edgevision.scene.scene import Scene
from tests.daemon.cameras import Found, a_camera


def a_frame(seq: int) -> Frame:
    return Frame("front", seq, 0.0, 0.0, 0.0, np.zeros((2, 2, 3), np.uint8))


class Slow:
    """In a reporter's place: does not come back from a frame until it `may`."""

    def __init__(self) -> None:
        self.camera = a_camera()
        self.scene = Scene(scene_rules(self.camera.settings), lambda: "track")
        self.may, self.at_work, self.told = threading.Event(), threading.Event(), list[int]()

    def inferred(self, frame: Frame, _: Inference) -> None:
        self.at_work.set()
        assert self.may.wait(20)
        if frame.seq < 0:
            raise ValueError("a frame that can't be told of")
        self.told.append(frame.seq)


def a_finding(reporter: Slow, seq: int) -> Finding:
    return Finding(cast(Reporter, reporter), a_frame(seq), WHOLE, Found([]), 0.25)


@pytest.fixture
def slow() -> Slow:
    return Slow()


@pytest.fixture
def dead() -> list[SupervisedThread]:
    return []


@pytest.fixture
def reports(slow: Slow, dead: list[SupervisedThread]) -> Iterator[ReportThread]:
    thread = ReportThread("report", dead.append)
    thread.start()
    yield thread
    slow.may.set()
    thread.end()


def test_whoever_hands_over_goes_on_while_it_is_told(reports: ReportThread, slow: Slow) -> None:
    reports.report(a_finding(slow, 0))
    assert slow.at_work.wait(20)
    assert reports.busy
    assert slow.told == []


def test_all_is_told_in_order_before_it_is_finished(reports: ReportThread, slow: Slow) -> None:
    slow.may.set()
    for seq in range(50):
        reports.report(a_finding(slow, seq))
    reports.finish()
    assert slow.told == list(range(50))
    assert not reports.busy


def test_a_frame_is_not_held_on_to_when_it_has_been_told(reports: ReportThread, slow: Slow) -> None:
    slow.may.set()
    let_go = threading.Event()

    class Watched(Found):
        def __del__(self) -> None:
            let_go.set()

    reports.report(Finding(cast(Reporter, slow), a_frame(0), WHOLE, Watched([]), 0.25))
    reports.finish()
    assert let_go.is_set()


def test_one_that_has_died_is_reported_and_keeps_nobody_waiting(
    reports: ReportThread, slow: Slow, dead: list[SupervisedThread], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgevision.daemon.report_thread._LOOK", 0.01)
    slow.may.set()
    reports.report(a_finding(slow, -1))
    reports.join(20)
    assert dead == [reports]
    for seq in range(3):
        reports.report(a_finding(slow, seq))
    reports.finish()
    assert slow.told == []


def test_it_ends_once_all_that_was_handed_over_is_told(slow: Slow, dead: list[SupervisedThread]) -> None:
    thread = ReportThread("report", dead.append)
    thread.start()
    thread.report(a_finding(slow, 0))
    assert slow.at_work.wait(20)
    threading.Timer(0.1, slow.may.set).start()
    thread.end()
    assert slow.told == [0]
    assert not thread.is_alive()
    assert not thread.busy
