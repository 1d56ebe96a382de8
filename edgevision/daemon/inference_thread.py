"""One thread a model in use: takes its cameras' frames in turn, runs the model, hands over what it finds."""

from collections.abc import Callable
from dataclasses import replace

from edgevision.capture.frame import Frame
from edgevision.capture.transform import WHOLE, Region, model_view
from edgevision.daemon.frame_queue import Errand, FrameQueue, NoPicture
from edgevision.daemon.prepared_frame import PreparedFrame
from edgevision.daemon.report_thread import ReportThread
from edgevision.daemon.reporter import Reporter
from edgevision.daemon.threads import SupervisedThread
from edgevision.inference.accelerated import AcceleratedModel
from edgevision.inference.detect import within
from edgevision.inference.model import Inference, Model

LONGEST = 30.0
"""Seconds for one frame, and what is told of it. An accelerator that hangs is given up, and the CPU asked, in ten."""


class InferenceThread(SupervisedThread):
    """Runs one model, which belongs to this thread alone, on the frames of `queue`.

    While it is at one frame, another thread reports the one before.
    """

    def __init__(
        self,
        model: Model | AcceleratedModel,
        queue: FrameQueue,
        on_death: Callable[[SupervisedThread], None],
    ) -> None:
        super().__init__(f"inference {model.info.path.stem}", on_death)
        self.model = model
        self.reporters: dict[str, Reporter] = {}
        """One for each of the model's cameras; belongs to this thread while it lives (`FrameQueue.send`)."""
        self._queue = queue
        self._reports = ReportThread(f"report {model.info.path.stem}", on_death)

    @property
    def reporting(self) -> bool:
        """Whether a frame that was taken from the queue is being reported."""
        return self._reports.busy

    def work(self) -> None:
        """Until the queue is closed."""
        self._reports.start()
        try:
            while (taken := self._queue.take()) is not None:
                with self.heartbeat.within(LONGEST, "at one frame"):
                    if isinstance(taken, Errand):
                        self._reports.finish()
                        taken.do()
                    elif (reporter := self.reporters.get(taken.camera)) is not None:  # else it has been taken away
                        self._attend(taken, reporter)
                del taken  # a camera has few buffers
        finally:
            self._reports.end()

    def _attend(self, taken: Frame | PreparedFrame | NoPicture, reporter: Reporter) -> None:
        controls = reporter.camera.controls
        if controls.leave_wanted:
            controls.leave_wanted = False
            self._reports.finish()
            reporter.leave(taken.moment.time if isinstance(taken, NoPicture) else _frame(taken).time)
        if isinstance(taken, NoPicture):
            self._reports.finish()
            if taken.over or not controls.detect:
                reporter.leave(taken.moment.time)
            else:
                reporter.no_picture(taken.moment)
        elif controls.detect:
            inference = self._infer(taken, reporter)
            self._reports.report(reporter, _frame(taken), inference)
        else:
            self._reports.finish()
            reporter.unlooked(_frame(taken))

    def _infer(self, taken: Frame | PreparedFrame, reporter: Reporter) -> Inference:
        camera = reporter.camera
        # What is below the threshold isn't reported, but the scene follows things with it.
        least, most = reporter.scene.least(camera.controls.threshold), camera.model.max_detections
        if isinstance(taken, Frame):
            inference = infer(self.model, taken, least, most)
        else:
            inference = self.model.run_prepared(taken.input, threshold=least, max_detections=most)
            inference = _in_frame(inference, taken.view)
        with camera.counters.lock:
            camera.counters.inferred += 1
            camera.counters.inference_ms.append(inference.seconds * 1000)
        return inference


def infer(model: Model | AcceleratedModel, frame: Frame, threshold: float, max_detections: int) -> Inference:
    """What the model says of the part of `frame` that it is to see, its boxes in fractions of all of it."""
    taken = model.info.input
    view, region = model_view(frame, taken.width, taken.height)
    return _in_frame(model.run(view, threshold=threshold, max_detections=max_detections), region)


def _frame(taken: Frame | PreparedFrame) -> Frame:
    return taken if isinstance(taken, Frame) else taken.frame


def _in_frame(inference: Inference, view: Region) -> Inference:
    """With its boxes, in fractions of `view`, as fractions of the whole frame."""
    if view == WHOLE:
        return inference
    return replace(
        inference,
        detections=[
            replace(found, box=within(found.box, view)) if found.box else found for found in inference.detections
        ],
    )
