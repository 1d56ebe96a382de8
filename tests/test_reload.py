"""A configuration that changes while the daemon runs: what is new holds, what it leaves alone goes on."""

import json
import signal
from pathlib import Path

import pytest

from tests.daemon_process import DaemonProcess
from tests.mosquitto import Mosquitto, ServerTls, wait_until
from tests.publish.certificates import make_authority, make_certificate
from tests.reloading import (
    BASE,
    assert_without_a_gap,
    camera,
    config,
    frames,
    payloads,
    running,
    wait_for_frames,
    wait_for_info,
)


@pytest.mark.parametrize("hangup", [True, False], ids=["SIGHUP", "the file's change"])
def test_a_threshold_changes_nothing_but_the_number(tmp_path: Path, broker: Mosquitto, hangup: bool) -> None:
    listener = broker.subscribe(f"{BASE}/#")
    with running(tmp_path, config(broker)) as daemon:
        wait_for_frames(listener)
        daemon.configure(config(broker, model={"threshold": 0.7}))
        if hangup:
            daemon.process.send_signal(signal.SIGHUP)
        listener.wait_for_payload(f"{BASE}/front/threshold", b"0.70", 20)
        wait_for_frames(listener, more=5)
        assert daemon.stop() == 0
    assert_without_a_gap(frames(listener))
    scores = [
        one["score"] for found in payloads(listener.messages, "front/detections")[-3:] for one in found["detections"]
    ]
    assert scores
    assert min(scores) >= 0.7
    assert daemon.log.count("frames come") == 1


def test_a_threshold_ends_nothing_that_is_open_and_the_quality_of_service_changes(
    tmp_path: Path, broker: Mosquitto
) -> None:
    listener = broker.subscribe(f"{BASE}/#")
    with running(tmp_path, config(broker)) as daemon:
        listener.wait_for(lambda messages: bool(payloads(messages, "front/events")), "a start", 20)
        listener.wait_for_payload(f"{BASE}/front/count/person", b"1")
        settings = config(broker, model={"threshold": 0.6})
        settings["mqtt"]["qos"] = 0
        daemon.configure(settings)
        listener.wait_for_payload(f"{BASE}/front/threshold", b"0.60", 20)
        wait_for_frames(listener)
        assert [event["type"] for event in payloads(listener.catch_up(), "front/events")].count("end") == 0
        assert daemon.stop() == 0
    qualities = [one.qos for one in listener.catch_up() if one.topic == f"{BASE}/front/events"]
    assert (qualities[0], qualities[-1]) == (1, 0)


def test_a_motion_gate_is_switched_off(tmp_path: Path, broker: Mosquitto) -> None:
    listener = broker.subscribe(f"{BASE}/#")
    still = {**config(broker, {"front": camera(motion={"enabled": True})})}
    with DaemonProcess(tmp_path, still, {"EDGEVISION_FAKE_CAMERA": "bars"}) as daemon:
        listener.wait_for(lambda messages: len(payloads(messages, "stats")) >= 3, "statistics", 20)
        assert len(frames(listener)) <= 2  # a look now and then
        daemon.configure(config(broker, {"front": camera(motion={"enabled": False})}))
        wait_for_frames(listener, more=5)
        assert daemon.stop() == 0


def test_a_source_that_changes_opens_that_camera_only_anew(tmp_path: Path, broker: Mosquitto) -> None:
    listener = broker.subscribe(f"{BASE}/#")
    cameras = {"front": camera(), "drive": camera(index=1)}
    with running(tmp_path, config(broker, cameras)) as daemon:
        wait_for_frames(listener, "front")
        wait_for_frames(listener, "drive")
        cameras["front"]["source"]["size"] = [640, 480]
        daemon.configure(config(broker, cameras))
        daemon.process.send_signal(signal.SIGHUP)
        listener.wait_for(
            lambda messages: any(one["frame"]["width"] == 640 for one in payloads(messages, "front/detections")),
            "frames of the new size",
            20,
        )
        wait_for_frames(listener, "drive")
        assert daemon.stop() == 0
    assert_without_a_gap(frames(listener, "drive"))
    numbers = frames(listener, "front")
    assert numbers == sorted(set(numbers)), "the camera's frames go on being counted"
    assert daemon.log.count("camera drive: frames come") == 1
    sizes = [one["frame"]["width"] for one in payloads(listener.messages, "front/detections")]
    assert sizes == sorted(sizes)


