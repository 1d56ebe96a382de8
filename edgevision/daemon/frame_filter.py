"""Which of a camera's frames the model is to see."""

from collections.abc import Callable

from edgevision.capture.frame import BgrImage, GreyImage
from edgevision.capture.small_grey import small_grey
from edgevision.capture.transform import WHOLE
from edgevision.daemon.camera import Camera
from edgevision.daemon.pacer import Pacer
from edgevision.scene.motion import COMPARE_EVERY, MotionGate


class FrameFilter:
    """Lets the frames of one camera pass that subscribers, the motion gate and the limit of frames a second leave."""

    def __init__(self, camera: Camera) -> None:
        settings = camera.settings
        self._controls = camera.controls
        self._drops = camera.source.live
        self._crop = settings.crop or WHOLE
        self._gate = MotionGate(settings.masks, self._crop) if camera.gated else None
        self._pacer = Pacer()

    def passes(self, image: Callable[[], BgrImage | GreyImage], clock: float, now: float) -> bool:
        """Whether the model is to see a frame; `image`, turned already, is had only if it must be.

        `clock` is the scene's, `now` the monotonic one; both in seconds.
        """
        controls = self._controls
        if not controls.detect:
            return controls.snapshot_wanted
        if self._drops and self._pacer.until_due(now, controls.fps_limit) > 0:
            return False
        if self._gate is None:
            return True
        patience = 0.0 if controls.snapshot_wanted else controls.patience
        if self._gate.until_due(clock, patience) > 0:
            return False
        return self._gate.passes(small_grey(image(), self._crop), clock, patience)

    def rest(self, now: float) -> float:
        """Seconds for which no frame of a live source passes, unless subscribers or the scene want one after all.

        So short that what they want is heeded soon enough; `now` as in `passes`.
        """
        controls = self._controls
        if controls.snapshot_wanted:
            return 0.0
        if not controls.detect:
            return COMPARE_EVERY
        return 0.0 if self._gate is None else self._gate.until_due(now, controls.patience)

    def delay(self, now: float) -> float:
        """Seconds to wait with a frame of a source of which every frame counts, to keep to the limit."""
        return 0.0 if self._drops else self._pacer.until_due(now, self._controls.fps_limit)
