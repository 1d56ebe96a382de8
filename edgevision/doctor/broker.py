"""The MQTT broker: whether it is there and trusted, lets us in, and lets us publish and listen where that is needed.

Nothing stays there: no retained message, no last will. The client id is the doctor's own, so that the daemon keeps its
connection.
"""

import os
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from edgevision.config.config import Config
from edgevision.doctor.case import Case
from edgevision.doctor.finding import Finding, ok, problem, said, warning
from edgevision.errors import BrokerError, ConfigError
from edgevision.publish.broker import BrokerSettings
from edgevision.publish.commands import birth_topic, command_topics
from edgevision.publish.connection import Connection
from edgevision.publish.discovery import discovery_topic
from edgevision.publish.message import Message
from edgevision.publish.settings import broker_settings
from edgevision.publish.tls import client_context
from edgevision.publish.topics import Topics
from edgevision.record import record

_RENEW = 14
"""Days before a certificate's end from which on that is a warning."""

_DAY = 86_400
_STEP = 0.2
_LOOK = "look at the broker's log, and at the network between it and this machine"


@record
class Limits:
    """Seconds: for TCP and again for TLS; for the answer to CONNECT; for those to all that is asked after that."""

    connect: float = 4.0
    answer: float = 4.0
    rights: float = 5.0


def look_at_broker(case: Case, limits: Limits | None = None) -> list[Finding]:
    """Log in, and try what the daemon does; nothing without a configuration."""
    if case.config is None:
        return []
    limits = limits or Limits()
    mqtt = case.config.settings.mqtt
    broker = broker_settings(mqtt, f"edgevision-{case.config.settings.device}-doctor-{os.getpid()}")
    try:
        tls = client_context(broker.tls) if broker.tls is not None else None
    except ConfigError:
        return []  # that is among what is wrong with the configuration
    try:
        with _connected(broker, tls, limits) as connection:
            findings = [ok("broker", f"{_described(broker)}: it lets us in"), *_certificate(broker, tls, limits)]
            if broker.protocol == "5":
                return [*findings, *_rights(connection, case.config, limits)]
    except BrokerError as error:
        return [said("broker", "problem", f"{_described(broker)}: {error}", _LOOK)]
    return [*findings, *_rights_by_mqtt_5(broker, tls, case.config, limits)]


@contextmanager
def _connected(broker: BrokerSettings, tls: ssl.SSLContext | None, limits: Limits) -> Iterator[Connection]:
    connection = Connection(broker, None, tls, limits.connect)
    try:
        connection.open(limits.answer, lambda: False)
        yield connection
        connection.close(time.monotonic() + 1)
    except BrokerError:
        connection.drop()
        raise


def _certificate(broker: BrokerSettings, tls: ssl.SSLContext | None, limits: Limits) -> list[Finding]:
    """How long the broker's certificate, which has been trusted just now, will be valid."""
    if tls is None:
        return []
    try:
        with (
            socket.create_connection((broker.host, broker.port), limits.connect) as raw,
            tls.wrap_socket(raw, server_hostname=broker.host) as encrypted,
        ):
            certificate, version = encrypted.getpeercert() or {}, encrypted.version()
    except OSError as error:
        return [warning("broker TLS", f"a second connection failed ({error})", _LOOK)]
    end = str(certificate.get("notAfter", ""))
    days = int((ssl.cert_time_to_seconds(end) - time.time()) // _DAY) if end else None
    text = f"{version}, its certificate is trusted and made out to {broker.host}, valid until {end}"
    if days is not None and days < _RENEW:
        return [warning("broker TLS", f"{text}: {days} days", "renew the broker's certificate")]
    return [ok("broker TLS", text)]


def _rights_by_mqtt_5(
    broker: BrokerSettings, tls: ssl.SSLContext | None, config: Config, limits: Limits
) -> list[Finding]:
    """MQTT 3.1.1 has no answer that says no; most brokers speak version 5 as well, and mean the same."""
    try:
        with _connected(replace(broker, protocol="5"), tls, limits) as connection:
            return _rights(connection, config, limits)
    except BrokerError:
        return [ok("broker rights", "MQTT 3.1.1 doesn't tell what may be published, and it doesn't speak version 5")]


def _rights(connection: Connection, config: Config, limits: Limits) -> list[Finding]:
    deadline = time.monotonic() + limits.rights
    settings = config.settings
    topics = Topics(settings.mqtt.topic_prefix, settings.device)
    publish = [f"{topics.base}/doctor", *(f"{topics.base}/{camera}/doctor" for camera in settings.cameras)]
    listen = command_topics(topics, settings.cameras)
    if settings.mqtt.discovery is not None:
        publish.append(discovery_topic(settings.mqtt.discovery, settings.device).removesuffix("config") + "doctor")
        listen.append(birth_topic(settings.mqtt.discovery))
    findings = [
        *_published(connection, publish, settings.mqtt.username, deadline),
        *_listened(connection, listen, settings.mqtt.username, deadline),
    ]
    return findings or [ok("broker rights", f"it lets us publish below {_areas(publish)}, and listen to commands")]


def _published(connection: Connection, topics: list[str], user: str | None, deadline: float) -> Iterator[Finding]:
    """Publish nothing at all on topics that nobody listens to, one after the other; what is denied."""
    for topic in topics:
        remedy = f"allow it in the broker's ACL: {_acl(user)}topic readwrite {topic.removesuffix('doctor')}#"
        try:
            denied = _publish(connection, topic, deadline)
        except BrokerError as error:
            yield problem("broker rights", f"it ended the connection when we published on {topic}: {error}", remedy)
            return
        if denied is not None:
            yield problem("broker rights", f"it doesn't let us publish on {topic} ({denied})", remedy)


def _publish(connection: Connection, topic: str, deadline: float) -> str | None:
    """Why it is denied; None: it isn't."""
    info = connection.send(Message(topic, b"", qos=1))
    if info is None:
        raise BrokerError("the connection is gone")
    while not info.is_published():
        if time.monotonic() >= deadline:
            raise BrokerError("it didn't acknowledge that in time")
        connection.step(_STEP)
    return next((denial.why for denial in connection.take_denied() if denial.message_id == info.mid), None)


def _listened(connection: Connection, topics: list[str], user: str | None, deadline: float) -> Iterator[Finding]:
    try:
        connection.ask_for(topics)
        while connection.refused is None and time.monotonic() < deadline:
            connection.step(_STEP)
    except BrokerError as error:
        yield problem("broker rights", f"it ended the connection when we wanted to listen to commands: {error}", _LOOK)
        return
    if connection.refused is None:
        yield problem("broker rights", "it didn't answer when we wanted to listen to commands", _LOOK)
    for topic, why in (connection.refused or {}).items():
        remedy = f"allow it in the broker's ACL: {_acl(user)}topic read {topic}"
        yield warning("broker rights", f"it doesn't let us listen to {topic} ({why})", remedy)


def _acl(user: str | None) -> str:
    """How mosquitto's ACL file begins what a user may do."""
    return "" if user is None else f"user {user}, then "


def _areas(topics: list[str]) -> str:
    """`edgevision/porch-pi, edgevision/porch-pi/front`: what the topics that were tried stand for."""
    return ", ".join(topic.removesuffix("/doctor") for topic in topics)


def _described(broker: BrokerSettings) -> str:
    how = " with TLS" if broker.tls is not None else ""
    who = f" as {broker.username}" if broker.username is not None else ""
    return f"{broker.address}{how}, MQTT {broker.protocol}{who}"
