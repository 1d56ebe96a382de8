from pathlib import Path

import numpy as np
import pytest

from edgevision.capture.frame import Picture
from edgevision.capture.video import VideoFile
from edgevision.errors import SourceError
from tests.capture.pictures import difference, noise, quadrants, write_video

FORMATS = [("clip.avi", "MJPG"), ("clip.mp4", "mp4v")]


def brightness_steps(count: int) -> list[np.ndarray]:
    return [np.full((48, 64, 3), 20 + 20 * step, np.uint8) for step in range(count)]


def read_all(source: VideoFile) -> list[Picture]:
    pictures = []
    source.open()
    while (picture := source.read()) is not None:
        pictures.append(picture)
    source.close()
    return pictures


class Clock:
    """Time that passes only while someone sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.mark.parametrize(("name", "codec"), FORMATS)
def test_every_frame_comes_once_and_in_order(tmp_path: Path, name: str, codec: str) -> None:
    path = write_video(tmp_path / name, brightness_steps(10), codec=codec)
    source = VideoFile(path=path)
    assert (source.finite, source.live) == (True, False)
    for _ in range(2):  # it can be opened again
        pictures = read_all(source)
        assert [round((float(p.image.mean()) - 20) / 20) for p in pictures] == list(range(10))
        assert pictures[0].source == str(path)
    assert source.skipped == 0


@pytest.mark.parametrize(("name", "codec"), FORMATS)
def test_colours_are_blue_green_red(tmp_path: Path, name: str, codec: str) -> None:
    path = write_video(tmp_path / name, [quadrants(320, 240)] * 3, codec=codec)
    image = read_all(VideoFile(path=path))[1].image
    assert image.dtype == np.uint8
    assert image.flags["C_CONTIGUOUS"]
    assert difference(image, quadrants(320, 240)) < 6


def test_a_loop_starts_again(tmp_path: Path) -> None:
    source = VideoFile(path=write_video(tmp_path / "clip.avi", brightness_steps(3), codec="MJPG"), loop=True)
    assert (source.finite, source.live) == (False, False)
    source.open()
    pictures = [source.read() for _ in range(7)]
    assert [round((float(p.image.mean()) - 20) / 20) for p in pictures if p] == [0, 1, 2, 0, 1, 2, 0]


def test_only_a_loop_in_real_time_is_live(tmp_path: Path) -> None:
    assert VideoFile(path=tmp_path, loop=True, realtime=True).live
    assert not VideoFile(path=tmp_path, realtime=True).live


def test_real_time_keeps_the_pace_of_the_clip(tmp_path: Path) -> None:
    clock = Clock()
    path = write_video(tmp_path / "clip.avi", brightness_steps(5), codec="MJPG", fps=10)
    source = VideoFile(path=path, realtime=True, clock=clock, sleep=clock.sleep)
    assert len(read_all(source)) == 5
    assert clock.slept == pytest.approx([0.1] * 4)


def test_real_time_makes_up_for_a_short_delay_but_not_for_a_long_one(tmp_path: Path) -> None:
    clock = Clock()
    path = write_video(tmp_path / "clip.avi", brightness_steps(6), codec="MJPG", fps=10)
    source = VideoFile(path=path, realtime=True, clock=clock, sleep=clock.sleep)
    source.open()
    source.read()
    clock.now += 0.15
    source.read()
    source.read()
    assert clock.slept == pytest.approx([0.05])
    clock.now += 60
    source.read()
    source.read()
    assert clock.slept == pytest.approx([0.05, 0.1])


def test_a_cut_off_clip_ends_early_with_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = write_video(tmp_path / "clip.avi", [noise(64, 48, seed) for seed in range(20)], codec="MJPG")
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    source = VideoFile(path=path)
    given = len(read_all(source))
    assert 5 <= given < 15
    assert source.skipped == 20 - given
    assert f"{path}: {source.skipped} frame(s) of 20 are missing at the end" in caplog.text


def test_broken_frames_in_the_middle_are_passed_over_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write_video(tmp_path / "clip.avi", [noise(64, 48, seed) for seed in range(20)], codec="MJPG")
    data = bytearray(path.read_bytes())
    starts = [i for i in range(len(data)) if data[i : i + 3] == b"\xff\xd8\xff"]
    assert len(starts) == 20
    data[starts[7] : starts[8] - 8] = bytes(starts[8] - 8 - starts[7])
    path.write_bytes(data)
    source = VideoFile(path=path)
    assert len(read_all(source)) == 19
    assert source.skipped == 1
    assert f"{path}: 1 frame(s) after frame 7 can't be decoded" in caplog.text


@pytest.mark.parametrize("content", [b"", b"Not a video at all.", bytes(5000)])
def test_what_is_no_video_is_an_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=r"clip\.mp4: it is no video"):
        VideoFile(path=path).open()


def test_a_clip_whose_index_is_cut_off_is_an_error(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4", [noise(64, 48, seed) for seed in range(20)], codec="mp4v")
    path.write_bytes(path.read_bytes()[:-1500])
    with pytest.raises(SourceError, match="cut off"):
        VideoFile(path=path).open()


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="No such file"):
        VideoFile(path=tmp_path / "clip.mp4").open()


class NoFrames:
    """A video that opens and holds nothing."""

    def isOpened(self) -> bool:  # noqa: N802
        return True

    def grab(self) -> bool:
        return False

    def retrieve(self) -> tuple[bool, None]:
        return False, None

    def get(self, prop: int) -> float:
        return 0.0

    def set(self, prop: int, value: float) -> bool:
        return False

    def release(self) -> None:
        pass


def test_a_video_without_frames_ends_at_once_and_a_loop_of_it_fails(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.touch()
    assert read_all(VideoFile(path=path, capture_factory=lambda *_: NoFrames())) == []
    source = VideoFile(path=path, loop=True, capture_factory=lambda *_: NoFrames())
    source.open()
    with pytest.raises(SourceError, match="no frame"):
        source.read()


def test_reading_before_opening_and_closing_twice(tmp_path: Path) -> None:
    source = VideoFile(path=write_video(tmp_path / "clip.avi", brightness_steps(2), codec="MJPG"))
    source.close()
    source.open()
    source.close()
    source.close()
    with pytest.raises(SourceError, match="not open"):
        source.read()
