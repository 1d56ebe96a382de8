"""The MQTT topics of one device."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Topics:
    """Names every topic below `<prefix>/<device>`."""

    prefix: str
    device: str

    @property
    def base(self) -> str:
        """What all topics of this device start with."""
        return f"{self.prefix}/{self.device}"

    @property
    def status(self) -> str:
        """`online` or `offline`: the topic of the last will."""
        return f"{self.base}/status"

    @property
    def info(self) -> str:
        """What runs here: version, runtime, models, cameras."""
        return f"{self.base}/info"

    @property
    def stats(self) -> str:
        """How it runs: frame rates, latency, temperature, memory."""
        return f"{self.base}/stats"

    def detections(self, camera: str) -> str:
        """What was seen in the frames of `camera`."""
        return f"{self.base}/{camera}/detections"

    def embedding(self, camera: str) -> str:
        """The feature vectors of the frames of `camera`."""
        return f"{self.base}/{camera}/embedding"
