"""Topics are those of the contract, whatever a label is called."""

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgevision.publish.message import Message
from edgevision.publish.topics import Topics, level
from tests.mosquitto import Mosquitto
from tests.publish.conftest import StartPublisher, settings

TOPICS = Topics("edgevision", "porch-pi")


def test_topics_are_those_of_the_contract() -> None:
    topics = TOPICS
    assert topics.base == "edgevision/porch-pi"
    assert topics.status == "edgevision/porch-pi/status"
    assert topics.info == "edgevision/porch-pi/info"
    assert topics.stats == "edgevision/porch-pi/stats"
    assert topics.camera_status("front") == "edgevision/porch-pi/front/status"
    assert topics.detections("front") == "edgevision/porch-pi/front/detections"
    assert topics.embedding("front") == "edgevision/porch-pi/front/embedding"
    assert topics.events("front") == "edgevision/porch-pi/front/events"
    assert topics.count("front", "person") == "edgevision/porch-pi/front/count/person"
    assert topics.count("front", "person", "drive") == "edgevision/porch-pi/front/count/person/drive"
    assert topics.snapshot("front") == "edgevision/porch-pi/front/snapshot"
    assert topics.snapshot_set("front") == "edgevision/porch-pi/front/snapshot/set"
    assert topics.detect("front") == "edgevision/porch-pi/front/detect"
    assert topics.detect_set("front") == "edgevision/porch-pi/front/detect/set"
    assert topics.threshold("front") == "edgevision/porch-pi/front/threshold"
    assert topics.threshold_set("front") == "edgevision/porch-pi/front/threshold/set"


@pytest.mark.parametrize(
    ("label", "escaped"),
    [
        ("person", "person"),
        ("traffic light", "traffic light"),
        ("Löwe 🦁", "Löwe 🦁"),
        ("$SYS", "$SYS"),
        ("a/b", "a%2Fb"),
        ("c++ #1", "c%2B%2B %231"),
        ("100 %", "100 %25"),
        ("%2F", "%252F"),
        ("a\0b\n\x7f", "a%00b%0A%7F"),
        ("\x85", "%C2%85"),
        ("\uffff \U0001fffe \ufdd0", "%EF%BF%BF %F0%9F%BF%BE %EF%B7%90"),
        ("\udce9", "%ED%B3%A9"),
    ],
)
def test_a_label_is_one_level_of_a_topic(label: str, escaped: str) -> None:
    assert level(label) == escaped


@given(st.text(st.characters(exclude_categories=())))
def test_a_label_can_be_read_back_from_its_topic(label: str) -> None:
    topic = TOPICS.count("front", label)
    Message(topic, b"")
    assert topic.split("/")[:-1] == ["edgevision", "porch-pi", "front", "count"]
    assert unquote(topic.split("/")[-1], errors="surrogatepass") == label


def test_a_broker_takes_any_label(mosquitto: Mosquitto, start_publisher: StartPublisher) -> None:
    odd = "".join(map(chr, range(0x20))) + "+#/%\x7f\x85\ufdd0\ufeff\uffff\U0010ffff\ud800"
    topic = TOPICS.count("front", odd)
    publisher = start_publisher(settings(mosquitto))
    assert publisher.connected.wait(5.0)
    publisher.announce(Message(topic, b"1", qos=1))
    mosquitto.subscribe(f"{TOPICS.base}/front/count/+").wait_for_payload(topic, b"1")
