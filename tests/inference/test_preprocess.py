"""Pictures reach the input tensor in RGB, at the right place of its range, in memory that is the tensor's own."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edgevision.errors import ModelError
from edgevision.inference.preprocess import (
    TRAINED_WITH,
    InputFormat,
    Normalization,
    central_crop,
    input_format,
    make_writer,
)
from edgevision.inference.tensors import Tensor


@pytest.fixture
def picture() -> NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, 256, (480, 640, 3), np.uint8)


@pytest.mark.parametrize(
    ("dtype", "value_of_pixel"),
    [("uint8", lambda p: p), ("int8", lambda p: p.astype(int) - 128), ("float32", lambda p: (p - 127.5) / 127.5)],
)
def test_each_input_type_gets_every_pixel_in_rgb(picture: NDArray[np.uint8], dtype: str, value_of_pixel) -> None:  # type: ignore[no-untyped-def]  # a table of lambdas
    tensor = np.zeros((1, 96, 128, 3), dtype)
    make_writer(InputFormat(96, 128, dtype), TRAINED_WITH)(picture, tensor)
    rgb = cv2.cvtColor(cv2.resize(picture, (128, 96), interpolation=cv2.INTER_LINEAR), cv2.COLOR_BGR2RGB)
    assert tensor[0] == pytest.approx(value_of_pixel(rgb), abs=1e-6)


def test_a_part_of_a_larger_picture_can_be_written_without_a_copy(picture: NDArray[np.uint8]) -> None:
    part = picture[100:300, 50:350]
    assert not part.flags.c_contiguous
    written, wanted = np.zeros((1, 64, 64, 3), np.uint8), np.zeros((1, 64, 64, 3), np.uint8)
    write = make_writer(InputFormat(64, 64, "uint8"), TRAINED_WITH)
    write(part, written)
    write(part.copy(), wanted)
    assert np.array_equal(written, wanted)


def test_a_float_model_may_want_its_pixels_otherwise() -> None:
    tensor = np.zeros((1, 8, 8, 3), np.float32)
    make_writer(InputFormat(8, 8, "float32"), Normalization(mean=0, std=255))(np.full((8, 8, 3), 51, np.uint8), tensor)
    assert tensor == pytest.approx(0.2)


def test_the_central_crop_leaves_seven_eighths_of_each_side() -> None:
    assert central_crop(np.zeros((480, 640, 3), np.uint8)).shape == (420, 560, 3)


@pytest.mark.parametrize(
    "tensor",
    [
        Tensor(0, "x", (1, 224, 224, 4), "uint8"),
        Tensor(0, "x", (2, 224, 224, 3), "uint8"),
        Tensor(0, "x", (1, 3, 224, 224), "float32"),
        Tensor(0, "x", (1, 224, 224, 3), "int16"),
        Tensor(0, "x", (1, 1000), "float32"),
    ],
)
def test_an_input_that_is_no_rgb_picture_is_refused_with_what_was_found(tensor: Tensor) -> None:
    with pytest.raises(ModelError, match=r"has the input 'x' \[.*edgevision gives one RGB picture"):
        input_format([tensor])
