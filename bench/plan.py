"""What is measured: which models, which contenders, how often."""

import os
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from bench import idle
from bench.contenders.daemon import MOST_FPS
from bench.contest import (
    FIRST,
    ROOT,
    STILL,
    STOCK,
    WITH_OPENCV,
    Entry,
    Key,
    Progress,
    Results,
    cold_starts,
    contest,
    ours,
)
from bench.figures import Rounds, fps
from bench.frames import make_frames
from edgevision.inference.bundled import bundled_model

SHARED = Path(os.environ.get("EDGEVISION_SHARED", ROOT.parent / "shared"))
DEMO = ROOT / "edgevision" / "demo" / "pictures"
BUNDLED = "person"

FILES = {
    "ssd": ("coco_ssd_mobilenet_v1_1.0_quant", "coco_ssd_labels"),
    "v2": ("mobilenet_v2_1.0_224_quant", "imagenet_labels"),
    "v1-small": ("mobilenet_v1_0.25_128_quant", "imagenet_labels"),
}
"""Short names of models, their files and labels, in the folder of test models."""

FASTER = 1.25
"""A saturated daemon's cameras give so many more frames than the bare interpreter can take."""

CONTENDERS = ("straightforward", "picture", "camera", "daemon", "peers", "starts", "idle")
"""What can be left out. `picture` and `camera` are the pipeline's two kinds of source."""

SETTLED = 12.0
"""Seconds after which a daemon's resident set is looked at: what the start has left is given back within ten."""

IDLE_LONGER = 4.0
"""An idle daemon does so little that it is watched for as many times as long as others."""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model under the name it has in the table; `labels` where they are not inside."""

    name: str
    path: Path
    labels: Path | None


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that decides what is measured. `deep` is how many of the models daemon and peers are measured with."""

    models: tuple[ModelFile, ...]
    cameras: tuple[int, ...] = (1, 2, 4)
    threads: tuple[int, ...] = (1, 2)
    seconds: float = 3.0
    rounds: int = 5
    seed: int = 1
    contenders: tuple[str, ...] = CONTENDERS
    deep: int = 1_000

    @property
    def steps(self) -> int:
        """How many times `measure` tells of progress, about."""
        rounds = self.rounds + 1
        steps = 0
        for number, _ in enumerate(self.models):
            steps += sum(len(_speed_entries(self, number, threads, [], 1.0)) for threads in self.threads) * rounds
        if "daemon" in self.contenders:
            steps += 4 * rounds
        if "starts" in self.contenders:
            steps += 5 * self.rounds
        return steps + 2 * self.idle_rounds * ("idle" in self.contenders)

    @property
    def idle_rounds(self) -> int:
        """Fewer, for each takes long."""
        return (self.rounds + 1) // 2


def find_model(name: str) -> ModelFile:
    """The model of that short name or path. Raises SystemExit where there is none."""
    if name == BUNDLED:
        return ModelFile(name, bundled_model(name), None)
    if name in FILES:
        file, labels = FILES[name]
        found = ModelFile(name, SHARED / "models" / f"{file}.tflite", SHARED / "models" / f"{labels}.txt")
    else:
        path = Path(name).absolute()
        beside = path.with_suffix(".txt")
        found = ModelFile(path.stem, path, beside if beside.is_file() else None)
    if not found.path.is_file():
        raise SystemExit(f"there is no model {name!r}: no file {found.path}")
    return found


def default_models() -> tuple[str, ...]:
    """Those of the test models that are here; else the one that comes with edgevision."""
    here = tuple(name for name, (file, _) in FILES.items() if (SHARED / "models" / f"{file}.tflite").is_file())
    return here or (BUNDLED,)


def photos() -> list[Path]:
    """Pictures of things: the test photos where they are here, else the demo's."""
    folder = SHARED / "images" / "photos"
    return sorted((folder if folder.is_dir() else DEMO).glob("*.jpg"))


def measure(plan: Plan, progress: Progress) -> Results:
    """All of it, from the frames on."""
    results, chance = Results(), random.Random(plan.seed)
    with TemporaryDirectory() as name:
        frames = make_frames(Path(name), photos(), max(plan.cameras), plan.seed)
        for number, model in enumerate(plan.models):
            for threads in plan.threads:
                limit = _limit(plan, model, threads, frames, chance)
                entries = _speed_entries(plan, number, threads, frames, limit)
                contest(
                    entries,
                    results,
                    phase="speed",
                    rounds=plan.rounds,
                    seconds=plan.seconds,
                    chance=chance,
                    progress=progress,
                )
        if "daemon" in plan.contenders:
            _pace(plan, results, frames, chance, progress)
        if "starts" in plan.contenders:
            entries = list(_start_entries(plan.models[0], frames))
            cold_starts(entries, results, rounds=plan.rounds, chance=chance, progress=progress)
    if "idle" in plan.contenders:
        try:
            results.idle = list(_idle(plan, progress))
        except (AssertionError, pytest.fail.Exception) as error:  # what the tests' daemon and broker raise
            results.failures[Key(BUNDLED, 1, "daemon", "idle")] = str(error)
    return results


