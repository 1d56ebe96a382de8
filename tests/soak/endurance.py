"""One daemon at full speed for a long time, and every ten seconds something fails."""

import json
import random
import sched
import signal
import statistics
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.conftest import SHARED
from tests.daemon_process import DaemonProcess
from tests.soak.footprint import Quarters, Sample, quarters, sample
from tests.soak.stage import BASE, Fault, Stage
from tests.soak.verdict import Verdict

_EVERY = 10.0
_LASTS = (1.0, 9.5)

_CAMERA_RESTS = 240.0
"""Seconds between two failures of the camera: the fourth within ten minutes would end the daemon, as it should."""

_LONG_ENOUGH = 600.0
"""Seconds from which on what the daemon takes must be flat."""

_COMPILED = SHARED / "models" / "mobilenet_v1_0.25_128_quant_edgetpu.tflite"


@dataclass(frozen=True, slots=True)
class EnduranceFigures:
    """What happened; `faults` by name, `fps` and `cpu` (a share of one core) of all the time."""

    seconds: float
    faults: Counter[str]
    fps: float
    cpu: float
    recoveries: int
    """Of the camera."""
    sessions_lost: int
    left: tuple[int, int]
    quarters: list[Quarters]
    verdict: Verdict

    @property
    def broken(self) -> list[str]:
        """The promises that were broken."""
        events, tracks = self.left
        rest = [f"{events} events and {tracks} open tracks are left in the outbox"] if events or tracks else []
        if self.seconds >= _LONG_ENOUGH:
            rest += [
                f"{one.name}: {one.growth:+.1%} from second to last quarter" for one in self.quarters if not one.flat
            ]
        return self.verdict.broken + rest


@dataclass(slots=True)
class _Run:
    """The daemon under trial and what can be done to it."""

    stage: Stage
    daemon: DaemonProcess
    config: dict[str, Any]
    chance: random.Random
    samples: list[Sample] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    camera_failed: float = float("-inf")

    def next_fault(self) -> Fault:
        """The camera as often as it may, else anything."""
        if time.monotonic() - self.camera_failed >= _CAMERA_RESTS:
            self.camera_failed = time.monotonic()
            return self._camera(self.chance.choice(("stalled", "failing", "broken", "no_camera stalled")))
        return self.chance.choice([*self.stage.outages(), *self._reloads(), *self._commands()])

    def _camera(self, fault: str) -> Fault:
        path = self.stage.folder / "faults"
        return Fault(f"camera {fault}", lambda: path.write_text(fault), lambda: path.write_text(""))

    def _reloads(self) -> list[Fault]:
        def other_threshold() -> None:
            model = self.config["model"]
            model["threshold"] = 0.45 if model.get("threshold") == 0.5 else 0.5
            self._reload()

        return [
            Fault("threshold changed in the file", other_threshold, lambda: None),
            Fault(
                "file broken",
                lambda: self.daemon.config.write_text("cameras: {clip: {source: {type: vide"),
                self._reload,
            ),
        ]

    def _reload(self) -> None:
        self.daemon.configure(self.config)
        self.daemon.process.send_signal(signal.SIGHUP)

    def _commands(self) -> list[Fault]:
        def tell(what: str, payload: bytes) -> Callable[[], object]:
            return lambda: self.stage.broker.publish(f"{BASE}/{what}/set", payload)

        return [
            Fault("detection switched off", tell("clip/detect", b"OFF"), tell("clip/detect", b"ON")),
            Fault("threshold by MQTT", tell("clip/threshold", b"0.60"), tell("clip/threshold", b"0.50")),
            Fault("nonsense by MQTT", tell("clip/threshold", b"abc"), tell("pi/snapshot", b"now")),
        ]


def endure(stage: Stage, seconds: float, chance: random.Random, say: Callable[[str], None]) -> EnduranceFigures:
    """Run for so long; `say` takes a line each minute. Raises AssertionError when the daemon ends of its own accord."""
    config = stage.configuration({"clip": stage.clip, "pi": _pi()})
    environment = {
        "EDGEVISION_FAKE_CAMERA": str(stage.folder / "pictures"),
        "EDGEVISION_FAKE_CAMERA_FAULTS": str(stage.folder / "faults"),
    }
    (stage.folder / "faults").write_text("")
    with stage.daemon(config["cameras"], environment) as daemon:
        run = _Run(stage, daemon, config, chance)
        _play(run, seconds, say)
        assert daemon.stop(seconds=20) == 0, daemon.log
        recoveries = daemon.log.count("camera pi: frames come") - 1
    last = run.samples[-1]
    return EnduranceFigures(
        seconds=seconds,
        faults=run.faults,
        fps=_frame_rate(stage.subscriber.stats),
        cpu=last.cpu / seconds,
        recoveries=recoveries,
        quarters=quarters(run.samples),
        verdict=stage.verdict(),
        sessions_lost=stage.subscriber.sessions_lost,
        left=stage.witness.left(),
    )


def _play(run: _Run, seconds: float, say: Callable[[str], None]) -> None:
    schedule = sched.scheduler(time.monotonic, time.sleep)
    started = time.monotonic()
    subscriber = run.stage.subscriber

    def look() -> None:
        status = run.daemon.process.poll()
        assert status is None, f"the daemon ended with {status}: {run.daemon.log[-5000:]}"
        run.samples.append(sample(run.daemon.process.pid))

    def fail() -> None:
        fault = run.next_fault()
        run.faults[fault.name] += 1
        fault.begin()
        schedule.enter(run.chance.uniform(*_LASTS), 0, fault.end)

    def tell() -> None:
        now, minutes = run.samples[-1], (time.monotonic() - started) / 60
        say(
            f"{minutes:5.1f} min: {now.memory / 1e6:.1f} MB, {now.threads} threads, {now.files} files,"
            f" {now.cpu / minutes / 60:.2f} CPU s/s, {len(subscriber.events)} arrived, {run.faults.total()} faults"
        )

    for second in range(1, int(seconds)):
        schedule.enterabs(started + second, 1, look)
        if second % 60 == 0:
            schedule.enterabs(started + second, 2, tell)
        if second % _EVERY == 0 and second + _EVERY < seconds:
            schedule.enterabs(started + second, 0, fail)
    schedule.run()


def _pi() -> dict[str, Any]:
    camera: dict[str, Any] = {
        "source": {"type": "picamera2", "size": [640, 360], "fps": 10},
        "events": {"min_hits": 1, "max_lost": 0.3},
    }
    if _COMPILED.is_file():  # there is no Edge TPU: it is looked for again and again
        camera["model"] = {"path": str(_COMPILED.absolute()), "accelerator": "edgetpu", "threshold": 0.2}
    return camera


def _frame_rate(stats: list[bytes]) -> float:
    """The median, of all cameras together."""
    cameras = [json.loads(payload)["cameras"].values() for payload in stats]
    return float(statistics.median(sum(camera["inference_fps"] for camera in one) for one in cameras))
