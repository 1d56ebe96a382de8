"""The whole daemon: `edgevision run` as a process, a private mosquitto, and this process as the subscriber.

Its cameras are the stand-in for the Pi camera, at `fps` frames a second each. With `still`, they show one picture:
what the stand-in keeps of several isn't the daemon's memory. The broker sends at once, unless it is to be `stock`:
by default, mosquitto lets a message wait until the subscriber has acknowledged the one before.

The daemon is started anew for each turn, for it would not rest in between; with the same state folder, as where it is
installed. `again`: its start is not that of the first time, but the next.
"""

import json
import sys
import threading
import time
from collections import Counter
from contextlib import redirect_stdout
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from bench.turns import Stamp, Turn, cpu_seconds, resident, serve, steady
from edgevision.percentile import percentile
from tests.daemon_process import DaemonProcess
from tests.mosquitto import Mosquitto

SETTLE = 0.5
"""Seconds after the first detection that don't count, unless the settings have others."""

STARTS_WITHIN = 30.0

MOST_FPS = 240.0
"""More is not allowed in the configuration."""


class Arrival(NamedTuple):
    """A message: when it came, by `time.monotonic()` and the daemon's CPU time, and in seconds since 1970."""

    stamp: Stamp
    wall: float
    topic: str
    payload: bytes


class Listener:
    """A subscriber to all detections; `arrivals` are those of the daemon that `watch` names."""

    def __init__(self, host: str, port: int) -> None:
        self.arrivals: list[Arrival] = []
        self.some = threading.Event()
        self._pid: int | None = None
        self._ready = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self._client.on_connect = lambda client, *_: client.subscribe("edgevision/bench/+/detections")
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = self._came
        self._client.connect(host, port)
        self._client.loop_start()
        if not self._ready.wait(STARTS_WITHIN):
            raise SystemExit("the broker doesn't answer")

    def watch(self, pid: int | None) -> None:
        """Begin anew, with the process of that number; None: take no notice of what comes."""
        self._pid = pid
        if pid is not None:
            self.arrivals.clear()
            self.some.clear()

    def close(self) -> None:
        """Leave the broker."""
        self._client.disconnect()
        self._client.loop_stop()

    def _came(self, client: mqtt.Client, userdata: object, message: mqtt.MQTTMessage) -> None:
        monotonic, wall = time.monotonic(), time.time()
        if self._pid is not None:
            stamp = Stamp(monotonic, cpu_seconds(self._pid))
            self.arrivals.append(Arrival(stamp, wall, message.topic, bytes(message.payload)))
            self.some.set()


def run(settings: dict[str, Any]) -> None:
    """The daemon, turn by turn."""
    # What goes wrong is told to stderr; stdout is for the answers.
    with redirect_stdout(sys.stderr), TemporaryDirectory() as name:
        folder = Path(name)
        with Mosquitto(folder / "broker", more=_broker_options(settings)) as broker:
            listener = Listener(broker.host, broker.port)
            config = _config(settings, broker)
            shown = [str(Path(here) / "0.bmp") if settings.get("still") else here for here in settings["frames"]]
            cameras = {"EDGEVISION_FAKE_CAMERA": ":".join(shown)}

            def turn(seconds: float) -> Turn:
                daemon = DaemonProcess(folder, config, cameras)
                spawned = time.monotonic()
                with daemon:
                    listener.watch(daemon.process.pid)
                    if not listener.some.wait(STARTS_WITHIN):
                        raise SystemExit(f"no detections within {STARTS_WITHIN:g} s:\n{daemon.log}")
                    started = listener.arrivals[0].stamp.time - spawned
                    time.sleep(settings.get("settle", SETTLE))
                    taken = _measure(listener, daemon.process.pid, seconds)
                    listener.watch(None)
                    daemon.stop()
                return taken._replace(started=started)

            try:
                started = turn(0.0).started
                if settings.get("again"):
                    started = turn(0.0).started
                assert started is not None
                serve({"spawned": time.monotonic() - started}, turn, warm_up=False, out=sys.__stdout__)
            finally:
                listener.close()


def _measure(listener: Listener, pid: int, seconds: float) -> Turn:
    begun = time.monotonic()
    time.sleep(seconds)
    ended = time.monotonic()
    arrivals = list(listener.arrivals)
    frames, span, cpu = steady([one.stamp for one in arrivals], begun, ended)
    inside = [one for one in arrivals if begun <= one.stamp.time <= ended]
    each = Counter(one.topic for one in inside)
    latency, beyond = _latencies(inside)
    return Turn(frames, span, cpu, resident(pid), each=list(each.values()), latency=latency, beyond=beyond)


def _latencies(arrivals: list[Arrival]) -> tuple[dict[str, float], dict[str, float]]:
    """Milliseconds from capture to here by percentile: all, and without the model's."""
    whole, beyond = [], []
    for one in arrivals:
        said = json.loads(one.payload)
        latency = (one.wall - datetime.fromisoformat(said["time"]).timestamp()) * 1000
        whole.append(latency)
        beyond.append(latency - said["inference_ms"])
    return _percentiles(whole), _percentiles(beyond)


def _percentiles(values: list[float]) -> dict[str, float]:
    return {f"p{hundredths}": percentile(values, hundredths / 100) or 0.0 for hundredths in (50, 95, 99)}


def _broker_options(settings: dict[str, Any]) -> list[str]:
    return ["log_dest none", *([] if settings.get("stock") else ["set_tcp_nodelay true"])]


def _config(settings: dict[str, Any], broker: Mosquitto) -> dict[str, Any]:
    camera = {"motion": {"enabled": False}, "publish": "all"}
    source = {"type": "picamera2", "size": [1280, 720], "fps": min(settings["fps"], MOST_FPS)}
    return {
        "device": "bench",
        "mqtt": {"host": broker.host, "port": broker.port},
        "model": {"path": settings["model"], "labels": settings["labels"], "threads": settings["threads"]},
        "cameras": {
            f"camera{number}": {**camera, "source": {**source, "index": number}}
            for number in range(len(settings["frames"]))
        },
    }
