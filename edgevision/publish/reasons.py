"""Why there is no connection to the broker, in plain words and with what to do about it."""

from __future__ import annotations

import errno
import socket
import ssl

from edgevision.publish.broker import BrokerSettings

# X509_V_ERR_* of OpenSSL, as SSLCertVerificationError.verify_code gives them.
_NOT_YET_VALID = 9
_EXPIRED = 10
_UNKNOWN_AUTHORITY = {18, 19, 20, 21}
_WRONG_NAME = {62, 63, 64}

_NOT_TLS = {
    "WRONG_VERSION_NUMBER",
    "RECORD_LAYER_FAILURE",
    "UNKNOWN_PROTOCOL",
    "HTTP_REQUEST",
    "PACKET_LENGTH_TOO_LONG",
}
_CLIENT_CERTIFICATE = (
    "CERTIFICATE_REQUIRED",
    "UNKNOWN_CA",
    "BAD_CERTIFICATE",
    "CERTIFICATE_EXPIRED",
    "CERTIFICATE_UNKNOWN",
    "CERTIFICATE_REVOKED",
    "UNSUPPORTED_CERTIFICATE",
    "HANDSHAKE_FAILURE",
)


def unreachable(error: Exception, broker: BrokerSettings) -> str:
    """Why no connection came about: `error` came from the name look-up, TCP or the TLS handshake."""
    if isinstance(error, socket.gaierror):
        if error.errno == socket.EAI_AGAIN:
            return f"the name {broker.host} can't be looked up now: check the network and the DNS server"
        return f"no machine is called {broker.host}: check mqtt.host and the DNS server"
    if broker.tls is not None and isinstance(error, ssl.SSLError):
        return _tls_failed(error, broker)
    if isinstance(error, ConnectionRefusedError):
        return (
            "nothing listens there: check that the broker runs, that mqtt.port is right, and that the broker "
            "listens to other machines too (mosquitto needs a `listener` line for that)"
        )
    if isinstance(error, TimeoutError):
        return "no answer: check mqtt.host, mqtt.port, the network and the firewall" + _plain_port_hint(broker)
    if isinstance(error, ConnectionError) and broker.tls is not None:
        return _no_tls_there(broker)
    if isinstance(error, OSError):
        if error.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH):
            return "there is no way to it: check mqtt.host and the network"
        return f"{error.strerror or error}: check mqtt.host, mqtt.port and the network"
    return f"{broker.host!r} can't be connected to ({error}): check mqtt.host"


def refused(code: int, text: str, broker: BrokerSettings) -> str:
    """Why the broker answered CONNECT with the reason `code`; `text` is what it says itself, or paho's name for it.

    The codes are those of MQTT 5, section 2.4, to which paho translates MQTT 3.1.1's.
    """
    who = "a client without a user name" if broker.username is None else f"the user name {broker.username!r}"
    match code:
        case 0x86:
            return f"it doesn't know {who} with this password: check mqtt.username and mqtt.password"
        case 0x87:
            return (
                f"it doesn't let {who} in (not authorised): check mqtt.username, mqtt.password and what the broker "
                "allows"
            )
        case 0x01 | 0x84:
            other = "3.1.1" if broker.protocol == "5" else "5"
            return f"it doesn't speak MQTT {broker.protocol}: set mqtt.protocol to {other}"
        case 0x85:
            return f"it doesn't take the client id {broker.client_id!r}: choose another `device` name"
        case 0x88 | 0x89 | 0x9F:
            return f"it is busy or not ready yet ({text}); it will be asked again"
        case 0x8A:
            return f"it has banned this client ({text}): ask the one who runs the broker"
        case 0x9A | 0x9B:
            return f"it can't keep the last will ({text}), which needs retained messages and QoS 1: use another broker"
    return f"it refuses the connection: {text}"


