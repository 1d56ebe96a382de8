"""How values are written in payloads: compact UTF-8 JSON, times as RFC 3339, and never NaN or Infinity."""

import json
import math
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def rfc3339(seconds: float) -> str:
    """Writes seconds since 1970 as RFC 3339 in UTC, rounded to milliseconds: `2026-11-21T02:03:04.567Z`."""
    moment = _EPOCH + timedelta(milliseconds=round(seconds * 1000))
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def rounded(number: float, decimals: int) -> float | None:
    """`number` to so many decimals, never -0.0; None for what isn't finite."""
    # float() because the scores may come as NumPy's; + 0.0 turns -0.0 into 0.0.
    return round(float(number), decimals) + 0.0 if math.isfinite(number) else None


def to_json(value: dict[str, object]) -> bytes:
    """One object in compact UTF-8. Raises ValueError for NaN and Infinity."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    # A file name that isn't UTF-8 arrives with lone surrogates, which no UTF-8 can carry.
    return text.encode("utf-8", "replace")
