"""Lets a tracker watch boxes or a scene, and keeps account of what it makes of them."""

import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from edgevision.inference.detection import Box, Detection
from edgevision.scene.moment import Moment
from edgevision.scene.track import Track
from edgevision.scene.tracker import Tracked, Tracker
from tests.scene.synthetic import Detector, Scene, shots

BOX = Box(0.4, 0.4, 0.5, 0.7)


def around(x: float) -> Box:
    """A box as large as `BOX` in the middle of the frame's height."""
    return Box(x - 0.05, 0.35, x + 0.05, 0.65)


def new_tracker(min_hits: int = 3, max_lost: float = 2.0) -> Tracker:
    """A tracker whose tracks are t0, t1, t2, …"""
    numbers = itertools.count()
    return Tracker(min_hits, max_lost, lambda: f"t{next(numbers)}")


def look(tracker: Tracker, clock: float, *boxes: Box | None, score: float = 0.8, label: str = "person") -> Tracked:
    """Let the tracker see those boxes, with a score of at least 0.5 as what may start a track."""
    return tracker.update(
        [Detection(label, score, box) for box in boxes], [score >= 0.5] * len(boxes), Moment(clock, 1e9 + clock)
    )


def stand(tracker: Tracker, until: int, *boxes: Box | None, begin: int = 0) -> Tracked:
    """Ten frames a second of the same, from frame `begin` until before that frame; what the last of them gave."""
    return [look(tracker, frame / 10, *boxes) for frame in range(begin, until)][-1]


@dataclass
class Account:
    """What a tracker made of a scene: the track of each thing at each time, all tracks, and the last state of each."""

    seen_as: dict[str, list[tuple[float, str]]] = field(default_factory=lambda: defaultdict(list))
    tracks: dict[str, Track] = field(default_factory=dict)
    ended: list[Track] = field(default_factory=list)

    def ids(self, name: str, since: float = 0.0, until: float = math.inf) -> set[str]:
        """Which track the thing mostly was in that time."""
        ids = Counter(track for clock, track in self.seen_as[name] if since <= clock < until)
        return {track for track, _ in ids.most_common(1)}


def account(
    scene: Scene, clocks: Iterable[float], seed: int, detector: Detector, tracker: Tracker | None = None
) -> Account:
    """What the tracker makes of what the detector gives of the scene at those clocks."""
    tracker = tracker or new_tracker()
    told = Account()
    for shot in shots(scene, clocks, seed, detector):
        tracked = tracker.update(shot.detections, shot.starts(0.5), shot.moment)
        told.tracks.update((track.id, track) for track in tracked.alive + tracked.ended)
        told.ended += tracked.ended
        for name, track in zip(shot.truth, tracked.of, strict=True):
            if name is not None and track is not None:
                told.seen_as[name].append((shot.moment.clock, track))
    return told
