"""What follows from several settings together."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgevision.config.model import ModelSettings
    from edgevision.config.schema import CameraSettings, Settings


def gated(self: CameraSettings, task: str) -> bool:
    """Whether a model that does `task` rests while nothing moves."""
    if self.motion.enabled == "auto":
        return self.source.type not in ("video", "images") and task != "embed"
    return self.motion.enabled


def model_for(self: Settings, camera: str) -> ModelSettings:
    """The top-level model with the camera's overrides applied. Raises KeyError for a camera that isn't there."""
    overrides = self.cameras[camera].model
    return self.model.model_copy(update={key: getattr(overrides, key) for key in overrides.model_fields_set})
