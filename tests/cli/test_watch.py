"""`edgevision watch` on a terminal: what is known of each camera, whatever anybody publishes."""

import copy
import fcntl
import io
import json
import math
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import Any, Self

import pytest
from rich.cells import cell_len
from rich.console import Console

from edgevision.cli.watch_state import EVENTS, FORGET_AFTER, TRACK_FORGOTTEN_AFTER, View
from edgevision.cli.watch_view import draw, duration
from edgevision.publish.topics import Topics
from tests.daemon_process import ROOT, DaemonProcess, environment
from tests.mosquitto import Mosquitto
from tests.test_main_job import configuration, pictures

BASE = "edgevision/test"
FRONT = f"{BASE}/front/detections"
EVENTS_OF_FRONT = f"{BASE}/front/events"
NOW = 100.0


def stats(name: str = "front", **changes: Any) -> dict[str, Any]:
    """Statistics of one camera as the daemon sends them, with `changes` to what they say of it."""
    figures = {
        "capture_fps": 30.0,
        "inference_fps": 12.345,
        "inference_ms": {"p50": 71.25, "p95": 90.0},
        "dropped_frames": 4321,
        "skipped_pictures": 0,
        "stalled": False,
    }
    return {"cameras": {name: figures | changes}}


def detections(*found: tuple[str, float]) -> dict[str, Any]:
    return {"detections": [{"label": label, "score": score} for label, score in found]}


def tracked(label: str, score: float, track: str, *zones: str) -> dict[str, Any]:
    """Detections of a frame that shows one thing that is followed."""
    return {"detections": [{"label": label, "score": score, "track": track, "zones": list(zones)}]}


def event(kind: str, number: int = 0, track: str = "front-6f3a", **changes: Any) -> dict[str, Any]:
    """An event as the daemon sends it, 30 seconds after the track's start, with `changes`."""
    content = {
        "schema": 1,
        "id": f"{track}-{number}",
        "type": kind,
        "device": "test",
        "camera": "front",
        "track": track,
        "label": "person",
        "score": 0.83,
        "top_score": 0.91,
        "box": {"xmin": 0.1, "ymin": 0.2, "xmax": 0.4, "ymax": 0.9},
        "zones": ["drive"],
        "entered_zones": ["drive", "lawn"],
        "start": "2026-11-21T02:03:04.000Z",
        "time": "2026-11-21T02:03:34.000Z",
        "end": "2026-11-21T02:05:09.000Z" if kind == "end" else None,
    }
    return content | changes


def view_of(*messages: tuple[str, Any]) -> View:
    """A view that took in these messages at NOW; what isn't bytes is sent as JSON."""
    view = View(Topics("edgevision", "test"))
    for topic, content in messages:
        say(view, topic, content)
    return view


def say(view: View, topic: str, content: Any, now: float = NOW) -> None:
    view.update(topic, content if isinstance(content, bytes) else json.dumps(content).encode(), now)


def drawn(view: View, now: float = NOW, columns: int = 120, rows: int = 40) -> str:
    """The picture of the moment `now`, as a terminal of this size that knows UTF-8 shows it."""
    written = io.BytesIO()
    with io.TextIOWrapper(written, encoding="utf-8", errors="strict") as screen:
        Console(file=screen, width=columns, height=rows, force_terminal=False).print(draw(view, now, columns, rows))
        screen.flush()
        return written.getvalue().decode()


def test_what_the_daemon_says_is_shown() -> None:
    info = {"version": "0.1.0", "runtime": "ai-edge-litert 2.1.0"}
    found = detections(("person", 0.83), ("dog", 0.61))
    shown = drawn(
        view_of((f"{BASE}/status", b"online"), (f"{BASE}/info", info), (f"{BASE}/stats", stats()), (FRONT, found))
    )
    for words in (BASE, "online", "0.1.0", "ai-edge-litert 2.1.0", "front", "30.0", "12.3", "71.2", "4321"):
        assert words in shown
    assert "person 83 %, dog 61 %" in shown


def test_a_feature_vector_is_shown_by_its_length() -> None:
    shown = drawn(view_of((f"{BASE}/front/embedding", {"vector": [0.5, None, 2.0]})))
    assert "a vector of 3 numbers" in shown


def test_detections_are_forgotten_after_a_while_and_the_camera_is_not() -> None:
    view = view_of((FRONT, detections(("person", 0.83))))
    assert "person" in drawn(view, NOW + FORGET_AFTER - 0.1)
    later = drawn(view, NOW + FORGET_AFTER + 0.1)
    assert "person" not in later
    assert "front" in later


