"""A model finds in a camera's YUV what it finds in the same picture in BGR, and at the same place."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from edgevision.capture.frame import BgrImage, Frame, Picture, Yuv420
from edgevision.capture.lores import View, lores_size
from edgevision.capture.picture_file import decode_picture
from edgevision.capture.transform import WHOLE, Region, make_frame, model_view
from edgevision.capture.yuv import bgr_to_i420, i420
from edgevision.inference.bundled import bundled_model
from edgevision.inference.detect import within
from edgevision.inference.detection import Box, Detection
from edgevision.inference.model import Model
from edgevision.inference.preprocess import Resize

ASTRONAUT = Path(__file__).parents[2] / "edgevision" / "demo" / "pictures" / "astronaut.jpg"
MAIN, LORES = (1280, 720), (640, 360)


@pytest.fixture(scope="module")
def person() -> Model:
    return Model(bundled_model("person"))


def scaled(picture: BgrImage, size: tuple[int, int]) -> BgrImage:
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def as_camera_gives_it(picture: BgrImage, *, full_range: bool = True) -> Yuv420:
    """In YUV, with padding behind each row."""
    height, width = picture.shape[:2]
    planes = bgr_to_i420(picture, width + 64, full_range=full_range)
    return i420(planes, width, height, full_range=full_range)


def frame(picture: Picture, degrees: int = 0, crop: Region = WHOLE) -> Frame:
    return make_frame(picture, camera="front", seq=0, time=0.0, monotonic=0.0, degrees=degrees, crop=crop)


def found(model: Model, frame: Frame) -> list[tuple[Box, Detection]]:
    """What is found, with boxes in fractions of the frame."""
    form, letterbox = model.info.input, model.info.resize == "letterbox"
    view, region = model_view(frame, form.width, form.height, letterbox=letterbox)
    detections = model.run(view, threshold=0.3, max_detections=20).detections
    return [(within(one.box, region), one) for one in detections if one.box is not None]


def overlap(one: Box, other: Box) -> float:
    """Intersection over union."""
    width = max(min(one.xmax, other.xmax) - max(one.xmin, other.xmin), 0)
    height = max(min(one.ymax, other.ymax) - max(one.ymin, other.ymin), 0)
    areas = ((box.xmax - box.xmin) * (box.ymax - box.ymin) for box in (one, other))
    return width * height / (sum(areas) - width * height)


@pytest.mark.parametrize("full_range", [True, False])
@pytest.mark.parametrize("lores", [True, False])
@pytest.mark.parametrize(
    ("degrees", "crop"),
    [(0, WHOLE), (180, WHOLE), (90, (0.0, 0.0, 0.8, 1.0)), (270, (0.03, 0.01, 0.9, 0.97)), (90, (0.3, 0.1, 0.7, 0.5))],
)
def test_boxes_are_where_they_are_in_bgr(
    person: Model, degrees: int, crop: Region, lores: bool, full_range: bool
) -> None:
    # Mounted so that the picture stands upright when it is turned.
    large = np.ascontiguousarray(np.rot90(scaled(decode_picture(ASTRONAUT.read_bytes()), MAIN), degrees // 90))
    small = scaled(large, (large.shape[1] // 2, large.shape[0] // 2))
    wanted = found(person, frame(Picture(large, small if lores else None), degrees, crop))
    main = as_camera_gives_it(large, full_range=full_range)
    less = as_camera_gives_it(small, full_range=full_range) if lores else None
    seen = found(person, frame(Picture(main, less), degrees, crop))
    assert wanted
    (box, detection), (wanted_box, wanted_detection) = seen[0], wanted[0]
    assert overlap(box, wanted_box) > 0.9
    assert detection.score == pytest.approx(wanted_detection.score, abs=0.08)


@pytest.mark.parametrize("degrees", [0, 90])
@pytest.mark.parametrize("crop", [WHOLE, (0.2, 0.03, 0.9, 0.97)])
@pytest.mark.parametrize("resize", ["stretch", "letterbox"])
def test_boxes_are_where_they_are_when_lores_has_just_the_pixels_that_the_model_takes(
    degrees: int, crop: Region, resize: Resize
) -> None:
    person = Model(bundled_model("person"), resize=resize)
    upright = scaled(decode_picture(ASTRONAUT.read_bytes()), MAIN if degrees == 0 else MAIN[::-1])
    large = np.ascontiguousarray(np.rot90(upright, degrees // 90))
    form = person.info.input
    view = View(form.width, form.height, crop=crop, degrees=degrees, letterbox=resize == "letterbox")
    size = lores_size((large.shape[1], large.shape[0]), view)
    assert size is not None
    wanted = found(person, frame(Picture(large), degrees, crop))
    seen = found(person, frame(Picture(large, as_camera_gives_it(scaled(large, size))), degrees, crop))
    assert wanted
    assert overlap(seen[0][0], wanted[0][0]) > 0.9
    assert seen[0][1].score == pytest.approx(wanted[0][1].score, abs=0.08)


def test_as_much_is_found_in_yuv_as_in_bgr(person: Model, shared: Path) -> None:
    assert_as_much_is_found(person, shared, LORES)


def test_as_much_is_found_in_just_the_pixels_that_the_model_takes(person: Model, shared: Path) -> None:
    form = person.info.input
    exact = lores_size(MAIN, View(form.width, form.height))
    assert exact == (form.width, form.height)
    assert_as_much_is_found(person, shared, exact)


def assert_as_much_is_found(person: Model, shared: Path, lores: tuple[int, int]) -> None:
    """In pictures of that size in YUV as in BGR."""
    files = sorted((shared / "images" / "coco" / "images").glob("*.jpg"))
    differences: list[float] = []
    for file in files:
        small = scaled(scaled(decode_picture(file.read_bytes()), MAIN), lores)
        in_bgr = found(person, frame(Picture(small)))
        in_yuv = found(person, frame(Picture(as_camera_gives_it(small))))
        for box, detection in in_bgr:
            if detection.score >= 0.5:
                again = [other.score for place, other in in_yuv if overlap(place, box) > 0.6]
                differences.append(max(again, default=0.0) - detection.score)
    assert len(differences) > 20
    assert abs(float(np.mean(differences))) < 0.015
    assert float(np.mean(np.abs(differences))) < 0.03
