"""The main job from end to end: pictures in, labelled detections at a subscriber, whatever happens in between."""

import json
import shutil
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from edgevision import __version__
from edgevision.inference.bundled import bundled_model
from edgevision.inference.model import Model
from tests.daemon_process import DaemonProcess
from tests.mosquitto import Mosquitto, Received, ServerTls, wait_until
from tests.publish.certificates import make_authority, make_certificate

PICTURES = Path(__file__).parents[1] / "edgevision" / "demo" / "pictures"
BASE = "edgevision/test"


def configuration(broker: Mosquitto, **cameras: Any) -> dict[str, Any]:
    """The bundled model on `cameras`, publishing to `broker`."""
    return {
        "device": "test",
        "mqtt": {"host": broker.host, "port": broker.port},
        "model": {"threads": 1},
        "stats": {"interval": 1},
        "state_dir": str(broker.log_path.parent / "state"),
        "cameras": cameras,
    }


def pictures(**more: Any) -> dict[str, Any]:
    """A camera that shows the bundled pictures."""
    return {"source": {"type": "images", "path": str(PICTURES), **more}}


def newest_stalled(seen: Sequence[Received]) -> dict[str, bool]:
    """What the newest statistics say of each camera: whether it is stalled."""
    stats = [json.loads(one.payload) for one in seen if one.topic == f"{BASE}/stats"]
    return {name: camera["stalled"] for name, camera in stats[-1]["cameras"].items()} if stats else {}


def test_over_tls_with_a_password_each_picture_with_detections_arrives_exactly_once(
    tmp_path: Path,
) -> None:
    authority = make_authority(tmp_path, "authority")
    certificate = make_certificate(tmp_path, "broker", authority, "IP:127.0.0.1")
    tls = ServerTls(certificate.cert, certificate.key)
    with Mosquitto(tmp_path / "broker", users={"vision": "secret"}, tls=tls) as broker:
        subscriber = broker.subscribe(f"{BASE}/#", options=["--cafile", str(authority.cert)])
        config = configuration(broker, front=pictures())
        config["mqtt"] |= {"username": "vision", "password": "secret", "tls": {"ca": str(authority.cert)}}
        with DaemonProcess(tmp_path, config) as daemon:
            assert daemon.wait() == 0, daemon.log
        subscriber.wait_for_payload(f"{BASE}/status", b"offline")
        assert "secret" not in daemon.log
    topics = [message.topic for message in subscriber.messages]
    assert topics[0] == topics[-1] == f"{BASE}/status"
    assert subscriber.payloads(f"{BASE}/status") == [b"online", b"offline"]
    payloads = [json.loads(payload) for payload in subscriber.payloads(f"{BASE}/front/detections")]
    assert [one["frame"]["source"] for one in payloads] == ["astronaut.jpg", "camera.jpg", "grace_hopper.jpg"]
    assert all([found["label"] for found in one["detections"]] == ["person"] for one in payloads)


def test_every_frame_of_a_source_that_ends_is_numbered_and_arrives(tmp_path: Path, broker: Mosquitto) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(300):
        shutil.copy(PICTURES / "chelsea.jpg", folder / f"{number}.jpg")
    subscriber = broker.subscribe(f"{BASE}/front/detections", f"{BASE}/status")
    camera = {"source": {"type": "images", "path": str(folder)}, "publish": "all"}
    with DaemonProcess(tmp_path, configuration(broker, front=camera)) as daemon:
        assert daemon.wait() == 0, daemon.log
    subscriber.wait_for_payload(f"{BASE}/status", b"offline")
    payloads = [json.loads(payload) for payload in subscriber.payloads(f"{BASE}/front/detections")]
    assert [(one["seq"], one["frame"]["source"]) for one in payloads] == [(n, f"{n}.jpg") for n in range(300)]