def test_a_stalled_camera_is_shown_as_one_until_it_is_back() -> None:
    view = view_of((FRONT, detections(("person", 0.83))), (f"{BASE}/stats", stats(stalled=True)))
    assert "stalled" in drawn(view)
    view.update(f"{BASE}/stats", json.dumps(stats()).encode(), NOW)
    assert "stalled" not in drawn(view)
    assert "person" in drawn(view)


def test_a_camera_that_has_run_nothing_yet_has_no_time() -> None:
    shown = drawn(view_of((f"{BASE}/stats", stats(inference_ms={"p50": None, "p95": None}))))
    assert "front" in shown
    assert "None" not in shown


def test_a_thing_is_there_from_its_start_to_its_end() -> None:
    view = view_of((EVENTS_OF_FRONT, event("start")))
    assert "person 83 %, 30 s, drive\n" in trimmed(drawn(view))
    say(view, FRONT, tracked("person", 0.7, "front-6f3a", "drive", "lawn"), NOW + 20)
    assert "person 70 %, 50 s, drive lawn\n" in trimmed(drawn(view, NOW + 20))
    say(view, EVENTS_OF_FRONT, event("update", 1, score=0.9, zones=[], time="2026-11-21T02:03:54.500Z"), NOW + 30)
    assert "person 90 %, 1 min 00 s\n" in trimmed(drawn(view, NOW + 40))
    say(view, EVENTS_OF_FRONT, event("end", 2), NOW + 50)
    assert "person 90 %" not in drawn(view, NOW + 50)


def trimmed(text: str) -> str:
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def test_who_looks_later_learns_of_what_is_there_already() -> None:
    view = view_of((f"{BASE}/front/count/person", b"1"), (FRONT, tracked("person", 0.83, "a", "drive")))
    shown = trimmed(drawn(view, NOW + 12))
    assert "1 person\n" in shown
    assert "person 83 %, over 12 s, drive\n" in shown
    say(view, EVENTS_OF_FRONT, event("update", 7, "a"), NOW + 12)
    assert "person 83 %, 30 s, drive\n" in trimmed(drawn(view, NOW + 12))


def test_a_thing_that_nobody_speaks_of_any_more_is_gone_at_last() -> None:
    view = view_of((EVENTS_OF_FRONT, event("start")))
    assert "person 83 %" in drawn(view, NOW + TRACK_FORGOTTEN_AFTER - 1)
    assert "person 83 %" not in drawn(view, NOW + TRACK_FORGOTTEN_AFTER + 1)
    say(view, FRONT, detections(), NOW + TRACK_FORGOTTEN_AFTER + 1)
    assert not view.cameras["front"].tracks


def test_nothing_is_there_once_the_device_is_offline() -> None:
    view = view_of((EVENTS_OF_FRONT, event("start")), (FRONT, detections(("dog", 0.6))), (f"{BASE}/status", b"offline"))
    shown = drawn(view)
    assert "dog" not in shown
    assert "person 83 %" not in shown
    assert "start" in shown, "it did happen"


def test_the_latest_events_are_listed_each_once() -> None:
    view = view_of(*[(EVENTS_OF_FRONT, event("start", track=f"t{number}")) for number in range(EVENTS + 3)])
    say(view, f"{BASE}/back/events", event("end", 9, "t9", label="dog", top_score=0.77))
    say(view, f"{BASE}/back/events", event("end", 9, "t9", label="dog", top_score=0.77))
    lines = [line.split() for line in drawn(view).splitlines() if re.match("[0-9:]{8} ", line)]
    assert len(lines) == EVENTS
    assert lines[0][1:6] == ["front", "start", "person", "91", "%"]
    assert lines[0][6:] == ["drive"]
    assert lines[-1][1:] == ["back", "end", "dog", "77", "%", "2", "min", "05", "s", "drive,", "lawn"]
    assert lines[-2][1:3] == ["front", "start"]


def test_counts_are_shown_with_their_labels_as_they_are_and_not_when_they_are_none() -> None:
    counts = {"person": b"2", "traffic light%2F%25": b"11", "dog": b"0", "cat": b"1"}
    view = view_of(*[(f"{BASE}/front/count/{label}", count) for label, count in counts.items()])
    assert "1 cat, 2 person, 11 traffic light/%" in drawn(view)
    assert "dog" not in drawn(view)
    say(view, f"{BASE}/front/count/cat", b"")  # a retained message that is taken away
    assert "cat" not in drawn(view)


