"""One thread a model in use: takes its cameras' frames in turn and reports what the model finds."""

from collections.abc import Callable
from dataclasses import replace

from edgevision.capture.frame import Frame
from edgevision.capture.transform import model_view
from edgevision.daemon.frame_queue import Errand, FrameQueue, NoPicture
from edgevision.daemon.reporter import Reporter
from edgevision.daemon.threads import SupervisedThread
from edgevision.inference.accelerated import AcceleratedModel
from edgevision.inference.detect import within
from edgevision.inference.model import Inference, Model

LONGEST = 30.0
"""Seconds for one frame, and what is told of it. An accelerator that hangs is given up, and the CPU asked, in ten."""


class InferenceThread(SupervisedThread):
    """Runs one model, which belongs to this thread alone, on the frames of `queue`."""

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

    def work(self) -> None:
        """Until the queue is closed."""
        while (taken := self._queue.take()) is not None:
            with self.heartbeat.within(LONGEST, "at one frame"):
                if isinstance(taken, Errand):
                    taken.do()
                elif (reporter := self.reporters.get(taken.camera)) is not None:  # else it has been taken away
                    self._report(taken, reporter)

    def _report(self, taken: Frame | NoPicture, reporter: Reporter) -> None:
        controls = reporter.camera.controls
        if controls.leave_wanted:
            controls.leave_wanted = False
            reporter.leave(taken.time if isinstance(taken, Frame) else taken.moment.time)
        match taken:
            case NoPicture() if taken.over or not controls.detect:
                reporter.leave(taken.moment.time)
            case NoPicture():
                reporter.no_picture(taken.moment)
            case Frame() if not controls.detect:
                reporter.unlooked(taken)
            case Frame():
                reporter.inferred(taken, self._infer(taken, reporter))

    def _infer(self, frame: Frame, reporter: Reporter) -> Inference:
        camera = reporter.camera
        # What is below the threshold isn't reported, but the scene follows things with it.
        least = reporter.scene.least(camera.controls.threshold)
        inference = infer(self.model, frame, least, camera.model.max_detections)
        with camera.counters.lock:
            camera.counters.inferred += 1
            camera.counters.inference_ms.append(inference.seconds * 1000)
        return inference


def infer(model: Model | AcceleratedModel, frame: Frame, threshold: float, max_detections: int) -> Inference:
    """What the model says of the part of `frame` that it is to see, its boxes in fractions of all of it."""
    taken = model.info.input
    view, region = model_view(frame, taken.width, taken.height)
    inference = model.run(view, threshold=threshold, max_detections=max_detections)
    return replace(
        inference,
        detections=[
            replace(found, box=within(found.box, region)) if found.box else found for found in inference.detections
        ],
    )