def test_info_and_stats_tell_what_runs_and_how(tmp_path: Path, broker: Mosquitto) -> None:
    subscriber = broker.subscribe(f"{BASE}/info", f"{BASE}/stats")
    with DaemonProcess(tmp_path, configuration(broker, front=pictures(loop=True))) as daemon:
        subscriber.wait_for(lambda seen: sum(one.topic == f"{BASE}/stats" for one in seen) >= 2, "two statistics")
        assert daemon.stop() == 0
    info = json.loads(subscriber.payloads(f"{BASE}/info")[0])
    (model,) = info["models"]
    wanted = Model(bundled_model("person")).info
    assert info["version"] == __version__
    assert info["runtime"] == wanted.runtime
    assert (model["name"], model["sha256"], model["accelerator"]) == ("person", wanted.sha256, "cpu")
    assert info["cameras"] == [{"name": "front", "source": "images", "model": "person"}]
    stats = json.loads(subscriber.payloads(f"{BASE}/stats")[1])
    front = stats["cameras"]["front"]
    assert front["capture_fps"] > 1
    assert front["inference_fps"] == pytest.approx(front["capture_fps"], rel=0.5)
    assert 0 < front["inference_ms"]["p50"] <= front["inference_ms"]["p95"]
    assert (front["dropped_frames"], front["stalled"]) == (0, False)
    assert stats["memory"] > 10_000_000
    assert stats["uptime"] > 0


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_everything_in_order_within_five_seconds(
    tmp_path: Path, broker: Mosquitto, end: signal.Signals
) -> None:
    subscriber = broker.subscribe(f"{BASE}/#")
    with DaemonProcess(tmp_path, configuration(broker, front=pictures(loop=True))) as daemon:
        subscriber.wait_for(lambda seen: any(one.topic.endswith("detections") for one in seen), "a detection")
        assert daemon.stop(end, seconds=5) == 0
    subscriber.wait_for_payload(f"{BASE}/status", b"offline")
    assert subscriber.messages[-1].topic == f"{BASE}/status"
    assert "did not stop" not in daemon.log


def test_the_broker_says_offline_when_the_daemon_is_killed(tmp_path: Path, broker: Mosquitto) -> None:
    subscriber = broker.subscribe(f"{BASE}/status")
    with DaemonProcess(tmp_path, configuration(broker, front=pictures(loop=True))) as daemon:
        subscriber.wait_for_payload(f"{BASE}/status", b"online")
        assert daemon.stop(signal.SIGKILL) == -signal.SIGKILL
    subscriber.wait_for_payload(f"{BASE}/status", b"offline")


def test_a_broker_that_is_killed_and_comes_back_is_found_again_and_a_late_subscriber_finds_everything(
    tmp_path: Path, broker: Mosquitto
) -> None:
    first = broker.subscribe(f"{BASE}/front/detections")
    with DaemonProcess(tmp_path, configuration(broker, front=pictures(loop=True))) as daemon:
        first.wait_for(bool, "a detection")
        broker.kill()
        wait_until(lambda: "closed the connection" in daemon.log, "the daemon to notice")
        broker.start()
        second = broker.subscribe(f"{BASE}/front/detections")
        second.wait_for(bool, "a detection after the restart", timeout=30)
        late = broker.subscribe(f"{BASE}/status", f"{BASE}/info")
        late.wait_for(lambda seen: len(seen) == 2, "the retained states")
        assert all(message.retain for message in late.messages)
        assert late.payloads(f"{BASE}/status") == [b"online"]
        assert daemon.stop() == 0


def test_a_source_that_ends_waits_for_a_broker_that_is_away(tmp_path: Path, broker: Mosquitto) -> None:
    broker.stop()
    with DaemonProcess(tmp_path, configuration(broker, front=pictures())) as daemon:
        wait_until(lambda: "nothing listens there" in daemon.log, "the daemon to miss the broker", timeout=30)
        broker.start()
        subscriber = broker.subscribe(f"{BASE}/front/detections")
        subscriber.wait_for(lambda seen: len(seen) == 3, "all detections", timeout=60)
        assert daemon.wait() == 0


