"""Who can't connect is told why, and what to do about it; and the publisher goes on trying."""

import logging
from pathlib import Path

import pytest

from edgevision.publish.broker import BrokerSettings
from edgevision.publish.client import Publisher, Timing
from edgevision.publish.message import Message
from tests.mosquitto import Mosquitto, wait_until
from tests.publish.conftest import QUICK, STATUS, Protocol, StartPublisher, both_protocols, wait_for_warning, warnings
from tests.publish.scripted_broker import CONNACK_5, CONNACK_311, ScriptedBroker

PASSWORD = "correct horse"
TAKEN_OVER = bytes.fromhex("e0 02 8e 00")


@pytest.fixture
def guarded(tmp_path: Path) -> Mosquitto:
    """A broker that lets one user in, who may publish on his status topic only."""
    acl = f"user joe\ntopic read #\ntopic write {STATUS}\n"
    return Mosquitto(tmp_path, users={"joe": PASSWORD}, acl=acl)


@both_protocols
def test_the_right_password_gets_in(guarded: Mosquitto, start_publisher: StartPublisher, protocol: Protocol) -> None:
    with guarded:
        publisher = start_publisher(BrokerSettings(guarded.host, guarded.port, "joe", PASSWORD, protocol=protocol))
        assert publisher.connected.wait(5.0)
        guarded.subscribe(STATUS).wait_for_payload(STATUS, b"online")


@both_protocols
def test_a_wrong_password_is_told_and_stays_secret(
    guarded: Mosquitto, start_publisher: StartPublisher, protocol: Protocol, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    settings = BrokerSettings(guarded.host, guarded.port, "joe", "wrong " + PASSWORD, protocol=protocol)
    with guarded:
        publisher = start_publisher(settings)
        wait_for_warning(caplog, "'joe'", "mqtt.password")
        assert not publisher.connected.is_set()
    assert PASSWORD not in caplog.text
    assert PASSWORD not in repr(settings)


def test_a_missing_user_name_is_told(
    guarded: Mosquitto, start_publisher: StartPublisher, caplog: pytest.LogCaptureFixture
) -> None:
    with guarded:
        start_publisher(BrokerSettings(guarded.host, guarded.port))
        wait_for_warning(caplog, "without a user name", "mqtt.username")


def test_a_topic_that_the_acl_denies_is_told_once(
    guarded: Mosquitto, start_publisher: StartPublisher, caplog: pytest.LogCaptureFixture
) -> None:
    with guarded:
        publisher = start_publisher(BrokerSettings(guarded.host, guarded.port, "joe", PASSWORD))
        assert publisher.connected.wait(5.0)
        for _ in range(3):
            publisher.publish(Message("not/mine", b"", qos=1))
        wait_for_warning(caplog, "not/mine", "ACL")
        wait_until(lambda: publisher.depth == 0, "all answers")
        assert len(warnings(caplog)) == 1


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("84", ["MQTT 5", "mqtt.protocol to 3.1.1"]),
        ("85", ["client id", "`device`"]),
        ("86", ["mqtt.password"]),
        ("87", ["not authorised"]),
        ("88", ["busy or not ready"]),
        ("8a", ["banned"]),
        ("9a", ["last will"]),
        ("95", ["Packet too large"]),
    ],
)
def test_the_reasons_of_mqtt_5_are_told_in_plain_words(
    code: str, words: list[str], start_publisher: StartPublisher, caplog: pytest.LogCaptureFixture
) -> None:
    with ScriptedBroker(bytes.fromhex(f"20 03 00 {code} 00")) as broker:
        start_publisher(BrokerSettings(broker.host, broker.port))
        wait_for_warning(caplog, *words)