def test_zones_end_what_is_open_and_leave_the_camera_be(tmp_path: Path, broker: Mosquitto) -> None:
    listener = broker.subscribe(f"{BASE}/#")
    with running(tmp_path, config(broker)) as daemon:
        listener.wait_for(lambda messages: bool(payloads(messages, "front/events")), "an event", 20)
        all_of_it = {"polygon": [[0, 0], [1, 0], [1, 1], [0, 1]]}
        daemon.configure(config(broker, {"front": camera(zones={"yard": all_of_it})}))
        listener.wait_for(
            lambda messages: any(event["zones"] == ["yard"] for event in payloads(messages, "front/events")),
            "an event in the zone",
            20,
        )
        listener.wait_for(
            lambda messages: any(
                one.topic == f"{BASE}/front/count/person/yard" and int(one.payload) > 0 for one in messages
            ),
            "a count in the zone",
        )
        assert daemon.stop() == 0
    events = payloads(listener.catch_up(), "front/events")
    assert_without_a_gap(frames(listener))
    assert {e["track"] for e in events if e["type"] == "start"} == {e["track"] for e in events if e["type"] == "end"}


def test_cameras_come_and_go(tmp_path: Path, broker: Mosquitto) -> None:
    listener = broker.subscribe(f"{BASE}/#")
    with running(tmp_path, config(broker, {"front": camera(), "old": camera(index=1)})) as daemon:
        wait_for_frames(listener, "front")
        wait_for_frames(listener, "old")
        daemon.configure(config(broker, {"front": camera(), "new": camera(index=1)}))
        wait_for_frames(listener, "new")
        listener.wait_for_payload(f"{BASE}/old/status", b"")
        broker.publish(f"{BASE}/new/threshold/set", b"0.8")
        listener.wait_for_payload(f"{BASE}/new/threshold", b"0.80")
        wait_for_frames(listener, "front")
        late = broker.subscribe(f"{BASE}/#", "homeassistant/#")
        late.wait_for_payload(f"{BASE}/new/status", b"online")
        assert not [one for one in late.catch_up() if one.topic.startswith(f"{BASE}/old/") and one.payload]
        late.wait_for(
            lambda messages: any(
                one.topic == "homeassistant/device/edgevision_test/config" and b"/new/" in one.payload
                for one in messages
            ),
            "the new camera in Home Assistant's discovery",
        )
        assert daemon.stop() == 0
    assert_without_a_gap(frames(listener, "front"))


def test_another_model_takes_over(tmp_path: Path, broker: Mosquitto, models: Path) -> None:
    listener = broker.subscribe(f"{BASE}/#")
    with running(tmp_path, config(broker)) as daemon:
        wait_for_frames(listener)
        other = {"path": str(models / "mobilenet_v1_0.25_128_quant.tflite"), "threshold": 0.0}
        daemon.configure(config(broker, model=other))
        listener.wait_for(
            lambda messages: payloads(messages, "front/detections")[-1]["model"] == "mobilenet_v1_0.25_128_quant",
            "the other model's detections",
            20,
        )
        info = wait_for_info(listener, "mobilenet_v1_0.25_128_quant")
        assert [model["task"] for model in info["models"]] == ["classify"]
        wait_for_frames(listener)
        assert daemon.stop() == 0
    assert daemon.log.count("frames come") == 2, "a camera whose model changes starts anew"


def test_another_broker_is_gone_to(tmp_path: Path, broker: Mosquitto) -> None:
    with Mosquitto(tmp_path / "other", users={"pi": "secret"}) as other:
        listener = broker.subscribe(f"{BASE}/status")
        newcomer = other.subscribe(f"{BASE}/#")
        with running(tmp_path, config(broker)) as daemon:
            listener.wait_for_payload(f"{BASE}/status", b"online")
            account = {"host": other.host, "port": other.port, "username": "pi", "password": "secret"}
            daemon.configure(config(broker, mqtt=account))
            listener.wait_for_payload(f"{BASE}/status", b"offline", 20)
            newcomer.wait_for_payload(f"{BASE}/status", b"online")
            newcomer.wait_for_payload(f"{BASE}/front/status", b"online")
            wait_for_frames(newcomer)
            assert daemon.stop() == 0
    assert daemon.log.count("frames come") == 1


def test_another_device_starts_all_anew_in_the_same_process(tmp_path: Path, broker: Mosquitto) -> None:
    listener = broker.subscribe("edgevision/#")
    with running(tmp_path, config(broker)) as daemon:
        wait_for_frames(listener)
        daemon.configure({**config(broker), "device": "renamed"})
        listener.wait_for_payload(f"{BASE}/status", b"offline", 20)
        listener.wait_for_payload("edgevision/renamed/status", b"online")
        listener.wait_for_payload("edgevision/renamed/front/status", b"online")
        late = broker.subscribe("edgevision/#", "homeassistant/#")
        late.wait_for_payload("edgevision/renamed/front/status", b"online")
        left = {one.topic for one in late.catch_up() if one.payload and f"{BASE}/" in one.topic}
        assert left == {f"{BASE}/status"}
        assert not [one for one in late.messages if one.topic == "homeassistant/device/edgevision_test/config"]
        assert daemon.process.poll() is None
        assert daemon.stop() == 0
    assert daemon.log.count("camera front: frames come") == 2


