"""What was written, what was acknowledged and what arrived, compared."""

import json
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of the events. Lists hold ids, or tracks, that break a promise; `lost_by_broker` breaks none."""

    written: int
    tracks: int
    arrived: int
    """With repetitions."""
    repeated: int
    lost_by_broker: list[str]
    """Acknowledged by the broker, and gone."""
    lost: list[str]
    """Not acknowledged, and yet never arrived."""
    unwritten: list[str]
    """Sent without having been on disk."""
    overtaken: list[str]
    """Arrived for the first time after one that was written later."""
    altered: list[str]
    """Came with two payloads, or with another than was written."""
    unended: list[str]
    """Tracks whose life isn't one start, then updates, then one end, numbered from 0."""

    @property
    def broken(self) -> list[str]:
        """The promises that were broken, as sentences."""
        promises = {
            "never arrived, though not acknowledged": self.lost,
            "arrived, but had never been on disk": self.unwritten,
            "arrived after what was written later": self.overtaken,
            "with the same id and another payload": self.altered,
            "tracks have no life from start to end": self.unended,
        }
        return [f"{len(of)} {what}: {', '.join(of[:5])}" for what, of in promises.items() if of]


def judge(written: Sequence[bytes], arrived: Sequence[bytes], acknowledged: AbstractSet[str]) -> Verdict:
    """Compare payloads in the order of writing and of arrival, and the ids that the broker has acknowledged."""
    on_disk = {_id(payload): payload for payload in written}
    came: dict[str, bytes] = {}
    altered = []
    for payload in arrived:
        name = _id(payload)
        if came.setdefault(name, payload) != payload or on_disk.get(name, payload) != payload:
            altered.append(name)
    missing = [name for name in on_disk if name not in came]
    lives = _lives(written)
    return Verdict(
        written=len(written),
        tracks=len(lives),
        arrived=len(arrived),
        repeated=len(arrived) - len(came),
        lost_by_broker=[name for name in missing if name in acknowledged],
        lost=[name for name in missing if name not in acknowledged],
        unwritten=[name for name in came if name not in on_disk],
        overtaken=_overtaken([*on_disk], [name for name in came if name in on_disk]),
        altered=altered,
        unended=[track for track, life in lives.items() if not _is_whole(track, life)],
    )


def _id(payload: bytes) -> str:
    return str(json.loads(payload)["id"])


def _overtaken(written: Iterable[str], came: Iterable[str]) -> list[str]:
    place = {name: number for number, name in enumerate(written)}
    late, furthest = [], -1
    for name in came:
        if place[name] < furthest:
            late.append(name)
        furthest = max(furthest, place[name])
    return late


def _lives(payloads: Iterable[bytes]) -> dict[str, list[tuple[str, str]]]:
    """Of each track the (type, id) of its events."""
    lives: dict[str, list[tuple[str, str]]] = {}
    for payload in payloads:
        event = json.loads(payload)
        lives.setdefault(event["track"], []).append((event["type"], event["id"]))
    return lives


def _is_whole(track: str, life: Sequence[tuple[str, str]]) -> bool:
    types = ["start", *["update"] * (len(life) - 2), "end"]
    return life == [(kind, f"{track}-{number}") for number, kind in enumerate(types)]
