"""From moving pictures to events at a subscriber: the whole daemon on clips with known truth."""

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tests.daemon_process import DaemonProcess
from tests.mosquitto import Mosquitto, Received, wait_until
from tests.moving_pictures import DEMO, Walker, frames, somebody, walk, write_clip
from tests.test_main_job import BASE, configuration

FPS = 10.0
EVENTS = f"{BASE}/front/events"
DISCOVERY = "homeassistant/device/edgevision_test/config"


def clip_of(folder: Path, walkers: list[Walker], seconds: float, bar: tuple[int, int] | None = None) -> dict[str, Any]:
    """A camera that shows a clip of `walkers` once."""
    path = folder / "clip.avi"
    write_clip(path, frames(walkers, seconds, FPS, bar), FPS)
    return {"source": {"type": "video", "path": str(path)}}


def lives(events: list[dict[str, Any]]) -> dict[str, list[str]]:
    """The types of each track's events, in order."""
    by_track: dict[str, list[str]] = {}
    for event in events:
        by_track.setdefault(event["track"], []).append(event["type"])
    return by_track


def run_to_its_end(folder: Path, broker: Mosquitto, camera: dict[str, Any], qos: int = 1) -> list[Received]:
    """Everything that a subscriber gets of a camera whose source ends; events come with `qos`."""
    subscriber = broker.subscribe(f"{BASE}/#")
    config = configuration(broker, front=camera)
    config["mqtt"]["qos"] = qos
    with DaemonProcess(folder, config) as daemon:
        assert daemon.wait() == 0, daemon.log
    return subscriber.wait_for_payload(f"{BASE}/status", b"offline")


def told_at(message: Received) -> datetime:
    """The time of an event."""
    return datetime.fromisoformat(json.loads(message.payload)["time"])


def of(messages: list[Received], topic: str) -> list[Any]:
    """The JSON that came on a topic of the camera."""
    return [json.loads(one.payload) for one in messages if one.topic == f"{BASE}/front/{topic}"]


def test_somebody_who_walks_through_a_zone_comes_is_there_and_goes(tmp_path: Path, broker: Mosquitto) -> None:
    passer_by = Walker(somebody(), walk(1.0, 6.0, [(80, 350), (560, 350)]))
    camera = clip_of(tmp_path, [passer_by], 10.0)
    camera["source"]["realtime"] = True  # of counts that change faster than events are stored only the newest is told
    camera["zones"] = {"middle": {"polygon": [[0.4, 0.5], [0.6, 0.5], [0.6, 1], [0.4, 1]], "labels": ["person"]}}
    messages = run_to_its_end(tmp_path, broker, camera)
    events = of(messages, "events")
    assert {message.qos for message in messages if message.topic == EVENTS} == {1}
    (types,) = lives(events).values()
    assert (types[0], types[-1]) == ("start", "end")
    assert types.count("start") == types.count("end") == 1
    assert [event["zones"] for event in events if event["type"] != "update"] == [[], []]
    changes = [event["zones"] for event in events]
    assert changes.index(["middle"]) < len(changes) - 1
    assert events[-1]["entered_zones"] == ["middle"]
    assert [event["id"] for event in events] == [f"{events[0]['track']}-{number}" for number in range(len(events))]
    assert of(messages, "count/person") == [0, 1, 0]
    assert of(messages, "count/person/middle") == [0, 1, 0]
    # What a subscriber sees first of it is the event; then its count, and its picture.
    topics = [message.topic.removeprefix(f"{BASE}/front/") for message in messages]
    start, picture = topics.index("events"), topics.index("snapshot")
    assert start < topics.index("count/person", start) < picture
    shown = cv2.imdecode(np.frombuffer(messages[picture].payload, np.uint8), cv2.IMREAD_COLOR)
    assert shown is not None
    assert shown.shape == (360, 640, 3)
    tracks = {entry.get("track") for one in of(messages, "detections") for entry in one["detections"]}
    assert tracks - {None} == {events[0]["track"]}


def test_people_who_cross_and_hide_behind_a_bar_stay_who_they_are(tmp_path: Path, broker: Mosquitto) -> None:
    there = Walker(somebody(150), walk(0.5, 6.0, [(90, 200), (550, 200)]))
    back = Walker(somebody(190), walk(1.0, 6.0, [(550, 355), (90, 355)]))
    messages = run_to_its_end(tmp_path, broker, clip_of(tmp_path, [there, back], 10.0, bar=(440, 480)))
    told = lives(of(messages, "events"))
    assert len(told) == 2
    assert all(types[0] == "start" and types[-1] == "end" and types.count("start") == 1 for types in told.values())
    assert max(of(messages, "count/person")) == 2


