import base64
import struct

import numpy as np
import pytest

from edgevision.capture.picture_file import decode_picture
from tests.capture.pictures import BLUE, RED, difference, encode, noise, png, quadrants

# 8 x 8 pixels of one colour as a CMYK JPEG, which OpenCV can read but not write.
CMYK_JPEG = base64.b64decode(
    "/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwADAgIDAgIDAwMDBAMDBAUIBQUEBAUKBwcGCAwKDAwLCgsLDQ4SEA0OEQ4LCxAWEBETFBUVFQwPFxgW"
    "FBgSFBUU/8AAFAgACAAIBEMRAE0RAFkRAEsRAP/EABUAAQEAAAAAAAAAAAAAAAAAAAgJ/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/aAA4EQwBN"
    "AFkASwAAPwBgCUm+qm//2Q=="
)


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tiff"])
def test_lossless_pictures_come_out_exactly_as_blue_green_red(suffix: str) -> None:
    picture = quadrants(32, 24)
    decoded = decode_picture(encode(picture, suffix))
    assert decoded.dtype == np.uint8
    assert decoded.flags["C_CONTIGUOUS"]
    np.testing.assert_array_equal(decoded, picture)


@pytest.mark.parametrize("suffix", [".jpg", ".webp"])
def test_lossy_pictures_keep_their_colours(suffix: str) -> None:
    picture = quadrants(64, 48)
    assert difference(decode_picture(encode(picture, suffix)), picture) < 4


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_grey_is_spread_over_three_channels(suffix: str) -> None:
    decoded = decode_picture(encode(np.full((24, 32), 77, np.uint8), suffix))
    np.testing.assert_array_equal(decoded, np.full((24, 32, 3), 77, np.uint8))


def test_sixteen_bits_are_cut_to_eight() -> None:
    picture = quadrants(32, 24)
    np.testing.assert_array_equal(decode_picture(encode(picture.astype(np.uint16) * 257, ".png")), picture)


def test_transparency_is_dropped() -> None:
    picture = quadrants(32, 24)
    transparent = np.dstack([picture, np.zeros((24, 32), np.uint8)])
    np.testing.assert_array_equal(decode_picture(encode(transparent, ".png")), picture)


def test_palettes_become_colours() -> None:
    data = png(2, 1, colour_type=3, rows=b"\x00\x00\x01", palette=bytes(RED[::-1]) + bytes(BLUE[::-1]))
    np.testing.assert_array_equal(decode_picture(data), np.array([[RED, BLUE]], np.uint8))


def test_cmyk_becomes_blue_green_red() -> None:
    decoded = decode_picture(CMYK_JPEG)
    assert decoded.shape == (8, 8, 3)
    assert difference(decoded, np.full((8, 8, 3), (20, 60, 200), np.uint8)) < 6


def test_exif_orientation_is_applied() -> None:
    # A little-endian TIFF directory of one entry: tag 0x0112 (orientation), type 3 (short), 1 value: 6, clockwise.
    tiff = b"II*\x00" + struct.pack("<IHHHIHHI", 8, 1, 0x0112, 3, 1, 6, 0, 0)
    segment = b"Exif\x00\x00" + tiff
    jpeg = encode(quadrants(64, 48), ".jpg")
    tagged = jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + jpeg[2:]
    assert difference(decode_picture(tagged), np.rot90(quadrants(64, 48), -1)) < 4


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".webp", ".tiff"])
def test_a_cut_off_picture_is_broken(suffix: str, keep: float) -> None:
    data = encode(noise(64, 48), suffix)
    with pytest.raises(ValueError, match=r"cut off|damaged|decode"):
        decode_picture(data[: int(len(data) * keep)])


def test_a_cut_off_jpeg_with_a_whole_thumbnail_is_broken() -> None:
    thumbnail = b"Exif\x00\x00" + encode(noise(16, 12), ".jpg")
    jpeg = encode(noise(64, 48), ".jpg")
    photo = jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(thumbnail) + 2) + thumbnail + jpeg[2:]
    assert decode_picture(photo).shape == (48, 64, 3)
    with pytest.raises(ValueError, match="cut off"):
        decode_picture(photo[:-100])


def test_data_after_a_jpeg_does_no_harm() -> None:
    assert decode_picture(encode(quadrants(64, 48), ".jpg") + b"\x00 trailer").shape == (48, 64, 3)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"Not a picture at all.", "no picture"),
        (b"\xff\xd8", "no picture|cut off"),
        (png(60_000, 60_000, colour_type=2, rows=b"\x00"), "more pixels than OpenCV opens"),
    ],
)
def test_what_is_no_picture_says_why(data: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        decode_picture(data)
