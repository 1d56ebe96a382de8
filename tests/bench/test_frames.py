"""The frames that all are measured on."""

from pathlib import Path

import numpy as np

from bench.frames import COUNT, HEIGHT, WIDTH, load, make_frames
from bench.plan import DEMO

PHOTOS = sorted(DEMO.glob("*.jpg"))


def test_the_same_seed_makes_the_same_frames(tmp_path: Path) -> None:
    first, again, other = (
        make_frames(tmp_path / name, PHOTOS, 2, seed) for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    assert all(np.array_equal(load(one), load(two)) for one, two in zip(first, again, strict=True))
    assert not np.array_equal(load(first[0]), load(other[0]))


def test_a_camera_shows_one_scene_that_moves(tmp_path: Path) -> None:
    (folder,) = make_frames(tmp_path, PHOTOS, 1, 1)
    frames = load(folder)
    assert [frame.shape for frame in frames] == [(HEIGHT, WIDTH, 3)] * COUNT
    here, there = frames[0].astype(int), frames[1].astype(int)
    assert np.abs(here - there).mean() > 1
    shift = min(range(40), key=lambda pixels: np.abs(here[:, pixels:] - there[:, : WIDTH - pixels]).mean())
    assert 0 < shift < 40
    assert np.array_equal(here[:, shift:], there[:, : WIDTH - shift])
