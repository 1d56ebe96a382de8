"""From the configuration to what the MQTT client needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgevision.config.config import Config
from edgevision.errors import ConfigError
from edgevision.publish.broker import BrokerSettings, TlsFiles
from edgevision.publish.tls import TlsFileError, client_context

if TYPE_CHECKING:
    from edgevision.config.schema import MqttSettings


def broker_settings(mqtt: MqttSettings, client_id: str) -> BrokerSettings:
    """The broker that `mqtt` describes, to be visited under the name `client_id`."""
    return BrokerSettings(
        host=mqtt.host,
        port=mqtt.port,
        username=mqtt.username,
        password=mqtt.password.get_secret_value() if mqtt.password is not None else None,
        tls=_tls_files(mqtt),
        keepalive=mqtt.keepalive,
        protocol=mqtt.protocol,
        client_id=client_id,
    )


def vet_tls_files(config: Config) -> None:
    """Try the files for TLS without the broker. Raises ConfigError with the place of one that can't be used."""
    files = _tls_files(config.settings.mqtt)
    if files is None:
        return
    try:
        client_context(files)
    except TlsFileError as error:
        raise ConfigError(f"{config.locate('mqtt', 'tls', error.key)}: {error.text}") from error


def _tls_files(mqtt: MqttSettings) -> TlsFiles | None:
    return TlsFiles(mqtt.tls.ca, mqtt.tls.cert, mqtt.tls.key) if mqtt.tls is not None else None
