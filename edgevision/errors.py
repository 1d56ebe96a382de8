"""The errors that edgevision raises on purpose.

Each message is one sentence or two for the person who runs edgevision: what happened, where, and what to do about it.
"""


class EdgeVisionError(Exception):
    """Whatever edgevision raises on purpose."""


class ConfigError(EdgeVisionError, ValueError):
    """The configuration can't be used."""


class SourceError(EdgeVisionError, OSError):
    """A camera, stream, video or picture folder can't be opened, or stopped giving frames."""


class SourceTimeoutError(SourceError, TimeoutError):
    """A source gave no frame within its time limit."""


class SourceHangsError(SourceError):
    """A source hangs in its driver: this process can't open it again."""


class ModelError(EdgeVisionError, ValueError):
    """A model file can't be used."""


class SsdParametersError(ModelError):
    """A mistake in the YAML beside a model; its message needs no model file's name in front."""


class LabelsError(ModelError):
    """The labels don't fit the model, or there are none."""


class AcceleratorError(EdgeVisionError, OSError):
    """An accelerator can't be used, or failed."""


class AcceleratorLibraryError(AcceleratorError):
    """The library of an accelerator can't be loaded: trying again at once doesn't help."""


class DownloadError(EdgeVisionError, OSError):
    """A file can't be fetched, isn't what it should be, or can't be put where it belongs."""


class BrokerError(EdgeVisionError, OSError):
    """The MQTT broker can't be reached or refuses."""