def test_who_is_still_there_at_the_end_of_the_source_ends_with_it(tmp_path: Path, broker: Mosquitto) -> None:
    sitter = Walker(somebody(), walk(0.0, 99.0, [(300, 350), (300, 350)]))
    messages = run_to_its_end(tmp_path, broker, clip_of(tmp_path, [sitter], 3.0), qos=0)
    events = of(messages, "events")
    assert {message.qos for message in messages if message.topic == EVENTS} == {0}
    assert [event["type"] for event in events] == ["start", "end"]
    assert events[0]["end"] is None
    assert events[1]["end"] >= events[1]["start"]


def test_a_looped_clip_has_as_many_events_as_loops_times_its_truth(tmp_path: Path, broker: Mosquitto) -> None:
    loops, seconds = 15, 6.0
    walker = Walker(somebody(), walk(0.5, 2.0, [(90, 350), (550, 350)]))
    camera = clip_of(tmp_path, [walker], seconds)
    camera["source"]["loop"] = True
    camera["publish"] = "all"
    subscriber = broker.subscribe(EVENTS, f"{BASE}/front/detections")
    with DaemonProcess(tmp_path, configuration(broker, front=camera)) as daemon:
        last = loops * round(seconds * FPS) - 1
        subscriber.wait_for(
            lambda seen: any(b'"seq":%d,' % last in one.payload for one in seen[-20:]), f"frame {last}", timeout=90
        )
        assert daemon.stop() == 0, daemon.log
    subscriber.catch_up()
    told = lives([json.loads(payload) for payload in subscriber.payloads(EVENTS)])
    by_frame = [json.loads(payload) for payload in subscriber.payloads(f"{BASE}/front/detections")]
    in_time = {entry.get("track") for one in by_frame if one["seq"] <= last for entry in one["detections"]} - {None}
    assert len(in_time) == loops
    assert all((types[0], types[-1]) == ("start", "end") for types in told.values())


def shown_for_ever(folder: Path) -> dict[str, Any]:
    """A camera before which somebody sits."""
    path = folder / "sitting.avi"
    sitter = Walker(somebody(), walk(0.0, 99.0, [(300, 350), (300, 350)]))
    write_clip(path, frames([sitter], 2.0, FPS), FPS)
    return {"source": {"type": "video", "path": str(path), "loop": True, "realtime": True}}


def test_detection_is_switched_by_the_topic_that_discovery_names_and_stays_off_over_a_kill(
    tmp_path: Path, broker: Mosquitto
) -> None:
    subscriber = broker.subscribe(f"{BASE}/#", "homeassistant/#")
    config = configuration(broker, front=shown_for_ever(tmp_path))
    with DaemonProcess(tmp_path, config) as daemon:
        subscriber.wait_for_payload(f"{BASE}/front/count/person", b"1", timeout=30)
        subscriber.wait_for(lambda seen: any(one.topic == DISCOVERY for one in seen), "discovery")
        (discovery,) = subscriber.payloads(DISCOVERY)
        broker.publish("homeassistant/status", b"online")
        subscriber.wait_for(lambda seen: sum(one.topic == DISCOVERY for one in seen) == 2, "all again at a birth")
        switch = json.loads(discovery)["components"]["detection--front"]
        broker.publish(switch["command_topic"], b"OFF")
        subscriber.wait_for_payload(switch["state_topic"], b"OFF")
        subscriber.wait_for_payload(f"{BASE}/front/count/person", b"0")
        assert [json.loads(payload)["type"] for payload in subscriber.payloads(EVENTS)] == ["start", "end"]
        daemon.process.kill()
        subscriber.wait_for_payload(f"{BASE}/status", b"offline")  # its last will comes after all that it had written
    with DaemonProcess(tmp_path, config) as daemon:
        wait_until(lambda: "detection is OFF, as was set" in daemon.log, "what was set to be read")
        so_far = len(subscriber.payloads(f"{BASE}/stats"))
        subscriber.wait_for(lambda seen: sum(one.topic == f"{BASE}/stats" for one in seen) >= so_far + 3, "statistics")
        stats = [json.loads(payload)["cameras"]["front"] for payload in subscriber.payloads(f"{BASE}/stats")[so_far:]]
        assert stats[-1]["capture_fps"] > 0
        assert not any(one["inference_fps"] for one in stats)
        broker.publish(f"{BASE}/front/detect/set", b"ON")
        subscriber.wait_for_payload(f"{BASE}/front/count/person", b"1", timeout=30)
        assert daemon.stop() == 0, daemon.log
    subscriber.catch_up()
    # After a crash one may come twice, with the same id.
    types = {event["id"]: event["type"] for event in map(json.loads, subscriber.payloads(EVENTS))}
    assert list(types.values()) == ["start", "end", "start", "end"]


