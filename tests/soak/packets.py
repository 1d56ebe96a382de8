"""MQTT's packets (version 5, sections 2.1, 3.3 and 3.4), as far as the relay must understand them."""

from collections.abc import Iterator
from dataclasses import dataclass

PUBLISH, PUBACK = 3, 4


@dataclass(frozen=True, slots=True)
class Packet:
    """`kind` is the type in the first byte, `flags` its lower half; `body` is what follows the length."""

    kind: int
    flags: int
    body: bytes

    @property
    def qos(self) -> int:
        """Of a PUBLISH."""
        return self.flags >> 1 & 3

    @property
    def message_id(self) -> int:
        """Of a PUBLISH with a QoS above 0, or of a PUBACK."""
        start = 2 + len(self.topic) if self.kind == PUBLISH else 0
        return int.from_bytes(self.body[start : start + 2])

    @property
    def topic(self) -> bytes:
        """Of a PUBLISH."""
        return self.body[2 : 2 + int.from_bytes(self.body[:2])]

    @property
    def payload(self) -> bytes:
        """Of a PUBLISH."""
        start = 2 + len(self.topic) + (2 if self.qos else 0)
        length = _number(self.body, start)
        assert length is not None
        properties, after = length
        return self.body[after + properties :]

    @property
    def refused(self) -> bool:
        """Whether a PUBACK says no."""
        return len(self.body) > 2 and self.body[2] >= 0x80


class Packets:
    """Cuts a stream into packets."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> Iterator[Packet]:
        """Those that are complete with `data`."""
        self._rest += data
        while (length := _number(self._rest, 1)) is not None:
            size, start = length
            if len(self._rest) < start + size:
                return
            yield Packet(self._rest[0] >> 4, self._rest[0] & 15, bytes(self._rest[start : start + size]))
            del self._rest[: start + size]


def _number(data: bytes | bytearray, start: int) -> tuple[int, int] | None:
    """The number of variable length at `start`, and where it ends; None while it isn't complete."""
    value = 0
    for place, byte in enumerate(data[start : start + 4]):
        value |= (byte & 127) << 7 * place
        if byte < 128:
            return value, start + place + 1
    return None