@pytest.mark.parametrize(
    ("topic", "payload", "words"), [("detect", b"OFF", "detection is off"), ("status", b"offline", "offline")]
)
def test_why_a_camera_sees_nothing_is_shown_until_it_does(topic: str, payload: bytes, words: str) -> None:
    view = view_of((FRONT, detections(("person", 0.83))), (f"{BASE}/front/{topic}", payload))
    assert words in drawn(view)
    assert "person" not in drawn(view)
    say(view, f"{BASE}/front/{topic}", b"ON" if topic == "detect" else b"online")
    assert words not in drawn(view)
    assert "person" in drawn(view)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-3, "0 s"), (0.4, "0 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (3599, "59 min 59 s"), (7_530, "2 h 05 min")],
)
def test_durations_are_short(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def crowd() -> View:
    """Many cameras with long names, each with many things of long labels, and as many events as are kept."""
    view = view_of((f"{BASE}/status", b"online"), (f"{BASE}/info", {"version": "0.1.0", "runtime": "litert " * 30}))
    long = "a label of quite a few words, or 猫" * 5
    for number in range(12):
        name = f"camera-{number}-with-a-long-name"
        say(view, f"{BASE}/stats", stats(name, dropped_frames=10**6))
        say(view, f"{BASE}/{name}/count/{long}", b"3")
        for thing in range(3):
            zones = ["a-zone-with-a-long-name"] * 3
            say(view, f"{BASE}/{name}/events", event("start", 0, f"{number}-{thing}", label=long, zones=zones))
    return view


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (80, 10), (40, 15), (132, 60), (300, 100), (12, 4)])
def test_it_fits_the_terminal(columns: int, rows: int) -> None:
    lines = drawn(crowd(), columns=columns, rows=rows).splitlines()
    assert len(lines) <= rows
    assert max(map(cell_len, lines)) <= columns


def test_on_80_columns_and_24_rows_the_main_things_can_be_read() -> None:
    view = crowd()
    say(view, f"{BASE}/a/events", event("start", track="a", label="German short-haired pointer"))
    say(view, f"{BASE}/a/events", event("end", 1, "b"))
    shown = trimmed(drawn(view, columns=80, rows=24))
    assert "German short-ha… 83 %, 30 s" in shown
    assert re.search(r"a +end +person +91 % +2 min 05 s  drive", shown)
    assert "30.0       12.3      71.2" in shown
    assert shown.count("camera-") >= 12, "each camera has a line before others have many"


def test_on_40_columns_what_is_there_comes_before_figures() -> None:
    view = view_of((f"{BASE}/stats", stats()), (EVENTS_OF_FRONT, event("start")))
    assert "person 83 %, 30 s" in drawn(view, columns=40, rows=15)


def test_what_there_is_no_room_for_is_counted() -> None:
    view = view_of(*[(EVENTS_OF_FRONT, event("start", track=f"t{number}")) for number in range(40)])
    say(view, f"{BASE}/back/events", event("start", track="b"))
    shown = drawn(view, rows=24)
    assert shown.count("person 83 %") + int(re.findall("… and ([0-9]+) more", shown)[0]) == 41
    for number in range(40):
        say(view, f"{BASE}/camera-{number}/status", b"online")
    assert "… and " in drawn(view, rows=24)


@pytest.mark.parametrize(
    ("rows", "cameras", "events", "shown"),
    [
        (24, 4, 10, (4, 10)),
        (24, 12, 10, (12, 8)),
        (24, 40, 10, (17, 3)),
        (24, 40, 1, (19, 1)),
        (24, 40, 0, (22, 0)),
        (8, 2, 10, (2, 2)),
        (8, 9, 10, (6, 0)),
    ],
)
def test_events_get_what_cameras_leave_but_some(rows: int, cameras: int, events: int, shown: tuple[int, int]) -> None:
    view = view_of(*[(f"{BASE}/camera-{number}/status", b"online") for number in range(cameras)])
    for number in range(events):
        say(view, f"{BASE}/camera-0/events", event("end", track=f"t{number}"))
    lines = drawn(view, rows=rows).splitlines()
    assert (sum(line.startswith(("camera-", "    ")) for line in lines), sum("end" in line for line in lines)) == shown


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


