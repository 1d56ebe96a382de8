"""Pictures reach the input tensor in RGB, at the right place of its range, in memory that is the tensor's own."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edgevision.capture.frame import Yuv420
from edgevision.capture.yuv import bgr_to_i420, i420
from edgevision.errors import ModelError
from edgevision.inference.normalization import Normalization, alike, pixel_table
from edgevision.inference.preprocess import Fit, Image, InputFormat, Resize, Writer, fit, input_format, make_writer
from edgevision.inference.tensors import Tensor

QUANTIZED = {"uint8": (1 / 128, 128), "int8": (1 / 128, 0), "int16": (1 / 32767, 0), "float32": (0.0, 0)}


def writer(
    height: int,
    width: int,
    dtype: str,
    *,
    channels: int = 3,
    resize: Resize = "stretch",
    given: Normalization | None = None,
) -> Writer:
    """For an input of a model trained with -1..1."""
    tensor = Tensor(0, "x", (1, height, width, channels), dtype, *QUANTIZED[dtype])
    return make_writer(InputFormat(height, width, dtype, channels), pixel_table(tensor, channels, given, None), resize)


@pytest.fixture
def picture() -> NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, 256, (480, 640, 3), np.uint8)


@pytest.mark.parametrize(
    ("dtype", "value_of_pixel"),
    [
        ("uint8", lambda p: p),
        ("int8", lambda p: p.astype(int) - 128),
        ("float32", lambda p: (p - 127.5) / 127.5),
        ("int16", lambda p: np.round((p - 127.5) / 127.5 * 32767)),
    ],
)
def test_each_input_type_gets_every_pixel_in_rgb(picture: NDArray[np.uint8], dtype: str, value_of_pixel) -> None:  # type: ignore[no-untyped-def]  # a table of lambdas
    tensor = np.zeros((1, 96, 128, 3), dtype)
    assert writer(96, 128, dtype)(picture, tensor) == (0.0, 0.0, 1.0, 1.0)
    rgb = cv2.cvtColor(cv2.resize(picture, (128, 96), interpolation=cv2.INTER_LINEAR), cv2.COLOR_BGR2RGB)
    assert tensor[0] == pytest.approx(value_of_pixel(rgb), abs=1e-6)


def test_a_part_of_a_larger_picture_can_be_written_without_a_copy(picture: NDArray[np.uint8]) -> None:
    part = picture[100:300, 50:350]
    assert not part.flags.c_contiguous
    written, wanted = np.zeros((1, 64, 64, 3), np.uint8), np.zeros((1, 64, 64, 3), np.uint8)
    write = writer(64, 64, "uint8")
    write(part, written)
    write(part.copy(), wanted)
    assert np.array_equal(written, wanted)


def test_a_float_model_may_want_its_pixels_otherwise() -> None:
    tensor = np.zeros((1, 8, 8, 3), np.float32)
    writer(8, 8, "float32", given=alike(0, 255))(np.full((8, 8, 3), 51, np.uint8), tensor)
    assert tensor == pytest.approx(0.2)


def test_the_central_crop_leaves_seven_eighths_of_each_side() -> None:
    found = fit(640, 480, InputFormat(224, 224, "uint8"), "crop")
    assert found == Fit((40, 30, 600, 450), (0, 0, 224, 224), (0.0625, 0.0625, 0.9375, 0.9375))


@pytest.mark.parametrize(
    "tensor",
    [
        Tensor(0, "x", (1, 224, 224, 4), "uint8"),
        Tensor(0, "x", (2, 224, 224, 3), "uint8"),
        Tensor(0, "x", (1, 3, 224, 224), "float32"),
        Tensor(0, "x", (1, 224, 224, 3), "int32"),
        Tensor(0, "x", (1, 1000), "float32"),
    ],
)
def test_an_input_that_is_no_rgb_picture_is_refused_with_what_was_found(tensor: Tensor) -> None:
    with pytest.raises(ModelError, match=r"has the input 'x' \[.*edgevision gives one picture"):
        input_format([tensor])


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "float32"])
def test_a_grey_model_gets_the_brightness(picture: NDArray[np.uint8], dtype: str) -> None:
    tensor = np.zeros((1, 48, 64, 1), dtype)
    writer(48, 64, dtype, channels=1)(picture, tensor)
    grey = cv2.cvtColor(cv2.resize(picture, (64, 48), interpolation=cv2.INTER_LINEAR), cv2.COLOR_BGR2GRAY)[..., None]
    wanted = {"uint8": grey, "int8": grey.astype(int) - 128, "float32": (grey - 127.5) / 127.5}
    wanted["int16"] = np.round(wanted["float32"] * 32767)
    assert tensor[0] == pytest.approx(wanted[dtype], abs=1e-6)


def test_what_the_user_gives_holds_before_what_the_file_says() -> None:
    tensor = Tensor(0, "x", (1, 8, 8, 1), "float32")
    assert pixel_table(tensor, 1, alike(0, 1), alike(5, 5)).ravel().tolist() == list(range(256))
    assert pixel_table(tensor, 1, None, alike(0, 5)).ravel() == pytest.approx(np.arange(256) / 5)


def test_each_channel_has_its_own_mean_and_deviation_in_rgb_order() -> None:
    tensor = np.zeros((1, 8, 8, 3), np.float32)
    blue_green_red = np.full((8, 8, 3), (10, 20, 30), np.uint8)
    writer(8, 8, "float32", given=Normalization((0, 10, 10), (1, 2, 10)))(blue_green_red, tensor)
    assert tensor[0, 0, 0] == pytest.approx([30, 5, 0])


def test_a_picture_keeps_its_shape_between_grey_bars_whatever_the_picture_before_was() -> None:
    write = writer(60, 60, "uint8", resize="letterbox")
    tensor = np.zeros((1, 60, 60, 3), np.uint8)
    wide, high = np.full((10, 30, 3), 200, np.uint8), np.full((40, 20, 3), 90, np.uint8)
    for _ in range(2):
        assert write(wide, tensor) == pytest.approx((0, -1, 1, 2))
        assert (tensor[0, 20:40] == 200).all()
        assert (tensor[0, :20] == 127).all()
        assert (tensor[0, 40:] == 127).all()
        assert write(high, tensor) == pytest.approx((-0.5, 0, 1.5, 1))
        assert (tensor[0, :, 15:45] == 90).all()
        assert (tensor[0, :, :15] == 127).all()
        assert (tensor[0, :, 45:] == 127).all()


def test_the_thinnest_picture_has_a_pixel_between_the_bars() -> None:
    tensor = np.zeros((1, 20, 20, 3), np.float32)
    writer(20, 20, "float32", resize="letterbox")(np.full((2000, 1, 3), 255, np.uint8), tensor)
    assert (tensor[0] == 1).all(axis=2).sum() == 20


@pytest.mark.parametrize("resize", ["stretch", "crop", "letterbox"])
@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "float32"])
@pytest.mark.parametrize("channels", [1, 3])
def test_pixels_are_written_into_the_tensors_own_memory(
    picture: NDArray[np.uint8], resize: Resize, dtype: str, channels: int
) -> None:
    tensor = np.full((1, 32, 32, channels), 99, dtype)
    writer(32, 32, dtype, channels=channels, resize=resize)(picture, tensor)
    assert len(np.unique(tensor)) > 20


@pytest.mark.parametrize(
    ("shape", "hint"),
    [((1, 1, 1, 3), "its size was left open"), ((1, 3, 224, 224), "channels last"), ((1, 1, 96, 96), "channels last")],
)
def test_an_input_in_another_form_is_refused_with_what_to_do(shape: tuple[int, ...], hint: str) -> None:
    with pytest.raises(ModelError, match=hint):
        input_format([Tensor(0, "x", shape, "float32")])


def as_camera_gives_it(picture: NDArray[np.uint8], *, full_range: bool = True) -> Yuv420:
    """In YUV, with padding behind each row."""
    height, width = picture.shape[:2]
    planes = bgr_to_i420(picture, width + 32, full_range=full_range)
    return i420(planes, width, height, full_range=full_range)


@pytest.fixture
def smooth() -> NDArray[np.uint8]:
    """A picture of colours without sharp edges, which colour of half as many pixels can show."""
    coarse = np.random.default_rng(2).integers(0, 256, (6, 8, 3), np.uint8)
    return np.asarray(cv2.resize(coarse, (320, 256), interpolation=cv2.INTER_CUBIC), np.uint8)


@pytest.mark.parametrize("resize", ["stretch", "crop", "letterbox"])
@pytest.mark.parametrize("full_range", [True, False])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_cameras_yuv_is_written_as_the_same_picture_in_bgr(
    smooth: NDArray[np.uint8], resize: Resize, full_range: bool, channels: int
) -> None:
    picture = as_camera_gives_it(smooth, full_range=full_range)
    write = writer(96, 96, "uint8", channels=channels, resize=resize)
    found, wanted = (np.zeros((1, 96, 96, channels), np.uint8) for _ in range(2))
    region = write(picture, found)
    assert region == write(picture.in_bgr(), wanted)
    difference = np.abs(found.astype(int) - wanted)
    assert difference.mean() < 1.5
    assert difference.max() <= 12


@pytest.mark.parametrize(
    ("resize", "size", "left", "top", "box"),
    [
        ("stretch", (96, 96), 0, 0, (0, 0, 96, 96)),
        ("crop", (108, 108), 6, 6, (0, 0, 96, 96)),
        ("crop", (216, 216), 12, 12, (0, 0, 96, 96)),
        ("letterbox", (96, 54), 0, 0, (0, 21, 96, 54)),
        ("letterbox", (54, 96), 0, 0, (21, 0, 54, 96)),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_a_cameras_yuv_of_the_models_own_pixels_comes_pixel_by_pixel(
    smooth: NDArray[np.uint8],
    resize: Resize,
    size: tuple[int, int],
    left: int,
    top: int,
    box: tuple[int, int, int, int],
    turned: bool,
) -> None:
    picture = as_camera_gives_it(np.asarray(cv2.resize(smooth, size), np.uint8))
    if turned:  # and without padding then
        y, u, v = (np.ascontiguousarray(plane[::-1, ::-1]) for plane in (picture.y, picture.u, picture.v))
        picture = Yuv420(y, u, v, full_range=True)
    tensor = np.zeros((1, 96, 96, 3), np.uint8)
    writer(96, 96, "uint8", resize=resize)(picture, tensor)
    seen = picture.cut(left, top, size[0] - left, size[1] - top)
    from_left, from_top, width, height = box
    twice = seen.shape[0] == 2 * height
    luma = cv2.resize(seen.y, (width, height), interpolation=cv2.INTER_AREA) if twice else seen.y
    times = 1 if twice else 2
    # JPEG's (JFIF 1.02).
    cb, cr = (plane.repeat(times, axis=0).repeat(times, axis=1) - 128.0 for plane in (seen.u, seen.v))
    wanted = np.dstack([luma + 1.402 * cr, luma - 0.344136 * cb - 0.714136 * cr, luma + 1.772 * cb]).clip(0, 255)
    assert np.abs(tensor[0, from_top : from_top + height, from_left : from_left + width] - wanted).max() < 1
    assert np.count_nonzero((tensor[0] == 127).all(axis=2)) >= 96 * 96 - width * height


@pytest.mark.parametrize("full_range", [True, False])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_bars_beside_a_cameras_yuv_are_as_grey_as_others(full_range: bool, channels: int) -> None:
    picture = as_camera_gives_it(np.full((40, 80, 3), 255, np.uint8), full_range=full_range)
    tensor = np.zeros((1, 80, 80, channels), np.uint8)
    writer(80, 80, "uint8", channels=channels, resize="letterbox")(picture, tensor)
    assert (tensor[0, 20:60] >= 254).all()
    assert (tensor[0, :20] == 127).all()
    assert (tensor[0, 60:] == 127).all()


def test_the_colours_of_a_cameras_yuv_are_not_swapped() -> None:
    red = np.full((40, 60, 3), (0, 0, 255), np.uint8)
    tensor = np.zeros((1, 8, 8, 3), np.uint8)
    writer(8, 8, "uint8")(as_camera_gives_it(red), tensor)
    assert tensor[0, 4, 4] == pytest.approx([255, 0, 0], abs=3)


def test_the_central_crop_of_a_cameras_yuv_begins_with_a_whole_pixel_of_colour() -> None:
    found = fit(534, 300, InputFormat(224, 224, "uint8"), "crop", step=2)
    assert found.part == (32, 18, 502, 282)
    assert found.region == (32 / 534, 18 / 300, 502 / 534, 282 / 300)


def test_pictures_of_both_kinds_and_any_size_can_come_in_turn(smooth: NDArray[np.uint8]) -> None:
    write = writer(60, 60, "int8", resize="letterbox")
    pictures: list[Image] = [smooth, as_camera_gives_it(smooth), smooth[:100], as_camera_gives_it(smooth[:100])]
    alone = [np.zeros((1, 60, 60, 3), np.int8) for _ in pictures]
    for picture, tensor in zip(pictures, alone, strict=True):
        writer(60, 60, "int8", resize="letterbox")(picture, tensor)
    for picture, wanted in zip(pictures * 2, alone * 2, strict=True):
        tensor = np.zeros((1, 60, 60, 3), np.int8)
        write(picture, tensor)
        assert np.array_equal(tensor, wanted)