def _speed_entries(plan: Plan, number: int, threads: int, frames: Sequence[Path], limit: float) -> list[Entry]:
    """Those that run as fast as they can with the model of that number; `limit` is the bare interpreter's rate."""
    model, deep = plan.models[number], number < plan.deep

    def entry(name: str, cameras: int = 1, kind: str = "", **more: object) -> Entry:
        settings = _settings(model, frames[:cameras]) | more
        return Entry(Key(model.name, threads, name, kind, cameras), ours(name), settings)

    entries = [entry("bare")]
    if "straightforward" in plan.contenders:
        entries.append(entry("straightforward"))
    entries += [
        entry("pipeline", cameras, kind, lores=kind == "camera")
        for kind in ("picture", "camera")
        if kind in plan.contenders
        for cameras in plan.cameras
        if deep or cameras == 1
    ]
    if "daemon" in plan.contenders and deep:
        for cameras in plan.cameras:
            rate = limit * FASTER / cameras
            kind = f"{MOST_FPS:g} fps at most" if rate > MOST_FPS else ""
            entries.append(entry("daemon", cameras, kind, fps=rate))
    if "peers" in plan.contenders and deep:
        entries += _peers(model, threads, frames)
    return entries


def _peers(model: ModelFile, threads: int, frames: Sequence[Path]) -> list[Entry]:
    from bench import peers

    return list(peers.entries(model, threads, _settings(model, frames[:1])))


def _limit(plan: Plan, model: ModelFile, threads: int, frames: Sequence[Path], chance: random.Random) -> float:
    """Frames a second of the bare interpreter, roughly: what cameras have to exceed."""
    first, entry = Results(), Entry(Key(model.name, threads, "bare"), ours("bare"), _settings(model, frames[:1]))
    contest([entry], first, phase="speed", rounds=3, seconds=0.2, chance=chance, progress=_silent)
    for what, why in first.failures.items():
        raise SystemExit(f"{what}: {why}")
    return max(fps(record.turn) for record in first.records)


def _pace(plan: Plan, results: Results, frames: Sequence[Path], chance: random.Random, progress: Progress) -> None:
    """Latency at half the rate at which one camera saturates the daemon, and the memory of a daemon with one."""
    model, threads = plan.models[0], plan.threads[0]
    key = Key(model.name, threads, "daemon")
    saturated = Rounds(results.records, "speed").median(key, fps)
    if saturated is None:  # not measured with one camera, or the camera is slower than the model
        saturated = min(_limit(plan, model, threads, frames, chance), MOST_FPS)
    settings = _settings(model, frames[:1])
    entries = [
        Entry(replace(key, name="bare", kind=WITH_OPENCV), ours("bare"), settings | {"opencv": True}),
        Entry(key, ours("daemon"), settings | {"fps": saturated / 2}),
        Entry(replace(key, kind=STOCK), ours("daemon"), settings | {"fps": saturated / 2, "stock": True}),
        Entry(replace(key, kind=STILL), ours("daemon"), settings | {"fps": 10.0, "still": True, "settle": SETTLED}),
    ]
    contest(
        entries,
        results,
        phase="paced",
        rounds=plan.rounds,
        seconds=plan.seconds,
        chance=chance,
        progress=progress,
    )


def _start_entries(model: ModelFile, frames: Sequence[Path]) -> Iterator[Entry]:
    settings = _settings(model, frames[:1])
    yield Entry(Key(model.name, 1, "bare"), ours("bare"), settings)
    yield Entry(Key(model.name, 1, "bare", WITH_OPENCV), ours("bare"), settings | {"opencv": True})
    yield Entry(Key(model.name, 1, "straightforward"), ours("straightforward"), settings)
    yield Entry(Key(model.name, 1, "daemon", FIRST), ours("daemon"), settings | {"fps": 30.0})
    yield Entry(Key(model.name, 1, "daemon"), ours("daemon"), settings | {"fps": 30.0, "again": True})


def _idle(plan: Plan, progress: Progress) -> Iterator[float]:
    picture, seconds = str(DEMO / "chelsea.jpg"), plan.seconds * IDLE_LONGER
    for _ in range(plan.idle_rounds):
        taken = []
        for gate in (True, False):
            progress(f"idle, the gate {'on' if gate else 'off'}")
            taken.append(idle.measure(gate, picture, seconds))
        yield taken[0] / taken[1]


def _settings(model: ModelFile, frames: Sequence[Path]) -> dict[str, object]:
    return {
        "model": str(model.path),
        "labels": str(model.labels) if model.labels is not None else None,
        "frames": [str(folder) for folder in frames],
    }


def _silent(what: str) -> None:
    pass