def test_a_threshold_set_by_mqtt_does_not_come_back_once_the_file_s_was_changed(
    tmp_path: Path, broker: Mosquitto
) -> None:
    listener = broker.subscribe(f"{BASE}/#")
    with running(tmp_path, config(broker)) as daemon:
        wait_for_frames(listener)
        broker.publish(f"{BASE}/front/threshold/set", b"0.9")
        listener.wait_for_payload(f"{BASE}/front/threshold", b"0.90")
        for written in (0.7, 0.5):
            daemon.configure(config(broker, model={"threshold": written}))
            listener.wait_for_payload(f"{BASE}/front/threshold", f"{written:.2f}".encode(), 20)
        assert daemon.stop() == 0


def test_a_shorter_interval_of_the_statistics_holds_at_once(tmp_path: Path, broker: Mosquitto) -> None:
    listener = broker.subscribe(f"{BASE}/stats", f"{BASE}/front/detections")
    with running(tmp_path, config(broker, stats={"interval": 3600})) as daemon:
        wait_for_frames(listener)
        assert not payloads(listener.catch_up(), "stats")
        daemon.configure(config(broker))
        listener.wait_for(lambda messages: len(payloads(messages, "stats")) > 1, "statistics", 20)
        assert daemon.stop() == 0


@pytest.mark.parametrize("change", ["device", "state_dir"])
def test_events_that_wait_for_the_broker_are_sent_after_a_change_of_their_place(tmp_path: Path, change: str) -> None:
    # Which keeps what is for the listener, should that come back later than the daemon.
    with Mosquitto(tmp_path / "broker", persistence=True) as broker:
        listener = broker.subscribe("edgevision/#", options=["-c", "-i", "listener"])
        settings = config(broker)
        with running(tmp_path, settings) as daemon:
            listener.wait_for(lambda messages: bool(payloads(messages, "front/events")), "an event", 20)
            start = payloads(listener.messages, "front/events")[0]
            broker.stop()
            daemon.configure({**settings, change: "renamed" if change == "device" else str(tmp_path / "elsewhere")})
            wait_until(lambda: daemon.log.count("camera front: frames come") == 2, "all to start anew", 20)
            broker.start()
            listener.wait_for(
                lambda messages: any(
                    (event["type"], event["track"]) == ("end", start["track"])
                    for event in payloads(messages, "front/events")
                ),
                "the end of what was there",
            )
            assert daemon.stop() == 0
    assert not (tmp_path / "state" / "outbox-test.sqlite3").exists()


def test_what_is_changed_along_with_the_device_holds_too(tmp_path: Path, broker: Mosquitto) -> None:
    listener = broker.subscribe("edgevision/#")
    with running(tmp_path, config(broker)) as daemon:
        wait_for_frames(listener)
        daemon.configure({**config(broker), "device": "renamed", "log": {"format": "json"}})
        listener.wait_for_payload("edgevision/renamed/front/status", b"online", 20)
        assert daemon.stop() == 0
    assert json.loads(daemon.log.splitlines()[-1])["message"] == "stopped"


def test_a_certificate_that_is_renewed_under_its_name_is_used_from_the_reload_on(tmp_path: Path) -> None:
    authority = make_authority(tmp_path, "authority")
    server = make_certificate(tmp_path, "broker", authority, "IP:127.0.0.1")
    client = make_certificate(tmp_path, "client", authority)
    tls = ServerTls(server.cert, server.key, client_ca=authority.cert)
    with Mosquitto(tmp_path / "tls", tls=tls) as broker:
        settings = config(broker)
        settings["mqtt"]["tls"] = {"ca": str(authority.cert), "cert": str(client.cert), "key": str(client.key)}
        with running(tmp_path, settings) as daemon:
            wait_until(lambda: daemon.log.count("Connected to the MQTT broker") == 1, "the connection")
            (tmp_path / "renewed").mkdir()
            renewed = make_certificate(tmp_path / "renewed", "client", authority)
            renewed.key.replace(client.key)
            renewed.cert.replace(client.cert)
            daemon.process.send_signal(signal.SIGHUP)
            wait_until(lambda: daemon.log.count("Connected to the MQTT broker") == 2, "another connection", 20)
            assert daemon.stop() == 0
    assert daemon.log.count("frames come") == 1
