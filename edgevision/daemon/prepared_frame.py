"""A frame with what its model is to see of it, made ready while the model is at another one."""

from collections.abc import Callable
from dataclasses import dataclass

from edgevision.capture.frame import Frame
from edgevision.capture.transform import Region, model_view
from edgevision.inference.prepared import Prepared, Preparer


@dataclass(frozen=True, slots=True)
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
    view, region = model_view(frame, preparer.form.width, preparer.form.height)
    return PreparedFrame(frame, preparer.prepare(view), region)


Prepare = Callable[[Frame], PreparedFrame]
