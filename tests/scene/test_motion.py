"""The motion gate on videos whose truth is known, over a drawn yard and over real pictures."""

import math
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edgevision.scene.motion import COMPARE_EVERY, LINGER, LOOK_EVERY, MotionGate
from tests.scene.synthetic_video import (
    SIZE,
    Effect,
    Floats,
    Video,
    cloud_shadow,
    compressed,
    hunting,
    infrared,
    mains_flicker,
    of_photo,
    plain,
    rain,
    slow_light,
    sprite,
    swaying,
    switched,
    thing,
)

WHOLE = (0.0, 0.0, 1.0, 1.0)
PICTURES = Path(__file__).parents[2] / "edgevision" / "demo" / "pictures"
NAMES = ("chelsea.jpg", "astronaut.jpg", "camera.jpg", "grace_hopper.jpg")
BACKGROUNDS = ("yard", "night", *NAMES)
LEFT = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
TREE = ((0.0, 0.0), (0.5, 0.0), (0.5, 0.6), (0.0, 0.6))
ONCE_SETTLED = 20.0
"""Seconds after which things come in."""


def photo(path: Path) -> NDArray[np.uint8]:
    return np.asarray(cv2.imread(str(path)), dtype=np.uint8)


def background(name: str) -> Floats:
    if name == "yard":
        return plain()
    if name == "night":
        return plain(darkest=5, brightest=45)
    return of_photo(photo(PICTURES / name))


def passed(gate: MotionGate, video: Video, seconds: float) -> NDArray[np.bool_]:
    """Which of the frames passed."""
    frames = video.frames(round(seconds * video.fps))
    return np.array([gate.passes(grey, clock, math.inf) for grey, clock in frames])


def looks(seconds: float) -> int:
    """How many are given in that time where nothing moves: one at once, one a second later, then every so often."""
    return 1 + math.ceil((seconds - 1) / LOOK_EVERY)


def open_gate() -> MotionGate:
    return MotionGate((), WHOLE)


def test_an_empty_scene_passes_under_2_percent_of_10_000_frames() -> None:
    seen = passed(open_gate(), Video(background("yard"), [slow_light()], noise=3), 1000)
    assert 0.01 * 10_000 <= seen.sum() < 0.02 * 10_000


@pytest.mark.parametrize("name", BACKGROUNDS)
@pytest.mark.parametrize(
    ("effects", "noise"),
    [
        ([], 0),
        ([], 6),
        ([slow_light(0.5, 20)], 2),
        ([cloud_shadow(0.15)], 2),
        ([hunting()], 2),
        ([hunting(every=0.1), slow_light()], 1),
        ([mains_flicker()], 2),
        ([compressed()], 1),
    ],
    ids=["still", "noise", "fast light", "cloud", "exposure", "exposure and light", "flicker", "compression"],
)
def test_noise_light_and_exposure_are_no_movement(name: str, effects: Sequence[Effect], noise: float) -> None:
    seconds = 40.0
    seen = passed(open_gate(), Video(background(name), effects, noise=noise), seconds)
    assert looks(seconds) - 1 <= seen.sum() <= looks(seconds) + 5


@pytest.mark.parametrize("name", ["yard", "astronaut.jpg"])
@pytest.mark.parametrize("effect", [rain(), rain(60), swaying(TREE)], ids=["rain", "cloudburst", "leaves"])
def test_rain_and_leaves_are_learnt_within_a_minute(name: str, effect: Effect) -> None:
    seen = passed(open_gate(), Video(background(name), [effect]), 120)
    assert seen[600:].mean() < 0.05


@pytest.mark.parametrize("name", BACKGROUNDS)
@pytest.mark.parametrize(
    "effects",
    [
        [thing((0, 0.5), (0.1, 0))],
        [thing((0, 0.5), (0.1, 0), contrast=-20)],
        [thing((0.2, 0.5), (0.01, 0))],
        [thing((0, 0.5), (0.45, 0))],
        [thing((0.2, 0.5), (0.05, 0), (0.013, 0.06), contrast=40)],
        [thing((-0.5, 0), (0.3, 0), (0.5, 1), contrast=40)],
        [hunting(), thing((0, 0.5), (0.1, 0))],
        [compressed(), thing((0, 0.5), (0.1, 0))],
        [rain(), thing((0, 0.5), (0.1, 0))],
    ],
    ids=["walks", "dark", "slow", "runs", "tiny", "big", "in changing exposure", "compressed", "in the rain"],
)
def test_what_moves_passes_within_a_few_frames(name: str, effects: list[Effect]) -> None:
    *others, mover = effects
    late = ONCE_SETTLED

    def comes(picture: Floats, time: float) -> Floats:
        return mover(picture, time - late) if time >= late else picture

    seen = passed(open_gate(), Video(background(name), [*others, comes], noise=3), late + 2)[round(late * 10) :]
    assert seen[:5].any()
    assert seen.mean() > 0.75


