"""One thread a model in use: takes its cameras' frames in turn, runs the model, hands over what it finds."""

from collections.abc import Callable

from edgevision.capture.frame import Frame
from edgevision.capture.transform import model_view
from edgevision.daemon.frame_queue import Errand, FrameQueue, NoPicture
from edgevision.daemon.prepared_frame import PreparedFrame, in_frame, prepare
from edgevision.daemon.report_thread import Finding, ReportThread
from edgevision.daemon.reporter import Reporter
from edgevision.daemon.threads import SupervisedThread
from edgevision.inference.accelerated import AcceleratedModel
from edgevision.inference.model import Inference, Model
from edgevision.inference.threads import cores

LONGEST = 30.0
"""Seconds for one frame. An accelerator that hangs is given up, and the CPU asked, in ten."""


class InferenceThread(SupervisedThread):
    """Runs one model, which belongs to this thread alone, on the frames of `queue`.

    While it is at one frame, another thread reports the one before, if that is worth a thread's waking.
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
        self._preparer = model.preparer()
        # Where it leaves no core, the model's own threads have to wait for each other meanwhile. That takes less time
        # than telling what a detector has found, and following it, and more than telling a classifier's labels.
        self._aside = model.info.threads < cores() or model.info.task == "detect"
        self._reports = ReportThread(f"report {model.info.path.stem}", on_death)

    @property
    def done(self) -> bool:
        """Whether it has ended in order, so that its reporters are whole, and anybody's now."""
        return not (self.is_alive() or self.died or self._reports.died)

    @property
    def held_up_by(self) -> SupervisedThread:
        """Itself, or the thread that reports for it, which it waits for at its end."""
        return self._reports if self.reporting else self

    @property
    def reporting(self) -> bool:
        """Whether a frame that was taken from the queue is being reported."""
        return self._reports.busy

    def hangs(self) -> str | None:
        """What it or its report hangs in, and since when; None: all is well."""
        # A report that hangs makes the next frame wait: it is named, and it shows where no frame comes any more.
        return self._reports.heartbeat.hangs() or self.heartbeat.hangs()

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
            prepared = taken if isinstance(taken, PreparedFrame) else prepare(self._preparer, taken)
            # What is below the threshold isn't reported, but the scene follows things with it.
            least = reporter.scene.least(controls.threshold)
            outputs = self.model.run_prepared(prepared.input, least)
            counters = reporter.camera.counters
            with counters.lock:
                counters.inferred += 1
                counters.inference_ms.append(outputs.seconds * 1000)
            finding = Finding(reporter, prepared.frame, prepared.view, outputs, least)
            if self._aside:
                self._reports.report(finding)
            else:
                finding.report()
        else:
            self._reports.finish()
            reporter.unlooked(_frame(taken))


def infer(model: Model | AcceleratedModel, frame: Frame, threshold: float, max_detections: int) -> Inference:
    """What the model says of the part of `frame` that it is to see, its boxes in fractions of all of it."""
    taken = model.info.input
    view, region = model_view(frame, taken.width, taken.height)
    return in_frame(model.run(view, threshold=threshold, max_detections=max_detections), region)


def _frame(taken: Frame | PreparedFrame) -> Frame:
    return taken if isinstance(taken, Frame) else taken.frame
