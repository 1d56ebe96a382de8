"""The broker as the doctor sees it: a real mosquitto, right and wrong in every way that it can tell."""

from pathlib import Path
from typing import Any

import pytest

from edgevision.doctor.broker import Limits, look_at_broker
from edgevision.doctor.finding import Finding
from edgevision.publish.broker import BrokerSettings
from edgevision.publish.client import Publisher
from tests.doctor.cases import case
from tests.mosquitto import Mosquitto, ServerTls
from tests.publish.certificates import Certificate, make_authority, make_certificate
from tests.publish.conftest import Protocol, both_protocols
from tests.publish.scripted_broker import CONNACK_311, ScriptedBroker

_WILL_FLAG = 0b100  # of CONNECT, MQTT 5, section 3.1.2.3
PATIENT = Limits()
QUICK = Limits(connect=2.0, answer=0.5, rights=2.0)


def look(folder: Path, host: str, port: int, limits: Limits = PATIENT, **mqtt: Any) -> list[Finding]:
    return look_at_broker(case(folder, mqtt={"host": host, "port": port, **mqtt}), limits)


def statuses(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.check, finding.status) for finding in findings]


@both_protocols
def test_an_open_broker_is_right_and_nothing_is_left_on_it(
    tmp_path: Path, broker: Mosquitto, protocol: Protocol
) -> None:
    watcher = broker.subscribe("#")
    assert statuses(look(tmp_path, broker.host, broker.port, protocol=protocol)) == [
        ("broker", "ok"),
        ("broker rights", "ok"),
    ]
    topics = ["edgevision/test/doctor", "edgevision/test/front/doctor", "homeassistant/device/edgevision_test/doctor"]
    assert [(one.topic, one.payload, one.retain) for one in watcher.catch_up()] == [
        (topic, b"", False) for topic in topics
    ]
    assert broker.subscribe("#").catch_up() == []


def test_the_daemon_keeps_its_connection(tmp_path: Path, broker: Mosquitto) -> None:
    status = "edgevision/test/status"
    daemon = Publisher(BrokerSettings(broker.host, broker.port, client_id="edgevision-test"), status)
    daemon.start()
    assert daemon.connected.wait(5)
    watcher = broker.subscribe(status)
    assert statuses(look(tmp_path, broker.host, broker.port)) == [("broker", "ok"), ("broker rights", "ok")]
    assert daemon.connected.is_set()
    daemon.stop(5)
    watcher.wait_for_payload(status, b"offline")
    assert watcher.payloads(status) == [b"online", b"offline"]


@both_protocols
def test_a_wrong_password_is_told_and_not_shown(tmp_path: Path, protocol: Protocol) -> None:
    with Mosquitto(tmp_path / "broker", users={"vision": "right-one"}) as broker:
        mqtt: dict[str, Any] = {"username": "vision", "password": "wrong-one", "protocol": protocol}
        (finding,) = look(tmp_path, broker.host, broker.port, **mqtt)
        assert (finding.check, finding.status) == ("broker", "problem")
        assert finding.remedy is not None
        assert "mqtt.password" in finding.remedy
        assert "wrong-one" not in str(finding)
        right = look(tmp_path, broker.host, broker.port, **{**mqtt, "password": "right-one"})
        assert statuses(right) == [("broker", "ok"), ("broker rights", "ok")]


@both_protocols
def test_what_may_not_be_published_is_told_with_the_line_of_the_acl(tmp_path: Path, protocol: Protocol) -> None:
    acl = "user vision\ntopic readwrite edgevision/test/#\ntopic read homeassistant/status\n"
    with Mosquitto(tmp_path / "broker", users={"vision": "pw"}, acl=acl) as broker:
        mqtt: dict[str, Any] = {"username": "vision", "password": "pw", "protocol": protocol}
        login, rights = look(tmp_path, broker.host, broker.port, **mqtt)
        assert login.status == "ok"
        assert rights.status == "problem"
        assert "homeassistant/device/edgevision_test/doctor" in rights.text
        assert rights.remedy is not None
        assert "user vision, then topic readwrite homeassistant/device/edgevision_test/#" in rights.remedy
        alone = look(tmp_path, broker.host, broker.port, **mqtt, discovery=None)
        assert statuses(alone) == [("broker", "ok"), ("broker rights", "ok")]


