"""What single values of the configuration must be like: pure checks that say what is wrong in words.

A failed check raises what `fault` makes: the rest of a sentence that begins with the value. The value itself is put
there by `edgevision.config.sentences`, which knows when it is a secret.
"""

import re
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from edgevision.record import record

STREAM_SCHEMES = ("rtsp", "rtsps", "rtmp", "rtmps", "http", "https", "udp", "tcp", "rtp", "srt")
TOPICS_OF_THE_DEVICE = ("status", "info", "stats")

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_HOST_LABEL = re.compile(r"[a-zA-Z0-9_]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def fault(text: str) -> PydanticCustomError:
    """What is wrong with a value, to be read after it: `is no host name`."""
    return PydanticCustomError("fault", "{text}", {"text": text})


def disagreement(text: str, key: str | None = None) -> PydanticCustomError:
    """A whole sentence on keys that don't go together, shown at `key` of the section or else at the section."""
    return PydanticCustomError("disagreement", "{text}", {"text": text, "key": key})


@record
class Between:
    """Annotates a number with its least and its greatest value; both are allowed, NaN never is."""

    least: float
    greatest: float

    def check(self, value: float) -> float:
        """The value; raises a fault when it lies outside."""
        if not self.least <= value <= self.greatest:
            raise fault(f"is not between {self.least} and {self.greatest}")
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(schema), "minimum": self.least, "maximum": self.greatest}


def name(text: str) -> str:
    """A device or camera name: one level of an MQTT topic, and safe in a file name."""
    if not _NAME.fullmatch(text):
        raise fault("must be 1 to 64 of the characters a-z, A-Z, 0-9, _ and -")
    return text


def camera_name(text: str) -> str:
    """A camera's name, which stands in topics beside those of the device."""
    if text in TOPICS_OF_THE_DEVICE:
        raise fault("can't name a camera: it is a topic of the device")
    return name(text)


def host(text: str) -> str:
    """A host name (RFC 1123, with IDNA, and underscores as in container networks) or an IP address, nothing else."""
    if "://" in text:
        raise fault("is a URL; write the host name alone, and the port under port")
    if _is_address(text):
        return text
    if ":" in text or "/" in text or "@" in text:
        raise fault("is more than a host name; write the name alone, and the port under port")
    try:
        # Over 253 characters is no host name, and the codec's time grows with the square.
        labels = text[:254].removesuffix(".").encode("idna").decode().split(".") if text else []
    except UnicodeError:
        labels = []
    if not labels or len(text) > 253 or not all(_HOST_LABEL.fullmatch(label) for label in labels):
        raise fault("is neither a host name nor an IP address")
    if labels[-1].isdecimal():
        raise fault("is no IP address")
    return text


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def topic_prefix(text: str) -> str:
    """The levels that begin every topic (MQTT 5, 4.7): no wildcards, no empty levels, none of the broker's own `$`."""
    if not text or "" in text.split("/"):
        raise fault("has an empty level; write levels with one / between them and none at the ends")
    if "+" in text or "#" in text:
        raise fault("holds a wildcard (+ or #)")
    if text.startswith("$"):
        raise fault("begins with $, which brokers keep for themselves")
    if _CONTROL.search(text):
        raise fault("holds a control character")
    if len(text) > 256:
        raise fault("is longer than 256 characters")
    return text


def mqtt_string(text: str) -> str:
    """A user name; MQTT sends its length in two bytes."""
    if len(text.encode()) > 65535:
        raise fault("is longer than the 65535 bytes that MQTT can send")
    return text


def stream_url(text: str) -> str:
    """A URL that FFmpeg may open as a stream."""
    schemes = ", ".join(f"{scheme}://" for scheme in STREAM_SCHEMES)
    try:
        url = urlsplit(text)
        url.port  # noqa: B018  raises ValueError when it is no port
    except ValueError:
        raise fault("is not a URL") from None
    if url.scheme not in STREAM_SCHEMES or not text.lower().startswith(f"{url.scheme}://"):
        raise fault(f"is not the URL of a stream; it must begin with one of {schemes}")
    if not url.netloc or (url.scheme in {"rtsp", "rtsps", "rtmp", "rtmps", "http", "https"} and not url.hostname):
        raise fault("is a URL without a host")
    if _CONTROL.search(text) or " " in text:
        raise fault("is a URL with a space or a control character in it")
    return text
