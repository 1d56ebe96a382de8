"""`edgevision watch` on a terminal: what is known of each camera, whatever anybody publishes."""

import copy
import fcntl
import io
import json
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
from typing import Any

import pytest
from rich.console import Console

from edgevision.cli.watch import FORGET_AFTER, View
from edgevision.publish.topics import Topics
from tests.daemon_process import ROOT, DaemonProcess, environment
from tests.mosquitto import Mosquitto
from tests.test_main_job import configuration, pictures

BASE = "edgevision/test"
FRONT = f"{BASE}/front/detections"
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


def view_of(*messages: tuple[str, Any]) -> View:
    """A view that took in these messages at NOW; what isn't bytes is sent as JSON."""
    view = View(Topics("edgevision", "test"))
    for topic, content in messages:
        view.update(topic, content if isinstance(content, bytes) else json.dumps(content).encode(), NOW)
    return view


def drawn(view: View, now: float = NOW) -> str:
    """The picture of the moment `now`, as a terminal of 120 columns that knows UTF-8 shows it."""
    written = io.BytesIO()
    with io.TextIOWrapper(written, encoding="utf-8", errors="strict") as screen:
        Console(file=screen, width=120, force_terminal=False).print(view.draw(now))
        screen.flush()
        return written.getvalue().decode()


def test_what_the_daemon_says_is_shown() -> None:
    info = {"version": "0.1.0", "runtime": "ai-edge-litert 2.1.0"}
    found = detections(("person", 0.83), ("dog", 0.61))
    shown = drawn(
        view_of((f"{BASE}/status", b"online"), (f"{BASE}/info", info), (f"{BASE}/stats", stats()), (FRONT, found))
    )
    for words in (BASE, "online", "0.1.0", "ai-edge-litert 2.1.0", "front", "12.3", "71.2", "4321"):
        assert words in shown
    assert "person 83 %, dog 61 %" in shown.replace("%", " %").replace("  %", " %")


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


def test_a_message_is_counted_for_its_camera() -> None:
    view = view_of((FRONT, detections()), (FRONT, detections()), (f"{BASE}/back/detections", detections()))
    assert {name: camera.messages for name, camera in view.cameras.items()} == {"front": 2, "back": 1}


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
    (FRONT, b'{"detections": null}'),
    (FRONT, b'{"detections": 7}'),
    (FRONT, b'{"detections": [null]}'),
    (FRONT, b'{"detections": [{"label": "cat"}]}'),
    (FRONT, b'{"detections": [{"label": "cat", "score": null}]}'),
    (FRONT, b'{"detections": [{"label": "cat", "score": "high"}]}'),
]


@pytest.mark.parametrize(("topic", "payload"), MALFORMED, ids=[f"{topic} {text[:60]!r}" for topic, text in MALFORMED])
def test_what_is_not_edgevisions_changes_nothing(topic: str, payload: bytes) -> None:
    view = view_of((f"{BASE}/status", b"online"), (f"{BASE}/stats", stats()), (FRONT, detections(("person", 0.83))))
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


def test_on_a_terminal_a_table_shows_the_cameras_and_what_they_see(tmp_path: Path) -> None:
    terminal, inside = pty.openpty()
    fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("4H", 30, 120, 0, 0))
    with Mosquitto(tmp_path / "broker") as broker:
        config = configuration(broker, front=pictures(loop=True))
        with DaemonProcess(tmp_path, config) as daemon:
            watch = subprocess.Popen(
                [sys.executable, "-m", "edgevision", "watch", "-c", str(tmp_path / "edgevision.yaml")],
                stdin=inside,
                stdout=inside,
                stderr=inside,
                env=environment({"TERM": "xterm"}),
                cwd=ROOT,
            )
            os.close(inside)
            try:
                shown = read_screen(terminal, {"inference ms", "front", "person", "online"}, 30)
                watch.send_signal(signal.SIGINT)
                # To the end of what it writes, or it would wait for somebody to read that.
                while select.select([terminal], [], [], 10)[0]:
                    try:
                        shown += os.read(terminal, 65_536).decode(errors="replace")
                    except OSError:
                        break
                watch.wait(10)
            finally:
                watch.kill()
                os.close(terminal)
            assert "Traceback" not in shown
            assert daemon.stop() == 0
