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
from edgevision.inference.accelerated import AcceleratedModel
from edgevision.inference.detect import within
from edgevision.inference.model import Model
from edgevision.publish.client import Publisher
from edgevision.publish.message import Message
from edgevision.publish.payloads import InferredFrame, detections_payload, embedding_payload
from edgevision.publish.topics import Topics


class InferenceThread(SupervisedThread):
    """Runs one model, which belongs to this thread alone, on the frames of `queue`."""

    def __init__(
        self,
        model: Model | AcceleratedModel,
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
        inferred = self._inferred(frame, camera, inference_ms)
        if inference.vector is not None:
            if camera.settings.publish != "off":
                payload = embedding_payload(inferred, inference.vector.tolist())
                self._send(self._topics.embedding(frame.camera), payload, camera)
            return
        gate = self._gates[frame.camera]
        if gate.passes(detections):
            payload = detections_payload(inferred, detections)
            if self._send(self._topics.detections(frame.camera), payload, camera):
                gate.sent(detections)

    def _inferred(self, frame: Frame, camera: Camera, inference_ms: float) -> InferredFrame:
        return InferredFrame(
            device=self._topics.device,
            camera=frame.camera,
            model=model_name(camera.model),
            seq=frame.seq,
            time=frame.time,
            width=frame.width,
            height=frame.height,
            source=frame.source,
            inference_ms=inference_ms,
        )

    def _send(self, topic: str, payload: bytes, camera: Camera) -> bool:
        # Every frame of a source that ends is to arrive: those few that find the broker away are kept for it.
        return self._publisher.publish(Message(topic, payload, keep=camera.source.finite))
