"""What a process takes, over time."""

import os
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from edgevision.daemon.health import resident_memory

FLAT = 0.02
"""The share by which the last quarter may differ from the second: the first is for growing up."""

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Sample:
    """`memory` is the resident set in bytes, `cpu` the processor time so far in seconds."""

    memory: int
    threads: int
    files: int
    cpu: float


def sample(pid: int) -> Sample:
    """What a process takes now."""
    process = Path(f"/proc/{pid}")
    after_name = (process / "stat").read_text().rpartition(")")[2].split()
    return Sample(
        memory=resident_memory(process / "statm"),
        threads=int(after_name[17]),
        files=sum(1 for _ in (process / "fd").iterdir()),
        cpu=(int(after_name[11]) + int(after_name[12])) / _TICKS,
    )


@dataclass(frozen=True, slots=True)
class Quarters:
    """The medians of a quantity in each quarter of the time."""

    name: str
    medians: tuple[float, ...]

    @property
    def growth(self) -> float:
        """From the second to the last, as a share of the second."""
        return self.medians[3] / self.medians[1] - 1

    @property
    def flat(self) -> bool:
        """Whether it is as it was."""
        return abs(self.growth) <= FLAT


def quarters(samples: Sequence[Sample]) -> list[Quarters]:
    """Of resident set (MB), threads and file descriptors. Raises StatisticsError below four samples."""
    columns: dict[str, list[float]] = {
        "resident set (MB)": [one.memory / 1e6 for one in samples],
        "threads": [one.threads for one in samples],
        "file descriptors": [one.files for one in samples],
    }
    bounds = [round(len(samples) * part / 4) for part in range(5)]
    return [
        Quarters(name, tuple(statistics.median(values[a:b]) for a, b in pairwise(bounds)))
        for name, values in columns.items()
    ]