def read_screen(terminal: int, words: set[str], seconds: float) -> str:
    """What a program writes to `terminal` until all `words` were there, without the control sequences."""
    written, deadline = b"", time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0 and select.select([terminal], [], [], left)[0]:
        try:
            written += os.read(terminal, 65_536)
        except OSError:  # the program has ended
            break
        if all(word in _plain(written) for word in words):
            return _plain(written)
    pytest.fail(f"Waited for {words}; the terminal shows:\n{_plain(written)}")


def _plain(written: bytes) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written.decode(errors="replace"))


def test_elsewhere_a_line_a_frame_tells_of_detections_and_embeddings(tmp_path: Path, models: Path) -> None:
    embedder = {
        "path": str(models / "mobilenet_v1_1.0_224_quant_embedding_extractor.tflite"),
        "task": "embed",
        "threads": 1,
    }
    with Mosquitto(tmp_path / "broker") as broker:
        config = configuration(broker, front=pictures(loop=True), mind=pictures(loop=True) | {"model": embedder})
        with DaemonProcess(tmp_path, config) as daemon:
            watch = subprocess.Popen(
                [sys.executable, "-m", "edgevision", "watch", "-c", str(tmp_path / "edgevision.yaml")],
                stdout=subprocess.PIPE,
                env=environment({"PYTHONUNBUFFERED": "1"}),
                cwd=ROOT,
            )
            try:
                assert watch.stdout is not None
                read_screen(watch.stdout.fileno(), {"front/detections", "mind/embedding", '"vector":['}, 30)
            finally:
                watch.kill()
                watch.communicate()
            assert daemon.stop() == 0, daemon.log


class Terminal:
    """`edgevision watch` on a terminal of this size, for as long as the `with` block lasts."""

    def __init__(self, config: Path, rows: int, columns: int) -> None:
        self._terminal, inside = pty.openpty()
        fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))
        self._watch = subprocess.Popen(
            [sys.executable, "-m", "edgevision", "watch", "-c", str(config)],
            stdin=inside,
            stdout=inside,
            stderr=inside,
            env=environment({"TERM": "xterm"}),
            cwd=ROOT,
        )
        os.close(inside)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._watch.kill()
        self._watch.wait()
        os.close(self._terminal)

    def read(self, words: set[str], seconds: float = 30) -> str:
        """What it shows until all `words` were there."""
        return read_screen(self._terminal, words, seconds)

    def interrupt(self) -> str:
        """Ctrl-C; what it still writes."""
        self._watch.send_signal(signal.SIGINT)
        shown = b""
        # To the end, or it would wait for somebody to read that.
        while select.select([self._terminal], [], [], 10)[0]:
            try:
                shown += os.read(self._terminal, 65_536)
            except OSError:
                break
        assert self._watch.wait(10) == 0
        return _plain(shown)


def test_on_a_terminal_a_table_shows_the_cameras_and_what_they_see(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "broker") as broker:
        config = configuration(broker, front=pictures(loop=True))
        with DaemonProcess(tmp_path, config) as daemon:
            with Terminal(tmp_path / "edgevision.yaml", 30, 120) as terminal:
                terminal.read({"model ms", "front", "person", "online"})
                assert "Traceback" not in terminal.interrupt()
            assert daemon.stop() == 0


def test_on_a_small_terminal_every_topic_arrives(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "broker") as broker:
        path = tmp_path / "edgevision.yaml"
        path.write_text(json.dumps(configuration(broker, front=pictures(), back=pictures(), off=pictures())))

        def publish(topic: str, content: Any, retain: bool) -> None:
            payload = content if isinstance(content, bytes) else json.dumps(content).encode()
            where = ["-h", broker.host, "-p", str(broker.port), "-q", "1", *(["-r"] if retain else [])]
            subprocess.run(["mosquitto_pub", *where, "-t", f"{BASE}/{topic}", "-s"], input=payload, check=True)

        publish("status", b"online", retain=True)
        publish("back/status", b"offline", retain=True)
        publish("off/detect", b"OFF", retain=True)
        publish("front/count/person", b"2", retain=True)
        with Terminal(path, 24, 80) as terminal:
            terminal.read({"online", "back", "offline", "detection is off", "2 person"})
            publish("front/events", event("start"), retain=False)
            publish("front/detections", tracked("dog", 0.61, "b", "lawn"), retain=False)
            terminal.read({"person 83 %, ", "dog 61 %, over ", "lawn", "start  person", "91 %"})
            publish("front/events", event("end", 1), retain=False)
            terminal.read({"end    person", "2 min 05 s"})
            assert "Traceback" not in terminal.interrupt()