@pytest.mark.parametrize(
    ("protocol", "answer", "words"),
    [
        ("5", "20 02 00 01", ["MQTT 5", "mqtt.protocol to 3.1.1"]),  # an old broker's answer to MQTT 5
        ("3.1.1", "20 02 00 02", ["client id", "`device`"]),
        ("3.1.1", "20 02 00 03", ["busy or not ready"]),
        ("3.1.1", "20 02 00 04", ["mqtt.password"]),
        ("3.1.1", "20 02 00 05", ["not authorised"]),
    ],
)
def test_the_return_codes_of_mqtt_3_are_told_in_plain_words(
    protocol: Protocol,
    answer: str,
    words: list[str],
    start_publisher: StartPublisher,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with ScriptedBroker(bytes.fromhex(answer)) as broker:
        start_publisher(BrokerSettings(broker.host, broker.port, protocol=protocol, client_id="edgevision-pi"))
        wait_for_warning(caplog, *words)


def test_a_client_id_in_use_twice_is_told_with_the_device_name(
    mosquitto: Mosquitto, start_publisher: StartPublisher, caplog: pytest.LogCaptureFixture
) -> None:
    settings = BrokerSettings(mosquitto.host, mosquitto.port, client_id="edgevision-pi")
    assert start_publisher(settings).connected.wait(5.0)
    start_publisher(settings)
    wait_for_warning(caplog, "'edgevision-pi'", "same `device` name")


def test_a_broker_that_never_answers_is_left_after_the_limit(
    start_publisher: StartPublisher, caplog: pytest.LogCaptureFixture
) -> None:
    with ScriptedBroker(b"", b"", CONNACK_5) as broker:
        publisher = start_publisher(BrokerSettings(broker.host, broker.port))
        wait_for_warning(caplog, "didn't answer within 0.5 s", "tls")
        assert publisher.connected.wait(5.0), "it goes on trying"


@pytest.mark.parametrize(
    "garbage",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x15\x03\x03\x00\x02\x02\x46",  # a TLS alert
        b"\x20\x02\x00",  # half a CONNACK, then silence
        b"\x20\xff\xff\xff\xff\xff",  # a length that never ends
        b"\x20\x00",  # a CONNACK of nothing
        b"\x20\x05\x00\x00\x7f\xff\xff",  # properties cut short
        b"\x20\x03\x00\x33\x00",  # a reason nobody knows
        b"\x40\x00\xe0\x01\x8e\x90\x00\x30\x01\x00",  # packets out of turn, cut short
        bytes(range(256)),
    ],
)
def test_garbage_never_ends_the_network_thread(
    garbage: bytes, start_publisher: StartPublisher, caplog: pytest.LogCaptureFixture
) -> None:
    with ScriptedBroker(garbage, CONNACK_5) as broker:
        publisher = start_publisher(BrokerSettings(broker.host, broker.port))
        assert publisher.connected.wait(5.0), "it goes on trying"
        assert publisher.failure is None
        assert len(warnings(caplog)) == 1


def test_a_broker_that_hangs_up_is_told_and_tried_again(
    start_publisher: StartPublisher, caplog: pytest.LogCaptureFixture
) -> None:
    with ScriptedBroker(b"", close=True) as broker:
        start_publisher(BrokerSettings(broker.host, broker.port))
        wait_for_warning(caplog, "closed the connection without an answer", "tls")
        wait_until(lambda: len(broker.received) >= 4, "more attempts")
    assert sum("without an answer" in text for text in warnings(caplog)) == 1, "told once, not at every attempt"


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("nowhere.invalid", ["nowhere.invalid", "mqtt.host"]),
        ("a..b", ["'a..b'", "mqtt.host"]),
        ("x" * 70, ["mqtt.host"]),
        ("", ["mqtt.host"]),
    ],
)
def test_a_host_that_is_none_is_told(
    host: str, words: list[str], start_publisher: StartPublisher, caplog: pytest.LogCaptureFixture
) -> None:
    publisher = start_publisher(BrokerSettings(host, 1883))
    wait_for_warning(caplog, *words)
    assert publisher.failure is None


def test_loss_and_return_are_logged_once_each(mosquitto: Mosquitto, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    publisher = Publisher(BrokerSettings(mosquitto.host, mosquitto.port), STATUS, QUICK)
    publisher.start()
    assert publisher.connected.wait(5.0)
    mosquitto.kill()
    wait_for_warning(caplog, "nothing listens there")
    mosquitto.start()
    assert publisher.connected.wait(5.0)
    assert publisher.stop(5.0)
    assert [record.levelname for record in caplog.records] == ["INFO", "WARNING", "WARNING", "INFO"]
    assert "closed the connection" in warnings(caplog)[0]


def test_a_reason_is_told_again_after_a_while(caplog: pytest.LogCaptureFixture) -> None:
    timing = Timing(answer=0.5, first_retry=0.05, longest_retry=0.05, repeat_log=0.3)
    with ScriptedBroker(b"", close=True) as broker:
        publisher = Publisher(BrokerSettings(broker.host, broker.port), STATUS, timing)
        publisher.start()
        wait_until(lambda: len(warnings(caplog)) == 2, "a second warning")
        assert len(broker.received) > 2
        publisher.stop(1.0)


def test_a_silent_broker_is_noticed_by_the_keepalive(
    start_publisher: StartPublisher, caplog: pytest.LogCaptureFixture
) -> None:
    with ScriptedBroker(CONNACK_311) as broker:
        start_publisher(BrokerSettings(broker.host, broker.port, protocol="3.1.1", keepalive=1))
        wait_for_warning(caplog, "fell silent")


def test_mqtt_3_is_never_downgraded(start_publisher: StartPublisher, caplog: pytest.LogCaptureFixture) -> None:
    with ScriptedBroker(bytes.fromhex("20 02 00 01"), CONNACK_311) as broker:
        publisher = start_publisher(BrokerSettings(broker.host, broker.port, protocol="3.1.1"))
        wait_for_warning(caplog, "3.1.1")
        assert publisher.connected.wait(5.0)
        assert all(b"\x00\x04MQTT\x04" in connect for connect in broker.received)


def test_a_session_taken_over_is_told(start_publisher: StartPublisher, caplog: pytest.LogCaptureFixture) -> None:
    with ScriptedBroker(CONNACK_5 + TAKEN_OVER) as broker:
        start_publisher(BrokerSettings(broker.host, broker.port, client_id="edgevision-pi"))
        wait_for_warning(caplog, "'edgevision-pi'", "same `device` name")
