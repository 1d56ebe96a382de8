"""paho's client, and what it lacks."""

import socket
import struct
import sys
import threading
import time
from contextlib import suppress
from typing import Any

from paho.mqtt.client import Client, MQTTMessageInfo
from paho.mqtt.enums import LogLevel, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edgevision.publish.message import Message

_CHUNK = 64 * 1024
"""Bytes read or written at once, at most."""

_PUBLISH = 0x30
"""The first byte of a PUBLISH of QoS 0 that isn't to be retained. MQTT 5, section 3.3.1."""


class PahoClient(Client):
    """Writes a message of QoS 0 in the thread that publishes it, if that can be done at once.

    Besides, it counts pings and the broker's answers to them, those that paho sends of its own accord included, and
    remembers refusals and errors. paho has no callback for them that is cheap, nor a public way to send a ping, nor a
    limit to what it reads into memory. Its methods and attributes used here are those of 2.2.
    """

    pings = pongs = 0
    socket_error: OSError | None = None
    """The last on the socket. paho handles it, and then forgets it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # Whoever holds it may write to the socket, or close it; reentrant, for paho closes it from within writing.
        self._writing = threading.RLock()
        self._asking = threading.RLock()
        self.denied: list[tuple[int, ReasonCode]] = []
        """The ids of messages that the broker has refused, and why."""
        super().__init__(*args, **kwargs)

    def write_now(self, message: Message) -> bool:
        """Writes a message of QoS 0 from any thread, if nothing waits to be written before it and the socket takes it
        at once; False if not, and then it is paho's to send. Waits for nobody, neither the network nor a lock.

        Of a message that the socket takes a part of, paho's thread writes the rest.
        """
        # Large ones take their time to be copied. TLS is left to one thread: OpenSSL can't read and write in two.
        if type(self._sock) is not socket.socket or len(message.payload) > _CHUNK:
            return False
        packet = _packet(message, self._protocol)
        if not self._writing.acquire(blocking=False):
            return False
        try:
            # Only now, for what somebody is writing isn't among those that wait.
            if self._out_packet or self._sock is None:
                return False
            written = self._sock.send(packet)
            if written < len(packet):
                self._write_later(packet, written)
        except BlockingIOError:
            return False
        except OSError as error:  # paho's thread will meet it, too, and end the connection
            self.socket_error = error
            return False
        finally:
            self._writing.release()
        return True

    def drop(self) -> None:
        """Closes the socket without a word."""
        with self._writing:
            # Its traceback leads back here: a cycle that would keep paho's sockets open until collected.
            self.socket_error = None
            if self._sock is not None:
                self._sock.close()

    def ping(self) -> int:
        """Asks the broker for a sign of life, the n-th; from any thread."""
        with self._asking:
            self._send_pingreq()
            return self.pings

    @property
    def incoming(self) -> int:
        """Bytes that the packet has that is being read, its header aside."""
        return int(self._in_packet["remaining_length"])

    def _write_later(self, packet: bytes, written: int) -> None:
        self._out_packet.appendleft(
            {
                "command": packet[0],
                "mid": 0,
                "qos": 0,
                "pos": written,
                "to_process": len(packet) - written,
                "packet": packet,
                "info": MQTTMessageInfo(0),
            }
        )
        if self._sockpairW is not None:
            with suppress(BlockingIOError):  # full: paho's thread has been woken often enough
                self._sockpairW.send(b"\0")

    def _packet_write(self) -> MQTTErrorCode:
        with self._writing:
            return super()._packet_write()

    def _sock_close(self) -> None:
        with self._writing:
            super()._sock_close()

    def _sock_recv(self, bufsize: int) -> bytes:
        # paho asks for all that is missing of a packet, a hundred times before anybody can have a look.
        bufsize = min(bufsize, _CHUNK)
        # Where there is nothing to read, it looks for the error among those of ssl, which needn't be there.
        return sock.recv(bufsize) if type(sock := self._sock) is socket.socket else super()._sock_recv(bufsize)

    def _send_pingreq(self) -> MQTTErrorCode:
        with self._asking:
            self.pings += 1
            return super()._send_pingreq()

    def _check_keepalive(self) -> None:
        # A ping of ours that is on its way just when paho's own is due it would take for one that was left unanswered.
        if self._ping_t == 0 or time.monotonic() - self._ping_t >= self._keepalive:
            super()._check_keepalive()

    def _handle_pingresp(self) -> MQTTErrorCode:
        self.pongs += 1
        return super()._handle_pingresp()

    def _do_on_publish(self, mid: int, reason_code: ReasonCode, properties: Properties) -> MQTTErrorCode:
        # As a callback it would make paho build a reason for each message of QoS 0.
        if reason_code.is_failure:
            self.denied.append((mid, reason_code))
        return super()._do_on_publish(mid, reason_code, properties)

    def _easy_log(self, level: LogLevel, fmt: str, *args: Any) -> None:
        # paho logs what went wrong on the socket from within its except clause; the rest is neither read nor formatted.
        error = sys.exception()
        if isinstance(error, OSError) and not isinstance(error, BlockingIOError):
            self.socket_error = error


def _packet(message: Message, protocol: int) -> bytes:
    """A PUBLISH of QoS 0 without properties. MQTT 5, sections 1.5.5, 2.1 and 3.3; MQTT 3.1.1, section 3.3."""
    topic = message.topic.encode()
    no_properties = b"\0" if protocol == MQTTProtocolVersion.MQTTv5 else b""
    left = 2 + len(topic) + len(no_properties) + len(message.payload)
    header = bytearray([_PUBLISH | message.retain])
    while left > 0x7F:
        header.append(left & 0x7F | 0x80)
        left >>= 7
    header.append(left)
    return b"".join((header, struct.pack("!H", len(topic)), topic, no_properties, message.payload))