def lost(code: int, text: str, broker: BrokerSettings) -> str:
    """Why the connection ended with the reason `code`, which the broker or paho gave."""
    match code:
        case 0x8E:
            return (
                f"another client took over the id {broker.client_id!r}: another edgevision runs with the same "
                "`device` name; give each its own"
            )
        case 0x8B:
            return "the broker shuts down"
        case 0x8D:
            return "the broker fell silent: it hangs, or the network is down"
    return f"the broker ended it: {text}"


def closed(error: BaseException | None, answered: bool, broker: BrokerSettings) -> str:
    """Why the socket closed without a word of MQTT: `error`, if any, came from reading or writing it, `answered` says
    whether the broker had accepted the connection before."""
    if broker.tls is not None and isinstance(error, ssl.SSLError):
        return _tls_failed(error, broker)
    if answered:
        detail = "" if error is None else f" ({error})"
        # mosquitto 2.0.11 doesn't say so when another client takes over the id, not even in MQTT 5.
        return (
            f"the broker closed the connection{detail}: it stopped, the network broke, or another edgevision with the "
            f"same `device` name took over the client id {broker.client_id!r}"
        )
    if broker.tls is None:
        return "it closed the connection without an answer" + _plain_client_hint(broker)
    return "it closed the connection without an answer" + _client_certificate_hint(broker)


def no_answer(seconds: float, broker: BrokerSettings) -> str:
    """The socket is open, but nothing answered CONNECT."""
    return f"it took the connection but didn't answer within {seconds:g} s: it hangs" + _plain_client_hint(broker)


def not_mqtt(broker: BrokerSettings, detail: str = "") -> str:
    """What came over the socket can't be understood."""
    return f"what it answered isn't MQTT {broker.protocol}{detail}: check mqtt.port" + _plain_client_hint(broker)


def _tls_failed(error: ssl.SSLError, broker: BrokerSettings) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate isn't trusted: {_distrusted(error, broker)}"
    reason = error.reason or ""
    if reason in _NOT_TLS or isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return _no_tls_there(broker)
    if "PROTOCOL_VERSION" in reason or "UNSUPPORTED_PROTOCOL" in reason:
        return "it speaks no TLS as new as 1.2: update the broker"
    if any(name in reason for name in _CLIENT_CERTIFICATE):
        alert = reason.replace("_", " ").lower()
        return f"it didn't accept who we say we are ({alert})" + _client_certificate_hint(broker)
    return f"TLS failed: {reason.replace('_', ' ').lower() or error}"


def _distrusted(error: ssl.SSLCertVerificationError, broker: BrokerSettings) -> str:
    if error.verify_code in _WRONG_NAME:
        return f"it is made out to another name than {broker.host}: put the name in the certificate as mqtt.host"
    if error.verify_code in _UNKNOWN_AUTHORITY:
        ca = broker.tls.ca if broker.tls is not None else None
        known = "the system's authorities" if ca is None else str(ca)
        return f"{known} didn't sign it: set mqtt.tls.ca to the authority that did"
    if error.verify_code == _EXPIRED:
        return "it has expired: renew it, or set this machine's clock"
    if error.verify_code == _NOT_YET_VALID:
        return "it isn't valid yet: set this machine's clock"
    return f"{error.verify_message}: check the broker's certificate and mqtt.tls.ca"


def _no_tls_there(broker: BrokerSettings) -> str:
    return (
        f"it doesn't speak TLS on port {broker.port}: set mqtt.port to its TLS port (often 8883), or leave out mqtt.tls"
    )


def _plain_port_hint(broker: BrokerSettings) -> str:
    return "" if broker.tls is None else "; is that a port for TLS (often 8883)?"


def _plain_client_hint(broker: BrokerSettings) -> str:
    return ", or this port wants TLS (then set `tls: {}` below mqtt)" if broker.tls is None else ""


def _client_certificate_hint(broker: BrokerSettings) -> str:
    if broker.tls is None or broker.tls.cert is None:
        return ": it may want a client certificate; set mqtt.tls.cert and mqtt.tls.key"
    return f": check that the broker trusts the authority of {broker.tls.cert} and that it hasn't expired"
