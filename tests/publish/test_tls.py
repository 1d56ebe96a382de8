"""TLS: verified always, with client certificates where the broker asks for them."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from edgevision.errors import ConfigError
from edgevision.publish.broker import BrokerSettings, TlsFiles
from edgevision.publish.client import Publisher
from tests.mosquitto import Mosquitto, ServerTls, wait_until
from tests.publish.certificates import Certificate, has_expired, make_authority, make_certificate, protect_key
from tests.publish.conftest import STATUS, Protocol, StartPublisher, both_protocols, wait_for_warning


@dataclass(frozen=True, slots=True)
class Certificates:
    """Two authorities; for each a client. The server's is for `localhost` and nothing else."""

    ca: Certificate
    other_ca: Certificate
    server: Certificate
    expired_server: Certificate
    client: Certificate
    other_client: Certificate


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder = tmp_path_factory.mktemp("certificates")
    ca, other_ca = make_authority(folder, "ca"), make_authority(folder, "other-ca")
    expired = make_certificate(folder, "expired-server", ca, "DNS:localhost", days=0)
    wait_until(lambda: has_expired(expired), "the certificate to expire")
    return Certificates(
        ca,
        other_ca,
        make_certificate(folder, "server", ca, "DNS:localhost"),
        expired,
        make_certificate(folder, "client", ca),
        make_certificate(folder, "other-client", other_ca),
    )


@pytest.fixture
def server_tls(certificates: Certificates) -> ServerTls:
    return ServerTls(certificates.server.cert, certificates.server.key)


def localhost(broker: Mosquitto, tls: TlsFiles | None, protocol: Protocol = "5") -> BrokerSettings:
    return BrokerSettings("localhost", broker.port, tls=tls, protocol=protocol)


@both_protocols
def test_the_right_authority_gets_through_and_the_goodbye_too(
    tmp_path: Path,
    certificates: Certificates,
    server_tls: ServerTls,
    start_publisher: StartPublisher,
    protocol: Protocol,
) -> None:
    with Mosquitto(tmp_path, tls=server_tls) as broker:
        subscriber = broker.subscribe(STATUS, options=["--cafile", str(certificates.ca.cert), "--insecure"])
        publisher = start_publisher(localhost(broker, TlsFiles(certificates.ca.cert), protocol))
        subscriber.wait_for_payload(STATUS, b"online")
        assert publisher.stop(5.0)
        subscriber.wait_for_payload(STATUS, b"offline")


