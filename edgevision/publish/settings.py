"""From the configuration to what the MQTT client needs."""

from edgevision.config.schema import MqttSettings
from edgevision.publish.broker import BrokerSettings, TlsFiles


def broker_settings(mqtt: MqttSettings, client_id: str) -> BrokerSettings:
    """The broker that `mqtt` describes, to be visited under the name `client_id`."""
    return BrokerSettings(
        host=mqtt.host,
        port=mqtt.port,
        username=mqtt.username,
        password=mqtt.password.get_secret_value() if mqtt.password is not None else None,
        tls=TlsFiles(mqtt.tls.ca, mqtt.tls.cert, mqtt.tls.key) if mqtt.tls is not None else None,
        keepalive=mqtt.keepalive,
        protocol=mqtt.protocol,
        client_id=client_id,
    )
