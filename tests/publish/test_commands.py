"""Commands: what makes sense is understood, whatever else comes is refused and harms nothing."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edgevision.publish.commands import (
    HomeAssistantBorn,
    Refused,
    SetThreshold,
    SwitchDetection,
    TakeSnapshot,
    birth_topic,
    command_topics,
    parse,
)
from edgevision.publish.topics import Topics

TOPICS = Topics("edgevision", "pi")
CAMERAS = ("front", "back")


def read(topic: str, payload: bytes) -> object:
    return parse(topic, payload, TOPICS, CAMERAS, "homeassistant")


@pytest.mark.parametrize("payload", [b"ON", b"on", b"On", b" ON\r\n"])
def test_detection_is_switched_on(payload: bytes) -> None:
    assert read("edgevision/pi/back/detect/set", payload) == SwitchDetection("back", on=True)


@pytest.mark.parametrize("payload", [b"OFF", b"off", b"\toff "])
def test_detection_is_switched_off(payload: bytes) -> None:
    assert read("edgevision/pi/front/detect/set", payload) == SwitchDetection("front", on=False)


@pytest.mark.parametrize(
    "payload", [b"", b"1", b"true", b"ONOFF", b"O N", "\uff2f\uff2e".encode(), b"ON\0", b"\xff", b"{}"]
)
def test_what_is_neither_on_nor_off_is_refused(payload: bytes) -> None:
    refused = read("edgevision/pi/front/detect/set", payload)
    assert isinstance(refused, Refused)
    assert "neither ON nor OFF" in refused.reason


@pytest.mark.parametrize(
    ("payload", "value"),
    [
        (b"0", 0.0),
        (b"0.5", 0.5),
        (b"0.50", 0.5),
        (b"1", 1.0),
        (b"1.00", 1.0),
        (b".5", 0.5),
        (b" 0.25\n", 0.25),
        (b"0.123", 0.12),
        (b"0.999", 1.0),
        (b"0" * 900 + b".7", 0.7),
    ],
)
def test_a_threshold_is_a_decimal_in_hundredths(payload: bytes, value: float) -> None:
    assert read("edgevision/pi/front/threshold/set", payload) == SetThreshold("front", value)


@pytest.mark.parametrize(
    "payload",
    [
        *(
            b"",
            b" ",
            b".",
            b"abc",
            b"1.01",
            b"2",
            b"-0.1",
            b"-0",
            b"+0.5",
            b"0,5",
            b"0. 5",
            b"5e-1",
            b"1e400",
            b"0x1",
            b"50%",
        ),
        *(
            b"0x1",
            b"50%",
            b"nan",
            b"inf",
            b"-inf",
            b"Infinity",
            b"0_1",
            b"0.5_0",
            "\u0660.\u0665".encode(),
            "\u00bd".encode(),
            b"0.5\0",
            b"\xff\xfe",
        ),
        *(b"9" * 1000, b"0.5 0.6", b"1.", b"true", b"null"),
    ],
)
def test_what_is_no_threshold_is_refused(payload: bytes) -> None:
    refused = read("edgevision/pi/front/threshold/set", payload)
    assert isinstance(refused, Refused)
    assert "no number from 0.00 to 1.00" in refused.reason


@pytest.mark.parametrize("payload", [b"", b"anything", b"\xff\x00", b"/etc/passwd", b"$(reboot)"])
def test_anything_asks_for_a_snapshot(payload: bytes) -> None:
    assert read("edgevision/pi/front/snapshot/set", payload) == TakeSnapshot("front")


@pytest.mark.parametrize(
    "topic",
    [
        "edgevision/pi/side/detect/set",
        "edgevision/pi/front/detect",
        "edgevision/pi/detect/set",
        "edgevision/other/front/detect/set",
        "edgevision/pi/front/../back/detect/set",
        "other/status",
        "",
    ],
)
def test_other_topics_are_refused(topic: str) -> None:
    assert isinstance(read(topic, b"ON"), Refused)


def test_home_assistant_is_born_and_its_end_asks_for_nothing() -> None:
    assert read("homeassistant/status", b"online") == HomeAssistantBorn()
    assert read("homeassistant/status", b"offline") is None
    assert isinstance(parse("homeassistant/status", b"online", TOPICS, CAMERAS, None), Refused)


def test_all_commands_of_all_cameras_are_listened_to() -> None:
    topics = command_topics(TOPICS, CAMERAS)
    assert len(set(topics)) == 6
    assert not any(isinstance(read(topic, b"ON"), Refused) for topic in topics if "threshold" not in topic)
    assert birth_topic("homeassistant") == "homeassistant/status"


@given(st.binary(max_size=2000))
@example(b"x" * 1_000_000)
@example(b"\x1b[2J\r\n")
def test_whatever_comes_is_told_in_one_short_line(payload: bytes) -> None:
    for command in ("detect", "threshold"):
        read_as = read(f"edgevision/pi/front/{command}/set", payload)
        if isinstance(read_as, Refused):
            assert len(read_as.reason) < 250
            assert read_as.reason.isprintable()
