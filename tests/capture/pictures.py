"""Known pictures, and files made of them."""

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edgevision.capture.frame import BgrImage, Picture, Yuv420
from edgevision.capture.source import Source

RED, GREEN, BLUE, WHITE = (10, 10, 230), (10, 200, 10), (230, 10, 10), (235, 235, 235)


def picture_of(source: Source) -> Picture:
    """The next picture, which must come."""
    picture = source.read()
    assert isinstance(picture, Picture)
    return picture


def in_bgr(picture: BgrImage | Yuv420 | None) -> BgrImage:
    """The pixels of a picture that must be there, in blue, green, red."""
    assert picture is not None
    return picture.in_bgr() if isinstance(picture, Yuv420) else picture


def quadrants(width: int, height: int) -> BgrImage:
    """Red top left, green top right, blue bottom left, white bottom right: no two sides or channels are alike."""
    picture = np.empty((height, width, 3), np.uint8)
    rows, columns = height // 2, width // 2
    picture[:rows, :columns], picture[:rows, columns:] = RED, GREEN
    picture[rows:, :columns], picture[rows:, columns:] = BLUE, WHITE
    return picture


def black(width: int, height: int) -> Yuv420:
    """Planes of the right sizes."""
    y, u, v = (np.zeros((height // part, width // part), np.uint8) for part in (1, 2, 2))
    return Yuv420(y, u, v, full_range=True)


def noise(width: int, height: int, seed: int = 0) -> BgrImage:
    """A picture that compresses badly, so that a file cut in half is cut in the middle of it."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def encode(picture: NDArray[np.uint8] | NDArray[np.uint16], suffix: str) -> bytes:
    """The bytes of a file of the kind that `suffix` says."""
    ok, data = cv2.imencode(suffix, picture)
    assert ok
    return bytes(data)


def write(path: Path, picture: BgrImage) -> Path:
    """Write a picture file of the kind that its name says."""
    path.write_bytes(encode(picture, path.suffix.lower()))
    return path


def write_video(path: Path, frames: list[BgrImage], *, codec: str, fps: float = 25.0) -> Path:
    """Write a video with OpenCV: MJPG into .avi, mp4v into .mp4."""
    height, width = frames[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), fps, (width, height))
    assert writer.isOpened()
    for frame in frames:
        writer.write(frame)
    writer.release()
    return path


def png(width: int, height: int, *, colour_type: int, rows: bytes, palette: bytes = b"") -> bytes:
    """A PNG put together by hand: what OpenCV doesn't write, such as palettes and sizes that are a lie."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colour_type, 0, 0, 0))
    colours = chunk(b"PLTE", palette) if palette else b""
    return b"\x89PNG\r\n\x1a\n" + header + colours + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def difference(left: BgrImage, right: BgrImage) -> float:
    """Mean absolute difference of two pictures of one shape, in levels of 0..255."""
    assert left.shape == right.shape
    return float(np.abs(left.astype(np.int16) - right.astype(np.int16)).mean())