@pytest.mark.parametrize("fps", [0.5, 1, 2, 5, 30, 120])
def test_it_works_at_any_frame_rate(fps: float) -> None:
    walker = thing((0, 0.5), (0.1, 0), during=(ONCE_SETTLED, np.inf))
    video = Video(background("chelsea.jpg"), [slow_light(), hunting(), walker], fps=fps)
    seen = passed(open_gate(), video, ONCE_SETTLED + 6)
    came = round(ONCE_SETTLED * fps)
    assert seen[:came].sum() <= looks(ONCE_SETTLED) + 1
    assert seen[came : came + 3].any()
    assert seen[came:].mean() > 0.8


@pytest.mark.parametrize("name", NAMES)
def test_things_cut_from_real_photos_pass_before_other_photos(photos: Path, name: str) -> None:
    for number, path in enumerate(sorted(photos.glob("*.jpg"))):
        patch = cv2.resize(photo(path), (8, 14), interpolation=cv2.INTER_AREA)
        patch = cv2.cvtColor(patch, cv2.COLOR_BGR2GRAY).astype(np.float32)
        walks = sprite(patch, (0.02, 0.55), (0.15, 0.01), during=(5, np.inf))
        seen = passed(open_gate(), Video(background(name), [walks], seed=number), 10)
        assert seen[50:55].any(), path.name
        assert seen[50:].mean() > 0.9, path.name


def test_nothing_in_real_photos_passes_by_itself(photos: Path) -> None:
    for path in sorted(photos.glob("*.jpg")):
        seen = passed(open_gate(), Video(of_photo(photo(path)), [slow_light(), hunting()]), 40)
        assert seen.sum() <= looks(40) + 2, path.name


@pytest.mark.parametrize("name", ["yard", *NAMES])
@pytest.mark.parametrize("switch", [switched(20), switched(0, until=20), switched(20, gain=0.1)])
def test_a_switched_light_gives_two_looks(name: str, switch: Effect) -> None:
    seen = passed(open_gate(), Video(background(name), [switch]), 30)
    assert seen[200]
    assert seen[200:].sum() == 2


@pytest.mark.parametrize("name", ["chelsea.jpg", "astronaut.jpg", "grace_hopper.jpg"])
def test_an_infrared_filter_gives_two_looks(name: str) -> None:
    red = cv2.resize(photo(PICTURES / name), SIZE, interpolation=cv2.INTER_AREA)[:, :, 2].astype(np.float32)
    seen = passed(open_gate(), Video(background(name), [infrared(20, red)]), 30)
    assert seen[200]
    assert seen[200:].sum() == 2


def test_light_that_keeps_changing_gives_one_look_a_second() -> None:
    blinks = [switched(at, until=at + 0.4) for at in np.arange(20, 30, 0.8)]
    seen = passed(open_gate(), Video(background("astronaut.jpg"), blinks), 30)
    assert 8 <= seen[200:].sum() <= 20


@pytest.mark.parametrize("name", ["yard", *NAMES])
@pytest.mark.parametrize("later", [0.0, 0.5, 3.0])
def test_who_comes_with_the_light_is_found(name: str, later: float) -> None:
    walks = thing((0, 0.5), (0.1, 0), contrast=30, during=(20 + later, np.inf))
    # The light falls on the walker, too.
    seen = passed(open_gate(), Video(background(name), [switched(20, gain=0.8), walks]), 26)
    came = round(200 + later * 10)
    assert seen[came : came + 10].sum() >= 3
    assert seen[came + 10 :].mean() > 0.9


def test_what_stays_is_absorbed_and_found_again_when_it_leaves() -> None:
    stays = thing((0.4, 0.4), (0, 0), (0.1, 0.2), contrast=60, during=(20, 140))
    seen = passed(open_gate(), Video(plain(), [stays]), 150)
    assert seen[200:230].all()
    assert seen[300:1400].mean() < 0.02
    assert seen[1400:1405].any()


def test_who_has_passed_leaves_nothing_behind() -> None:
    walks = thing((0.2, 0.4), (0.1, 0), contrast=100, during=(20, 25))
    seen = passed(open_gate(), Video(plain(), [walks]), 35)
    assert seen[200:250].all()
    assert seen[250 + round((LINGER + 1) * 10) :].sum() <= 1


@pytest.mark.parametrize("place", [0.05, 0.6])
def test_movement_in_a_mask_does_not_count(place: float) -> None:
    walks = thing((place, 0.4), (0.1, 0), contrast=100, during=(20, 23.9))
    seen = passed(MotionGate([LEFT], WHOLE), Video(plain(), [walks]), 24)
    assert (seen[200:].mean() > 0.9) == (place > 0.5)