def test_a_wrong_authority_is_refused_and_told(
    tmp_path: Path,
    certificates: Certificates,
    server_tls: ServerTls,
    start_publisher: StartPublisher,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with Mosquitto(tmp_path, tls=server_tls) as broker:
        publisher = start_publisher(localhost(broker, TlsFiles(certificates.other_ca.cert)))
        wait_for_warning(caplog, "other-ca.pem didn't sign it", "mqtt.tls.ca")
        assert not publisher.connected.is_set()


def test_the_system_authorities_are_asked_when_none_is_named(
    tmp_path: Path, server_tls: ServerTls, start_publisher: StartPublisher, caplog: pytest.LogCaptureFixture
) -> None:
    with Mosquitto(tmp_path, tls=server_tls) as broker:
        publisher = start_publisher(localhost(broker, TlsFiles()))
        wait_for_warning(caplog, "the system's authorities didn't sign it", "mqtt.tls.ca")
        assert not publisher.connected.is_set()


def test_a_wrong_host_name_is_refused_and_told(
    tmp_path: Path,
    certificates: Certificates,
    server_tls: ServerTls,
    start_publisher: StartPublisher,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with Mosquitto(tmp_path, tls=server_tls) as broker:
        publisher = start_publisher(BrokerSettings("127.0.0.1", broker.port, tls=TlsFiles(certificates.ca.cert)))
        wait_for_warning(caplog, "another name than 127.0.0.1", "mqtt.host")
        assert not publisher.connected.is_set()


def test_an_expired_certificate_is_refused_and_told(
    tmp_path: Path, certificates: Certificates, start_publisher: StartPublisher, caplog: pytest.LogCaptureFixture
) -> None:
    expired = ServerTls(certificates.expired_server.cert, certificates.expired_server.key)
    with Mosquitto(tmp_path, tls=expired) as broker:
        start_publisher(localhost(broker, TlsFiles(certificates.ca.cert)))
        wait_for_warning(caplog, "expired", "clock")


def test_a_client_certificate_gets_in_where_one_is_asked_for(
    tmp_path: Path, certificates: Certificates, start_publisher: StartPublisher, caplog: pytest.LogCaptureFixture
) -> None:
    server, ca = certificates.server, certificates.ca.cert
    client, stranger = certificates.client, certificates.other_client
    with Mosquitto(tmp_path, tls=ServerTls(server.cert, server.key, client_ca=ca)) as broker:
        assert start_publisher(localhost(broker, TlsFiles(ca, client.cert, client.key))).connected.wait(5.0)
        start_publisher(localhost(broker, TlsFiles(ca)))
        wait_for_warning(caplog, "certificate required", "mqtt.tls.cert")
        start_publisher(localhost(broker, TlsFiles(ca, stranger.cert, stranger.key)))
        wait_for_warning(caplog, "check that the broker trusts", "other-client.pem")


def test_a_renewed_certificate_is_taken_without_a_restart_and_files_that_are_no_use_are_tried_again(
    tmp_path: Path, certificates: Certificates, start_publisher: StartPublisher, caplog: pytest.LogCaptureFixture
) -> None:
    server, ca = certificates.server, certificates.ca.cert
    cert, key = tmp_path / "client.pem", tmp_path / "client.key"

    def install(client: Certificate) -> None:
        shutil.copy(client.cert, cert)
        shutil.copy(client.key, key)

    install(certificates.other_client)
    with Mosquitto(tmp_path / "broker", tls=ServerTls(server.cert, server.key, client_ca=ca)) as broker:
        publisher = start_publisher(localhost(broker, TlsFiles(ca, cert, key)))
        wait_for_warning(caplog, "check that the broker trusts")
        key.write_text("half writ")
        wait_for_warning(caplog, "client.pem with the key", "can't be used")
        install(certificates.client)
        assert publisher.connected.wait(10.0)
        assert publisher.failure is None


def test_a_plain_client_on_a_tls_port_is_told_to_use_tls(
    tmp_path: Path, server_tls: ServerTls, start_publisher: StartPublisher, caplog: pytest.LogCaptureFixture
) -> None:
    with Mosquitto(tmp_path, tls=server_tls) as broker:
        start_publisher(localhost(broker, tls=None))
        wait_for_warning(caplog, "tls: {}")


def test_a_tls_client_on_a_plain_port_is_told_so(
    mosquitto: Mosquitto, start_publisher: StartPublisher, caplog: pytest.LogCaptureFixture
) -> None:
    start_publisher(localhost(mosquitto, TlsFiles()))
    wait_for_warning(caplog, f"doesn't speak TLS on port {mosquitto.port}", "8883")


def test_files_that_cannot_be_used_are_told_at_the_start(certificates: Certificates, tmp_path: Path) -> None:
    client, other, ca = certificates.client, certificates.other_client, certificates.ca.cert
    protected = protect_key(client.key, "secret")
    cases = [
        (TlsFiles(tmp_path / "none.pem"), "mqtt.tls.ca: .*none.pem can't be read"),
        (TlsFiles(certificates.ca.key), "mqtt.tls.ca: .* holds no certificate"),
        (TlsFiles(ca, client.cert, other.key), "doesn't belong to the certificate"),
        (TlsFiles(ca, client.cert, tmp_path / "none.key"), "mqtt.tls.key: .*none.key can't be read"),
        (TlsFiles(ca, tmp_path / "none.pem", client.key), "mqtt.tls.cert: .*none.pem can't be read"),
        (TlsFiles(ca, client.cert, None), "mqtt.tls.cert: .* can't be used"),
        (TlsFiles(ca, None, client.key), "no certificate beside it: give mqtt.tls.cert"),
        (TlsFiles(ca, client.cert, protected), "protected by a password.*openssl pkey"),
        (TlsFiles(ca, client.key, client.key), "can't be used"),
    ]
    for files, words in cases:
        with pytest.raises(ConfigError, match=words):
            Publisher(BrokerSettings("localhost", 8883, tls=files), STATUS).start()
