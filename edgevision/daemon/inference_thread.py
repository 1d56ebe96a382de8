"""One thread a model in use: takes its cameras' frames in turn and publishes what the model finds."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from edgevision.capture.frame import Frame
from edgevision.capture.transform import model_view
from edgevision.daemon.camera import Camera
from edgevision.daemon.frame_queue import FrameQueue
from edgevision.daemon.models import model_name
from edgevision.daemon.publish_gate import PublishGate
from edgevision.daemon.threads import SupervisedThread
from edgevision.inference.detect import within
from edgevision.inference.detection import Detection
from edgevision.inference.model import Model
from edgevision.publish.client import Publisher
from edgevision.publish.message import Message
from edgevision.publish.payloads import detections_payload
from edgevision.publish.topics import Topics


class InferenceThread(SupervisedThread):
    """Runs one model, which belongs to this thread alone, on the frames of `queue`."""

    def __init__(
        self,
        model: Model,
        cameras: Mapping[str, Camera],
        queue: FrameQueue,
        publisher: Publisher,
        topics: Topics,
        on_death: Callable[[SupervisedThread], None],
    ) -> None:
        super().__init__(f"inference {model.info.path.stem}", on_death)
        self.model = model
        self._cameras = cameras
        self._queue = queue
        self._publisher = publisher
        self._topics = topics
        self._gates = {name: PublishGate(camera.settings.publish) for name, camera in cameras.items()}

    def work(self) -> None:
        """Until the queue is closed."""
        while (frame := self._queue.take()) is not None:
            self._infer(frame)

    def _infer(self, frame: Frame) -> None:
        camera = self._cameras[frame.camera]
        taken = self.model.info.input
        view, region = model_view(frame, taken.width, taken.height)
        inference = self.model.run(view, threshold=camera.model.threshold, max_detections=camera.model.max_detections)
        detections = [
            replace(found, box=within(found.box, region)) if found.box else found for found in inference.detections
        ]
        inference_ms = inference.seconds * 1000
        with camera.counters.lock:
            camera.counters.inferred += 1
            camera.counters.inference_ms.append(inference_ms)
        gate = self._gates[frame.camera]
        if gate.passes(detections) and self._send(frame, camera, detections, inference_ms):
            gate.sent(detections)

    def _send(self, frame: Frame, camera: Camera, detections: list[Detection], inference_ms: float) -> bool:
        payload = detections_payload(
            device=self._topics.device,
            camera=frame.camera,
            model=model_name(camera.model),
            seq=frame.seq,
            time=frame.time,
            width=frame.width,
            height=frame.height,
            source=frame.source,
            inference_ms=inference_ms,
            detections=detections,
        )
        # Every frame of a source that ends is to arrive: those few that find the broker away are kept for it.
        message = Message(self._topics.detections(frame.camera), payload, keep=camera.source.finite)
        return self._publisher.publish(message)