def test_masks_are_of_the_whole_frame_where_the_camera_crops() -> None:
    walks = thing((0.1, 0.4), (0.05, 0), contrast=100, during=(20, 24))
    mask = ((0.0, 0.0), (0.75, 0.0), (0.75, 1.0), (0.0, 1.0))  # the left half of what is left of the frame
    assert passed(MotionGate([mask], (0.5, 0.0, 1.0, 1.0)), Video(plain(), [walks]), 24)[200:].sum() <= 1
    assert passed(MotionGate([LEFT], (0.5, 0.0, 1.0, 1.0)), Video(plain(), [walks]), 24)[200:].mean() > 0.9


def test_a_camera_masked_altogether_still_gives_its_looks() -> None:
    whole = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    walks = thing((0, 0.4), (0.02, 0), contrast=100)
    assert passed(MotionGate([whole], WHOLE), Video(plain(), [walks, switched(20)]), 40).sum() == looks(40)


def test_a_wanted_frame_passes_and_the_gate_learns_meanwhile() -> None:
    gate = open_gate()
    appears = thing((0.4, 0.4), (0, 0), contrast=60, during=(5, np.inf))
    frames = list(Video(plain(), [appears]).frames(300))
    assert all(gate.passes(grey, clock, 0.0) for grey, clock in frames[:200])
    assert sum(gate.passes(grey, clock, math.inf) for grey, clock in frames[200:]) == 1


@pytest.mark.parametrize(("patience", "looks"), [(1.0, 60), (5.0, 12), (60.0, 6)])
def test_while_nothing_moves_frames_pass_as_often_as_is_asked_for(patience: float, looks: int) -> None:
    gate = open_gate()
    passed = []
    for grey, clock in Video(plain(), []).frames(700):
        if not gate.until_due(clock, patience):
            passed += [clock] * gate.passes(grey, clock, patience)
    rested = [clock for clock in passed if clock - passed[0] >= 10]  # a minute
    assert looks * 0.75 <= len(rested) <= looks


def test_a_look_comes_every_ten_seconds() -> None:
    seen = np.flatnonzero(passed(open_gate(), Video(plain()), 61)) / 10
    assert np.diff(seen[1:]) == pytest.approx([LOOK_EVERY] * (len(seen) - 2), abs=0.11)
    assert len(seen) == looks(61)


def test_another_resolution_begins_anew() -> None:
    gate = open_gate()
    passed(gate, Video(plain()), 25)
    other = Video(plain(90, 160), [thing((0, 0.4), (0.1, 0), during=(5, 9))], start=1025)
    seen = passed(gate, other, 9)
    assert seen[0]
    assert seen[:50].sum() == 2
    assert seen[50:55].any()


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (8, 8), (16, 16), (160, 1), (33, 41), (160, 160)])
def test_pictures_of_any_size_will_do(size: tuple[int, int]) -> None:
    small = np.asarray(cv2.resize(plain(), size, interpolation=cv2.INTER_AREA), dtype=np.float32)
    seen = passed(open_gate(), Video(small.reshape(size[::-1]), [slow_light(), switched(20)]), 40)
    assert looks(40) <= seen.sum() <= looks(40) + 2


def test_frames_without_time_between_them_do_no_harm() -> None:
    gate = open_gate()
    for grey, _ in Video(plain()).frames(20):
        gate.passes(grey, 7.0, math.inf)
    walks = Video(plain(), [thing((0, 0.4), (0.1, 0))], start=7.0)
    assert passed(gate, walks, 2)[:5].any()


def test_at_rest_it_needs_a_frame_three_times_a_second_and_every_one_while_something_moves_or_is_new() -> None:
    gate, fps = MotionGate((), WHOLE), 20.0
    walker = thing((0, 0.5), (0.1, 0), during=(ONCE_SETTLED, ONCE_SETTLED + 5))
    video = Video(background("chelsea.jpg"), [slow_light(), walker], fps=fps)
    due = []
    for grey, clock in video.frames(round((ONCE_SETTLED + 5) * fps)):
        due.append(not gate.until_due(clock, math.inf))
        if due[-1]:
            gate.passes(grey, clock, math.inf)
    came = round(ONCE_SETTLED * fps)
    assert all(due[: round(0.5 * fps)])
    resting = sum(due[came - round(10 * fps) : came])
    assert 30 <= resting <= 10 / COMPARE_EVERY + 5
    assert sum(due[came : came + round(4 * fps)]) >= 3.5 * fps
    assert not gate.until_due(clock, 0.0)


def test_it_says_how_long_it_needs_no_frame() -> None:
    gate = open_gate()
    for grey, clock in Video(plain()).frames(50):
        gate.passes(grey, clock + 5.1, math.inf)
    gate.passes(grey, 10.0, math.inf)
    assert gate.until_due(10.0, math.inf) == pytest.approx(COMPARE_EVERY)
    assert gate.until_due(10.1, math.inf) == pytest.approx(COMPARE_EVERY - 0.1)
    assert gate.until_due(10.0 + COMPARE_EVERY, math.inf) == gate.until_due(60.0, math.inf) == 0
