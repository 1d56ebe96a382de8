from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from edgevision.capture.images import ImageFiles
from edgevision.capture.lores import View
from edgevision.capture.picamera2 import Picamera2Camera
from edgevision.capture.picamera2_library import STAND_IN_VARIABLE
from edgevision.capture.registry import make_source
from edgevision.capture.stream import NetworkStream
from edgevision.capture.v4l2 import V4l2Camera
from edgevision.capture.video import VideoFile
from edgevision.config.sources import ImagesSource, SourceSettings, VideoSource
from tests.capture.pictures import difference, picture_of, quadrants, write


def settings(**values: Any) -> SourceSettings:
    made: SourceSettings = TypeAdapter(SourceSettings).validate_python(values)
    return made


@pytest.mark.parametrize(
    ("values", "kind", "live", "finite"),
    [
        ({"type": "picamera2"}, Picamera2Camera, True, False),
        ({"type": "v4l2", "device": "/dev/video7"}, V4l2Camera, True, False),
        ({"type": "stream", "url": "rtsp://camera/main"}, NetworkStream, True, False),
    ],
)
def test_each_live_type_has_its_source(values: dict[str, Any], kind: type, live: bool, finite: bool) -> None:
    source = make_source(settings(**values))
    assert isinstance(source, kind)
    assert (source.live, source.finite, source.skipped) == (live, finite, 0)


@pytest.mark.parametrize("loop", [False, True])
def test_each_file_type_has_its_source(loop: bool, tmp_path: Path) -> None:
    # Not validated: whether the files exist is the configuration's affair.
    images = make_source(ImagesSource.model_construct(type="images", path=tmp_path, loop=loop))
    video = make_source(VideoSource.model_construct(type="video", path=tmp_path / "a.mp4", loop=loop, realtime=True))
    assert isinstance(images, ImageFiles)
    assert isinstance(video, VideoFile)
    assert (images.live, images.finite) == (False, not loop)
    assert (video.live, video.finite) == (loop, not loop)


def test_every_setting_of_a_pi_camera_reaches_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "0.png", quadrants(320, 240))
    monkeypatch.setenv(STAND_IN_VARIABLE, f"bars:{tmp_path}")
    given = settings(type="picamera2", index=1, size=[800, 600], fps=30, hflip=True, timeout=5)
    source = make_source(given, View(300, 200))
    source.open()
    picture = picture_of(source)
    source.close()
    assert picture is not None
    assert picture.image.shape == (600, 800, 3)
    assert difference(picture.image, quadrants(800, 600)[:, ::-1]) < 6
    assert picture.lores is not None
    assert picture.lores.shape == (200, 300)


@pytest.mark.parametrize(("view", "shape"), [(View(300, 300), (300, 300)), (None, None)])
def test_a_pi_camera_gives_the_pixels_that_the_model_takes(
    monkeypatch: pytest.MonkeyPatch, view: View | None, shape: tuple[int, int] | None
) -> None:
    monkeypatch.setenv(STAND_IN_VARIABLE, "bars")
    source = make_source(settings(type="picamera2"), view)
    source.open()
    picture = picture_of(source)
    source.close()
    assert picture.image.shape == (720, 1280, 3)
    assert (None if picture.lores is None else picture.lores.shape) == shape
