"""`edgevision watch` on a terminal, whatever anybody publishes: what isn't edgevision's changes and breaks nothing."""

import copy
import json
import math

import pytest

from tests.cli.watched import (
    BASE,
    EVENTS_OF_FRONT,
    FRONT,
    NOW,
    detections,
    drawn,
    event,
    stats,
    tracked,
    view_of,
)

BAD_COUNTS = [b"-1", b"1.5", b" 1", b"1_0", b"one", b"null", b"\xd9\xa1", b"9" * 5000, b"\xff"]
BAD_EVENTS = [
    b"",
    b"not JSON",
    b"null",
    b"[]",
    b"{}",
    *[
        json.dumps(event("start", 5, "other") | changes).encode()
        for changes in (
            {"type": "begin"},
            {"type": None},
            {"type": ["start"]},
            {"type": "end"},
            {"id": 5},
            {"track": None},
            {"label": 7},
            {"score": 2},
            {"score": "0.5"},
            {"top_score": math.nan},
            {"top_score": 10**400},
            {"zones": None},
            {"zones": [1]},
            {"zones": "drive"},
            {"type": "end", "end": "2026-11-21T02:05:09.000Z", "entered_zones": 1},
            {"start": None},
            {"start": 5},
            {"start": "yesterday"},
            {"start": "2026-11-21T02:03:04"},
            {"time": "9999-12-31T23:59:59-23:59"},
            {"time": "0001-01-01T00:00:00+23:59"},
        )
    ],
]
MALFORMED: list[tuple[str, bytes]] = [
    *[
        (f"{BASE}/{rest}", payload)
        for rest in ("info", "stats", "front/detections", "new/detections")
        for payload in (b"", b"not JSON", b"\xff\xfe", b"null", b"1", b"[]", b'"text"', b"{}", b"[" * 100_000)
    ],
    (f"{BASE}/info", b'{"version": "9.9.9"}'),
    (f"{BASE}/stats", b'{"cameras": [1]}'),
    (f"{BASE}/stats", b'{"cameras": null}'),
    (f"{BASE}/stats", b'{"cameras": {"front": null}}'),
    (f"{BASE}/stats", b'{"cameras": {"front": {"inference_ms": {"p50": 9.0}}}}'),
    (f"{BASE}/stats", json.dumps({"cameras": {**stats("aaa")["cameras"], "zzz": 1}}).encode()),
    (f"{BASE}/stats", json.dumps(stats(inference_ms=None)).encode()),
    (f"{BASE}/stats", json.dumps(stats(inference_ms={"p50": "fast"})).encode()),
    (f"{BASE}/stats", json.dumps(stats(inference_fps=10**400)).encode()),
    (f"{BASE}/stats", json.dumps(stats(capture_fps=math.nan)).encode()),
    *[(f"{BASE}/{camera}/count/person", text) for camera in ("front", "new") for text in BAD_COUNTS],
    *[
        (f"{BASE}/{camera}/{state}", text)
        for camera in ("front", "new")
        for state in ("detect", "status")
        for text in (b"on", b"null", b"\xff", b"Offline", b"0")
    ],
    *[(f"{BASE}/{camera}/events", text) for camera in ("front", "new") for text in BAD_EVENTS],
    (f"{BASE}/front/count/person/drive", b"1"),
    (f"{BASE}/front/count", b"1"),
    (f"{BASE}/front/else", b"1"),
    (FRONT, b'{"detections": null}'),
    (FRONT, b'{"detections": 7}'),
    (FRONT, b'{"detections": [null]}'),
    (FRONT, b'{"detections": [{"label": "cat"}]}'),
    (FRONT, b'{"detections": [{"label": "cat", "score": null}]}'),
    (FRONT, b'{"detections": [{"label": "cat", "score": "high"}]}'),
    (FRONT, b'{"detections": [{"label": "cat", "score": NaN}]}'),
    (FRONT, b'{"detections": [{"label": "cat", "score": 1e999}]}'),
    (FRONT, b'{"detections": [{"label": ["cat"], "score": 0.5}]}'),
    (FRONT, b'{"detections": [{"label": "cat", "score": 0.5, "track": 7}]}'),
    (FRONT, b'{"detections": [{"label": "cat", "score": 0.5, "track": "a", "zones": "drive"}]}'),
    (FRONT, b'{"detections": [{"label": "cat", "score": 0.5, "track": "a"}, {}]}'),
]


@pytest.mark.parametrize(("topic", "payload"), MALFORMED, ids=[f"{topic} {text[:60]!r}" for topic, text in MALFORMED])
def test_what_is_not_edgevisions_changes_nothing(topic: str, payload: bytes) -> None:
    view = view_of(
        (f"{BASE}/status", b"online"),
        (f"{BASE}/stats", stats()),
        (FRONT, detections(("person", 0.83))),
        (EVENTS_OF_FRONT, event("start")),
        (f"{BASE}/front/count/person", b"1"),
        (f"{BASE}/front/detect", b"ON"),
        (f"{BASE}/front/status", b"online"),
    )
    before = copy.deepcopy(view)
    view.update(topic, payload, NOW + 1)
    assert view == before
    assert drawn(view) == drawn(before)


@pytest.mark.parametrize("text", ["[/b]", "[bold]", "\ud800", "\x1b[2J", "two\nlines"])
def test_no_text_breaks_the_table(text: str) -> None:
    messages = [
        (f"{BASE}/status", text.encode(errors="surrogatepass")),
        (f"{BASE}/info", {"version": text, "runtime": text}),
        (f"{BASE}/stats", stats(text)),
        (FRONT, detections((text, 0.83))),
        (FRONT, tracked(text, 0.5, "a", text)),
        (EVENTS_OF_FRONT, event("start", label=text, zones=[text])),
        (f"{BASE}/{text.replace('/', '')}/count/%00%ff{text.replace('/', '')}", b"1"),
    ]
    shown = drawn(view_of(*messages, (f"{BASE}/back/detections", detections(("person", 0.9)))))
    assert "back" in shown
    assert "\x1b" not in shown