def test_no_frame_of_a_source_that_ends_is_lost_when_the_broker_restarts_meanwhile(
    tmp_path: Path, broker: Mosquitto
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(600):
        (folder / f"{number}.jpg").symlink_to(PICTURES / "chelsea.jpg")
    # A subscriber with a session of its own would be cut off with the broker; the daemon's own count is what matters.
    config = configuration(broker, front={"source": {"type": "images", "path": str(folder)}, "publish": "all"})
    with DaemonProcess(tmp_path, config) as daemon:
        before = broker.subscribe(f"{BASE}/front/detections")
        before.wait_for(lambda seen: len(seen) > 20, "some frames")
        broker.stop()
        count = len(before.messages)
        broker.start()
        after = broker.subscribe(f"{BASE}/front/detections")
        assert daemon.wait() == 0
        after.wait_for(lambda seen: json.loads(seen[-1].payload)["seq"] == 599 if seen else False, "the last frame")
    numbers = [json.loads(message.payload)["seq"] for message in after.messages]
    assert numbers == list(range(numbers[0], 600))
    assert numbers[0] - count < 150, "what the broker had not yet passed on is all that may be missing"


def test_broken_pictures_are_skipped_with_a_warning_that_names_them_and_counted(
    tmp_path: Path, broker: Mosquitto
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    shutil.copy(PICTURES / "astronaut.jpg", folder / "2.jpg")
    (folder / "1.jpg").write_bytes(b"not a picture")
    (folder / "3.jpg").write_bytes((PICTURES / "astronaut.jpg").read_bytes()[:5000])
    subscriber = broker.subscribe(f"{BASE}/#")
    camera = {"source": {"type": "images", "path": str(folder)}}
    with DaemonProcess(tmp_path, configuration(broker, front=camera)) as daemon:
        assert daemon.wait() == 0
    subscriber.wait_for_payload(f"{BASE}/status", b"offline")
    assert len(subscriber.payloads(f"{BASE}/front/detections")) == 1
    assert "1.jpg" in daemon.log
    assert "3.jpg" in daemon.log
    stats = json.loads(subscriber.payloads(f"{BASE}/stats")[-1])
    assert stats["cameras"]["front"]["skipped_pictures"] == 2


def test_a_camera_that_fails_is_tried_again_while_the_others_go_on(tmp_path: Path, broker: Mosquitto) -> None:
    shown = tmp_path / "shown"
    subscriber = broker.subscribe(f"{BASE}/+/detections", f"{BASE}/stats")
    config = configuration(broker, pi={"source": {"type": "picamera2", "fps": 30}}, loop=pictures(loop=True))
    with DaemonProcess(tmp_path, config, env={"EDGEVISION_FAKE_CAMERA": str(shown)}) as daemon:
        subscriber.wait_for(lambda seen: any("/loop/" in one.topic for one in seen), "the other camera", timeout=30)
        wait_until(lambda: "trying again in 2 s" in daemon.log, "a second try")
        subscriber.wait_for(
            lambda seen: newest_stalled(seen) == {"pi": True, "loop": False}, "stats of a stalled camera"
        )
        assert not subscriber.payloads(f"{BASE}/pi/detections")
        shutil.copytree(PICTURES, shown)
        subscriber.wait_for(lambda seen: any("/pi/" in one.topic for one in seen), "the camera", timeout=30)
        subscriber.wait_for(lambda seen: newest_stalled(seen) == {"pi": False, "loop": False}, "stats of a mended one")
        assert daemon.stop() == 0
    payload = json.loads(subscriber.payloads(f"{BASE}/pi/detections")[0])
    assert payload["frame"] == {"width": 1280, "height": 720, "source": None}


def test_rotate_and_crop_change_what_the_model_sees_and_boxes_stay_fractions_of_the_frame(
    tmp_path: Path, broker: Mosquitto
) -> None:
    subscriber = broker.subscribe(f"{BASE}/+/detections", f"{BASE}/status")
    source = {"type": "images", "path": str(PICTURES / "grace_hopper.jpg")}
    config = configuration(
        broker,
        upright={"source": source},
        turned={"source": source, "rotate": 90, "publish": "all"},
        cropped={"source": source, "crop": [0.0, 0.0, 1.0, 0.6]},
    )
    with DaemonProcess(tmp_path, config) as daemon:
        assert daemon.wait() == 0
    subscriber.wait_for_payload(f"{BASE}/status", b"offline")
    seen = {name: json.loads(subscriber.payloads(f"{BASE}/{name}/detections")[0]) for name in config["cameras"]}
    upright, turned = seen["upright"]["frame"], seen["turned"]["frame"]
    assert (turned["width"], turned["height"]) == (upright["height"], upright["width"])
    best = seen["cropped"]["detections"][0]
    assert best["label"] == "person"
    assert best["box"]["ymax"] <= 0.61
    assert seen["cropped"]["frame"] == upright