def test_a_broker_without_mqtt_5_is_not_blamed_for_what_it_cannot_tell(tmp_path: Path) -> None:
    with ScriptedBroker(CONNACK_311) as broker:
        findings = look(tmp_path, broker.host, broker.port, QUICK, protocol="3.1.1")
    assert statuses(findings) == [("broker", "ok"), ("broker rights", "ok")]
    assert "doesn't tell" in findings[1].text


def test_a_broker_that_falls_silent_after_the_login_is_a_problem(tmp_path: Path) -> None:
    with ScriptedBroker(bytes.fromhex("20 03 00 00 00")) as broker:
        findings = look(tmp_path, broker.host, broker.port, QUICK)
        (connect,) = broker.received
    assert not connect[9] & _WILL_FLAG
    assert b"edgevision-test-doctor-" in connect
    assert findings[0].status == "ok"
    assert {finding.status for finding in findings[1:]} == {"problem"}


def test_a_port_where_nothing_listens(tmp_path: Path, broker: Mosquitto) -> None:
    broker.stop()
    (finding,) = look(tmp_path, broker.host, broker.port)
    assert finding.status == "problem"
    assert "nothing listens there" in finding.text
    assert finding.remedy is not None
    assert "mqtt.port" in finding.remedy


def test_a_name_that_is_nobodys(tmp_path: Path) -> None:
    (finding,) = look(tmp_path, "nobody-is-called.invalid", 1883)
    assert finding.status == "problem"
    assert "nobody-is-called.invalid" in finding.text


def test_a_broker_that_hangs(tmp_path: Path, broker: Mosquitto) -> None:
    broker.freeze()
    (finding,) = look(tmp_path, broker.host, broker.port, QUICK)
    assert finding.status == "problem"
    assert "didn't answer" in finding.text
    assert finding.remedy


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_authority(tmp_path_factory.mktemp("authority"), "ca")


def tls_broker(folder: Path, authority: Certificate, name: str, days: int) -> Mosquitto:
    folder.mkdir(exist_ok=True)
    certificate = make_certificate(folder, f"server-{days}", authority, name, days)
    return Mosquitto(folder / "broker", tls=ServerTls(certificate.cert, certificate.key))


@pytest.mark.parametrize(("days", "status"), [(60, "ok"), (5, "warning")])
def test_how_long_a_certificate_is_valid(tmp_path: Path, authority: Certificate, days: int, status: str) -> None:
    with tls_broker(tmp_path, authority, "DNS:localhost", days) as broker:
        findings = look(tmp_path, "localhost", broker.port, tls={"ca": str(authority.cert)})
    assert statuses(findings) == [("broker", "ok"), ("broker TLS", status), ("broker rights", "ok")]
    assert "valid until" in findings[1].text


def test_a_certificate_of_another_name_or_authority(tmp_path: Path, authority: Certificate) -> None:
    stranger = make_authority(tmp_path, "stranger")
    with tls_broker(tmp_path, authority, "DNS:elsewhere", 60) as broker:
        (named,) = look(tmp_path, "localhost", broker.port, tls={"ca": str(authority.cert)})
        (unknown,) = look(tmp_path, "localhost", broker.port, tls={"ca": str(stranger.cert)})
    assert named.status == unknown.status == "problem"
    assert "another name than localhost" in named.text
    assert "didn't sign it" in unknown.text
    assert unknown.remedy is not None
    assert "mqtt.tls.ca" in unknown.remedy


def test_tls_where_the_broker_has_none_and_none_where_it_has(
    tmp_path: Path, broker: Mosquitto, authority: Certificate
) -> None:
    (finding,) = look(tmp_path, broker.host, broker.port, QUICK, tls={})
    assert finding.status == "problem"
    assert "doesn't speak TLS" in finding.text
    with tls_broker(tmp_path / "tls", authority, "DNS:localhost", 60) as encrypted:
        (plain,) = look(tmp_path, encrypted.host, encrypted.port, QUICK)
    assert plain.status == "problem"
    assert "TLS" in str(plain)
