"""The daemon watches its threads by what they get done, and tells systemd."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
import yaml

from edgevision.capture.frame import Picture
from edgevision.capture.source import Wanted
from edgevision.config.loader import parse_config
from edgevision.daemon import inference_thread, report_thread
from edgevision.daemon.daemon import Daemon
from edgevision.daemon.models import open_models
from edgevision.daemon.notify import Notifier
from edgevision.daemon.reporter import Reporter
from edgevision.daemon.stop_request import StopRequest
from edgevision.errors import SourceError
from edgevision.inference.model import Model, Outputs
from edgevision.inference.prepared import Prepared
from tests.daemon.cameras import Found
from tests.mosquitto import Mosquitto, wait_until

PICTURE = Picture(np.zeros((8, 8, 3), np.uint8))


class Systemd(Notifier):
    """Notes what it is told."""

    def __init__(self, watchdog: float | None = None) -> None:
        super().__init__({})
        self.watchdog = watchdog
        self.told: list[str] = []

    def _send(self, state: str) -> None:
        self.told.append(state.partition("\n")[0])


class Camera:
    """Gives a picture every now and then, once `there` is set."""

    live = True
    finite = False
    skipped = 0
    opens_within = reads_within = 1.0

    def __init__(self, there: bool = True) -> None:
        self.there = threading.Event()
        if there:
            self.there.set()
        self.tries = 0

    def open(self) -> None:
        self.tries += 1

    def read(self, wanted: Wanted | None = None) -> Picture | None:
        time.sleep(0.02)
        if not self.there.is_set():
            raise SourceError("nothing is there")
        return PICTURE

    def close(self) -> None:
        pass

    def abandon(self) -> None:
        pass


running: "list[Watched]" = []


class Late(Camera):
    """Its first picture takes as long as somebody wants it to."""

    def __init__(self) -> None:
        super().__init__()
        self.comes = threading.Event()
        self.reads_within = 60.0

    def read(self, wanted: Wanted | None = None) -> Picture | None:
        self.comes.wait(30)
        return super().read(wanted)


class Watched:
    """A daemon over one camera, running in a thread until the end of the test."""

    def __init__(self, broker: Mosquitto, camera: Camera, systemd: Systemd, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("edgevision.daemon.works.make_source", lambda *_: camera)
        settings: dict[str, Any] = {
            "device": "test",
            "mqtt": {"host": broker.host, "port": broker.port},
            "state_dir": str(broker.log_path.parent / "state"),
            "cameras": {"front": {"source": {"type": "v4l2"}, "motion": {"enabled": False}}},
        }
        config = parse_config(yaml.safe_dump(settings).encode(), Path("edgevision.yaml"))
        self.stop = StopRequest()
        self.daemon = Daemon(config, open_models(config, measure_threads=False), self.stop, systemd)
        self.ended: list[bool] = []
        self.thread = threading.Thread(target=lambda: self.ended.append(self.daemon.run()), daemon=True)
        self.thread.start()
        running.append(self)


@pytest.fixture(autouse=True)
def end() -> Iterator[None]:
    """Lets no daemon outlive its test, whatever that found."""
    yield
    while running:
        watched = running.pop()
        watched.stop.make()
        watched.thread.join(15)


@pytest.fixture
def hang(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Once it is set, models come back from no frame until the end of the test."""
    hangs, over = threading.Event(), threading.Event()

    def run(model: Model, prepared: Prepared, least: float) -> Outputs:
        if hangs.is_set():
            over.wait(60)
        return Found([])

    monkeypatch.setattr(Model, "run_prepared", run)
    monkeypatch.setattr(inference_thread, "LONGEST", 0.5)
    yield hangs
    over.set()


def watch(broker: Mosquitto, camera: Camera, systemd: Systemd, monkeypatch: pytest.MonkeyPatch) -> Watched:
    return Watched(broker, camera, systemd, monkeypatch)


