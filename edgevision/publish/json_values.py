"""How values are written in payloads: compact UTF-8 JSON, times as RFC 3339, and never NaN or Infinity."""

import json
import math
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from json.encoder import encode_basestring

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

quoted = encode_basestring
"""A text as it is written in JSON: what an encoder comes down to for it."""

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
"""json.dumps with options makes a new encoder at each call."""

_FORMATS = ("", "%.1f", "%.2f", "%.3f", "%.4f", "%.5f")
"""By decimals: to write a format string takes as long as to write the number."""


def rfc3339(seconds: float) -> str:
    """Writes seconds since 1970 as RFC 3339 in UTC, rounded to milliseconds: `2026-11-21T02:03:04.567Z`."""
    whole, milliseconds = divmod(round(seconds * 1000), 1000)
    return f"{_to_the_second(whole)}.{milliseconds:03d}Z"


@lru_cache(maxsize=16)  # many frames come in a second
def _to_the_second(seconds: int) -> str:
    return (_EPOCH + timedelta(seconds=seconds)).isoformat().removesuffix("+00:00")


def rounded(number: float, decimals: int) -> float | None:
    """`number` to so many decimals, never -0.0; None for what isn't finite."""
    # float() because the scores may come as NumPy's; + 0.0 turns -0.0 into 0.0.
    return round(float(number), decimals) + 0.0 if math.isfinite(number) else None


def decimal(number: float, decimals: int) -> str:
    """The same as it is written in JSON; `decimals` 1 to 5."""
    if 1e-4 <= number < 1e9:  # written with a point and less than 16 digits, so that it needn't become a number first
        text = (_FORMATS[decimals] % number).rstrip("0")
        return text + "0" if text[-1] == "." else text
    return repr(round(float(number), decimals) + 0.0) if math.isfinite(number) else "null"


def to_json(value: dict[str, object]) -> bytes:
    """One object in compact UTF-8. Raises ValueError for NaN and Infinity."""
    return utf_8(_encode(value))


def utf_8(json_text: str) -> bytes:
    """What is sent."""
    # A file name that isn't UTF-8 arrives with lone surrogates, which no UTF-8 can carry.
    return json_text.encode("utf-8", "replace")
