"""A frame with what its model is to see of it, made ready while the model is at another one."""

from collections.abc import Callable
from dataclasses import replace

from edgevision.capture.frame import Frame
from edgevision.capture.transform import WHOLE, Region, model_view
from edgevision.inference.detect import within
from edgevision.inference.model import Inference
from edgevision.inference.prepared import Prepared, Preparer
from edgevision.record import record


@record
class PreparedFrame:
    """`input` shows the part `view` of `frame`, in fractions (xmin, ymin, xmax, ymax)."""

    frame: Frame
    input: Prepared
    view: Region

    @property
    def camera(self) -> str:
        """The frame's camera."""
        return self.frame.camera


def prepare(preparer: Preparer, frame: Frame) -> PreparedFrame:
    """Make ready what the model is to see of `frame`."""
    form = preparer.form
    view, region = model_view(frame, form.width, form.height, letterbox=preparer.letterbox)
    return PreparedFrame(frame, preparer.prepare(view), region)


Prepare = Callable[[Frame], PreparedFrame]


def in_frame(inference: Inference, view: Region) -> Inference:
    """With its boxes, in fractions of `view`, as fractions of the whole frame."""
    if view == WHOLE:
        return inference
    return replace(
        inference,
        detections=[
            replace(found, box=within(found.box, view)) if found.box else found for found in inference.detections
        ],
    )
