"""`edgevision watch` as users run it: a table on a terminal, elsewhere a line a frame."""

import fcntl
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
from typing import Any, Self

import pytest

from tests.cli.watched import BASE, event, tracked
from tests.daemon_process import ROOT, DaemonProcess, environment
from tests.mosquitto import Mosquitto
from tests.test_main_job import configuration, pictures


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
