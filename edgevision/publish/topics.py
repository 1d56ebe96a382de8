"""The MQTT topics of one device."""

import re
from urllib.parse import quote

from edgevision.record import record

_NONCHARACTERS = "".join(chr(plane << 16 | last) for plane in range(17) for last in (0xFFFE, 0xFFFF))
_ESCAPED = re.compile(rf"[%/+#\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef{_NONCHARACTERS}]")


@record
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

    def camera_status(self, camera: str) -> str:
        """`online` or `offline`: whether `camera` gives frames."""
        return f"{self.base}/{camera}/status"

    def detections(self, camera: str) -> str:
        """What was seen in the frames of `camera`."""
        return f"{self.base}/{camera}/detections"

    def embedding(self, camera: str) -> str:
        """The feature vectors of the frames of `camera`."""
        return f"{self.base}/{camera}/embedding"

    def events(self, camera: str) -> str:
        """What came, changed and went before `camera`."""
        return f"{self.base}/{camera}/events"

    def count(self, camera: str, label: str, zone: str | None = None) -> str:
        """How many of `label` are there now, in the whole picture of `camera` or in one zone."""
        return "/".join((self.base, camera, "count", level(label), *(() if zone is None else (level(zone),))))

    def snapshot(self, camera: str) -> str:
        """The JPEG of the latest event."""
        return f"{self.base}/{camera}/snapshot"

    def snapshot_set(self, camera: str) -> str:
        """Whatever comes here asks for a snapshot now."""
        return f"{self.base}/{camera}/snapshot/set"

    def detect(self, camera: str) -> str:
        """Whether detection is `ON` or `OFF`."""
        return f"{self.base}/{camera}/detect"

    def detect_set(self, camera: str) -> str:
        """Where detection is switched `ON` and `OFF`."""
        return f"{self.base}/{camera}/detect/set"

    def threshold(self, camera: str) -> str:
        """The least score in force, `0.00` to `1.00`."""
        return f"{self.base}/{camera}/threshold"

    def threshold_set(self, camera: str) -> str:
        """Where the least score is set."""
        return f"{self.base}/{camera}/threshold/set"


def level(name: str) -> str:
    """`name` as one level of a topic, which `urllib.parse.unquote` turns back.

    What means something in a topic (`/`, `+`, `#`), `%`, and what brokers may refuse (control characters, surrogates
    and noncharacters: MQTT 5, section 1.5.4) become `%XX`, a byte of UTF-8 each; all else stays as it is.
    """
    return _ESCAPED.sub(lambda found: quote(found[0], safe="", errors="surrogatepass"), name)
