"""One thread a model in use: takes its cameras' frames in turn and reports what the model finds."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from edgevision.capture.frame import Frame
from edgevision.capture.transform import model_view
from edgevision.daemon.frame_queue import FrameQueue, NoPicture
from edgevision.daemon.reporter import Reporter
from edgevision.daemon.threads import SupervisedThread
from edgevision.inference.accelerated import AcceleratedModel
from edgevision.inference.detect import within
from edgevision.inference.model import Inference, Model


class InferenceThread(SupervisedThread):
    """Runs one model, which belongs to this thread alone, on the frames of `queue`."""

    def __init__(
        self,
        model: Model | AcceleratedModel,
        reporters: Mapping[str, Reporter],
        queue: FrameQueue,
        on_death: Callable[[SupervisedThread], None],
    ) -> None:
        """`reporters`: one for each of the model's cameras."""
        super().__init__(f"inference {model.info.path.stem}", on_death)
        self.model = model
        self.reporters = reporters
        self._queue = queue

    def work(self) -> None:
        """Until the queue is closed."""
        while (taken := self._queue.take()) is not None:
            reporter = self.reporters[taken.camera]
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