def test_systemd_hears_that_it_is_ready_with_the_first_frame(
    broker: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    systemd = Systemd(watchdog=4)
    watched = watch(broker, Camera(), systemd, monkeypatch)
    wait_until(lambda: "READY=1" in systemd.told, "READY")
    assert watched.daemon._works.cameras["front"].counters.captured > 0
    wait_until(lambda: systemd.told.count("WATCHDOG=1") > 1, "signs of life")
    watched.stop.make()
    watched.thread.join(10)
    assert watched.ended == [True]
    assert "STOPPING=1" in systemd.told
    assert systemd.told.count("READY=1") == 1


def test_before_that_it_is_not_ready(broker: Mosquitto, monkeypatch: pytest.MonkeyPatch) -> None:
    systemd, camera = Systemd(watchdog=0.4), Late()
    watch(broker, camera, systemd, monkeypatch)
    wait_until(lambda: systemd.told.count("WATCHDOG=1") > 3, "some looks around")
    assert "READY=1" not in systemd.told
    camera.comes.set()
    wait_until(lambda: "READY=1" in systemd.told, "READY")


def fail() -> NoReturn:
    raise KeyError("a mistake of ours")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_nobody_supervises_is_the_end_too(
    broker: Mosquitto, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    systemd = Systemd()
    watched = watch(broker, Camera(), systemd, monkeypatch)
    wait_until(lambda: "READY=1" in systemd.told, "READY")
    threading.Thread(target=fail, name="accelerator").start()
    watched.thread.join(20)
    assert watched.ended == [False]
    assert [record.getMessage() for record in caplog.records if record.exc_info] == ["accelerator died"]


def test_systemd_hears_that_it_is_ready_when_the_first_try_failed(
    broker: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    systemd, camera = Systemd(watchdog=4), Camera(there=False)
    watched = watch(broker, camera, systemd, monkeypatch)
    wait_until(lambda: "READY=1" in systemd.told, "READY")
    wait_until(lambda: systemd.told.count("WATCHDOG=1") > 1, "signs of life, for a camera that is away is no hang")
    watched.stop.make()
    watched.thread.join(10)
    assert watched.ended == [True]


def test_a_model_that_hangs_is_the_watchdog_s(
    broker: Mosquitto, monkeypatch: pytest.MonkeyPatch, hang: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    systemd = Systemd(watchdog=0.4)
    watched = watch(broker, Camera(), systemd, monkeypatch)
    wait_until(lambda: systemd.told.count("WATCHDOG=1") > 1, "signs of life")
    hang.set()
    wait_until(lambda: "a model hangs: person (at one frame for" in caplog.text, "the hang to be noticed")
    before = systemd.told.count("WATCHDOG=1")
    time.sleep(2.5)  # two looks around, and more
    assert systemd.told.count("WATCHDOG=1") == before
    assert watched.thread.is_alive()
    assert caplog.text.count("a model hangs") == 1
    watched.stop.make()
    watched.thread.join(20)
    assert watched.daemon.hung == ["inference person"]


def test_without_a_watchdog_a_model_that_hangs_is_the_end(
    broker: Mosquitto, monkeypatch: pytest.MonkeyPatch, hang: threading.Event
) -> None:
    systemd = Systemd()
    watched = watch(broker, Camera(), systemd, monkeypatch)
    wait_until(lambda: "READY=1" in systemd.told, "READY")
    hang.set()
    watched.thread.join(20)
    assert watched.ended == [False]


@pytest.mark.parametrize("part", ["_look", "_report", "_tell_counts"])
def test_a_report_that_fails_again_and_again_is_the_end_in_order(
    broker: Mosquitto, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, part: str
) -> None:
    subscriber = broker.subscribe("edgevision/test/status")
    monkeypatch.setattr(Reporter, "start", lambda _: None)
    monkeypatch.setattr(Reporter, part, lambda *_: fail())
    watched = watch(broker, Camera(), Systemd(), monkeypatch)
    watched.thread.join(20)
    assert watched.ended == [False]
    assert [record.getMessage() for record in caplog.records if record.exc_info] == ["report person died"]
    subscriber.wait_for_payload("edgevision/test/status", b"offline")


def test_a_report_that_hangs_is_noticed_though_no_frame_comes_any_more(
    broker: Mosquitto, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    telling, over = threading.Event(), threading.Event()

    def hang(*_: object) -> None:
        telling.set()
        over.wait(60)

    monkeypatch.setattr(Reporter, "inferred", hang)
    monkeypatch.setattr(report_thread, "LONGEST", 0.5)
    systemd, camera = Systemd(), Late()
    watched = watch(broker, camera, systemd, monkeypatch)
    monkeypatch.setattr(Camera, "read", lambda *_: PICTURE if not telling.wait(0.02) else over.wait(60) and PICTURE)
    camera.comes.set()
    watched.thread.join(20)
    assert watched.ended == [False]
    assert "a model hangs: person (telling of one frame for" in caplog.text
    assert watched.daemon.hung[-1:] == ["report person"]
    over.set()


def test_a_camera_that_can_not_be_had_back_is_the_end(broker: Mosquitto, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgevision.daemon.recovery.AWAY_AT_MOST", 0.5)
    camera = Camera()
    watched = watch(broker, camera, Systemd(), monkeypatch)
    wait_until(lambda: bool(watched.daemon._works.cameras) and watched.daemon._works.tried, "the first frame")
    camera.there.clear()
    watched.thread.join(20)
    assert watched.ended == [False]


def test_the_end_is_not_kept_waiting_by_all_the_wishes_before_it() -> None:
    stop = StopRequest()
    for _ in range(10_000):
        stop.reload()
    stop.make()
    assert stop.wait(0)
    assert stop.take_reload()
    assert not stop.take_reload()