def test_the_threshold_and_a_picture_are_had_by_mqtt_and_nonsense_changes_nothing(
    tmp_path: Path, broker: Mosquitto
) -> None:
    subscriber = broker.subscribe(f"{BASE}/front/#")
    with DaemonProcess(tmp_path, configuration(broker, front=shown_for_ever(tmp_path))) as daemon:
        subscriber.wait_for_payload(f"{BASE}/front/count/person", b"1", timeout=30)
        broker.publish(f"{BASE}/front/threshold/set", b"abc")
        broker.publish(f"{BASE}/front/threshold/set", b"1.00")
        subscriber.wait_for_payload(f"{BASE}/front/threshold", b"1.00")
        for state in (b"OFF", b"ON"):  # what was followed before would still be
            broker.publish(f"{BASE}/front/detect/set", state)
        subscriber.wait_for_payload(f"{BASE}/front/count/person", b"0")
        subscriber.catch_up()
        pictures = len(subscriber.payloads(f"{BASE}/front/snapshot"))
        broker.publish(f"{BASE}/front/snapshot/set", b"now")
        subscriber.wait_for(
            lambda seen: sum(one.topic == f"{BASE}/front/snapshot" for one in seen) == pictures + 1, "a picture"
        )
        assert daemon.log.count("is no number from 0.00 to 1.00") == 1
        assert daemon.stop() == 0, daemon.log
    subscriber.catch_up()
    assert subscriber.payloads(f"{BASE}/front/threshold") == [b"0.50", b"1.00"]
    assert [json.loads(payload)["type"] for payload in subscriber.payloads(EVENTS)] == ["start", "end"]


def test_events_reach_a_broker_that_was_away(tmp_path: Path, broker: Mosquitto) -> None:
    subscriber = broker.subscribe(EVENTS)
    path = tmp_path / "walks.avi"
    walker = Walker(somebody(), walk(0.2, 1.0, [(90, 350), (550, 350)]))
    write_clip(path, frames([walker], 4.0, FPS), FPS)
    camera = {"source": {"type": "video", "path": str(path), "loop": True, "realtime": True}}
    with DaemonProcess(tmp_path, configuration(broker, front=camera)) as daemon:
        subscriber.wait_for(lambda seen: len(seen) >= 2, "the first to come and go", timeout=30)
        broker.stop()
        left = datetime.now(UTC)
        time.sleep(5)  # somebody walks through meanwhile
        back = datetime.now(UTC)
        broker.start()
        subscriber.wait_for(
            lambda seen: any(left < told_at(one) < back for one in seen),
            "what happened meanwhile",
            timeout=40,
        )
        subscriber.wait_for(lambda seen: told_at(seen[-1]) > back, "events after the broker is back", timeout=40)
        assert daemon.stop() == 0, daemon.log
    told = lives([json.loads(one.payload) for one in subscriber.catch_up()])
    assert all((types[0], types[-1]) == ("start", "end") for types in told.values())


def test_while_nothing_moves_before_a_pi_camera_the_model_rests(tmp_path: Path, broker: Mosquitto) -> None:
    subscriber = broker.subscribe(f"{BASE}/stats", f"{BASE}/front/detections", EVENTS)
    camera = {"source": {"type": "picamera2", "size": [640, 360], "fps": 20}, "publish": "all"}
    environment = {"EDGEVISION_FAKE_CAMERA": str(DEMO / "chelsea.jpg")}
    with DaemonProcess(tmp_path, configuration(broker, front=camera), environment) as daemon:
        subscriber.wait_for(lambda seen: sum(one.topic == f"{BASE}/stats" for one in seen) >= 6, "statistics")
        assert daemon.stop() == 0, daemon.log
    subscriber.catch_up()
    stats = [json.loads(payload)["cameras"]["front"] for payload in subscriber.payloads(f"{BASE}/stats")]
    assert all(one["capture_fps"] > 10 for one in stats[1:5])
    assert sum(one["inference_fps"] for one in stats[2:5]) < 1
    assert subscriber.payloads(EVENTS) == []
