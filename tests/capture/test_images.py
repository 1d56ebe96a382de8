import logging
import os
from pathlib import Path

import numpy as np
import pytest

from edgevision.capture.frame import Picture
from edgevision.capture.images import ImageFiles, list_pictures
from edgevision.capture.source import Source
from edgevision.errors import SourceError
from tests.capture.pictures import encode, noise, png, quadrants, write


def read_all(source: Source) -> list[str | None]:
    names = []
    source.open()
    while isinstance(picture := source.read(), Picture):
        names.append(picture.source)
    source.close()
    return names


def test_every_picture_of_a_folder_comes_once_in_natural_order(tmp_path: Path) -> None:
    for name in ("img10.png", "img2.png", "Img1.JPG", "b.webp", "a.tif", "c.bmp", "d.jpeg"):
        write(tmp_path / name, quadrants(16, 12))
    source = ImageFiles(path=tmp_path)
    assert read_all(source) == ["a.tif", "b.webp", "c.bmp", "d.jpeg", "Img1.JPG", "img2.png", "img10.png"]
    assert (source.finite, source.live, source.skipped) == (True, False, 0)
    assert read_all(source)[0] == "a.tif", "it can be opened again"


def test_pixels_are_those_of_the_file(tmp_path: Path) -> None:
    write(tmp_path / "a.png", quadrants(16, 12))
    source = ImageFiles(path=tmp_path)
    source.open()
    picture = source.read()
    assert picture is not None
    np.testing.assert_array_equal(picture.image, quadrants(16, 12))
    assert picture.lores is None


def test_hidden_files_other_files_and_folders_within_do_not_count(tmp_path: Path) -> None:
    write(tmp_path / "a.png", quadrants(16, 12))
    (tmp_path / ".b.png").write_bytes(b"hidden")
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "more").mkdir()
    write(tmp_path / "more" / "c.png", quadrants(16, 12))
    source = ImageFiles(path=tmp_path)
    assert read_all(source) == ["a.png"]
    assert source.skipped == 0


def test_a_glob_picks_files_at_any_depth(tmp_path: Path) -> None:
    for folder in ("day10", "day9"):
        (tmp_path / folder).mkdir()
        write(tmp_path / folder / "a.png", quadrants(16, 12))
    found = list_pictures(tmp_path / "**" / "*.png")
    assert [path.parent.name for path in found] == ["day9", "day10"]


def test_one_file_is_a_source_of_one_picture(tmp_path: Path) -> None:
    assert read_all(ImageFiles(path=write(tmp_path / "a.png", quadrants(16, 12)))) == ["a.png"]


def test_broken_pictures_are_skipped_with_a_warning_that_names_them_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    jpeg = encode(noise(64, 48), ".jpg")
    broken = {
        "cut.jpg": jpeg[: len(jpeg) // 2],
        "cut.png": encode(noise(64, 48), ".png")[:-100],
        "empty.jpg": b"",
        "text.jpg": b"Not a picture at all.",
        "huge.png": png(60_000, 60_000, colour_type=2, rows=b"\x00"),
    }
    for name, data in broken.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "folder.jpg").mkdir()
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    write(tmp_path / "fine.png", quadrants(16, 12))
    source = ImageFiles(path=tmp_path)
    assert read_all(source) == ["fine.png"]
    assert source.skipped == 7
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 7
    for name in (*broken, "folder.jpg", "gone.jpg"):
        assert any(name in warning for warning in warnings), name


def test_a_picture_without_permission_is_skipped(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "a.png", quadrants(16, 12))
    secret = write(tmp_path / "secret.png", quadrants(16, 12))
    secret.chmod(0)
    if os.access(secret, os.R_OK):  # the superuser may read everything
        real = os.open

        def refuse(path: Path, flags: int) -> int:
            if path == secret:
                raise PermissionError(13, "Permission denied")
            return real(path, flags)

        monkeypatch.setattr(os, "open", refuse)
    assert read_all(ImageFiles(path=tmp_path)) == ["a.png"]
    assert "secret.png: Permission denied" in caplog.text


def test_what_could_keep_the_reader_for_ever_is_skipped(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(tmp_path / "a.png", quadrants(16, 12))
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    with (tmp_path / "huge.png").open("wb") as file:
        file.truncate(60 * 1024**3)
    assert read_all(ImageFiles(path=tmp_path)) == ["a.png"]
    assert "huge.png: is larger than 256 MiB" in caplog.text
    assert caplog.text.count("is no regular file but a pipe or a device") == 2


def test_opencv_is_silent_about_broken_pictures(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "cut.bmp").write_bytes(encode(noise(64, 48), ".bmp")[:-100])
    write(tmp_path / "fine.png", quadrants(16, 12))
    read_all(ImageFiles(path=tmp_path))
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("name", ["", "nowhere", "*.png"])
def test_nothing_to_show_is_an_error_that_says_what_to_give(tmp_path: Path, name: str) -> None:
    (tmp_path / "notes.txt").write_text("no picture")
    with pytest.raises(SourceError, match=r"no pictures at .*give a folder"):
        ImageFiles(path=tmp_path / name).open()


def test_a_loop_goes_round_with_what_is_there_then(tmp_path: Path) -> None:
    write(tmp_path / "a.png", quadrants(16, 12))
    source = ImageFiles(path=tmp_path, loop=True)
    assert (source.finite, source.live) == (False, False)
    source.open()

    def name() -> str | None:
        picture = source.read()
        return picture.source if picture else None

    assert [name(), name()] == ["a.png", "a.png"]
    write(tmp_path / "b.png", quadrants(16, 12))
    assert [name(), name()] == ["a.png", "b.png"]


def test_a_loop_warns_of_each_broken_picture_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "a.png").write_bytes(b"broken")
    write(tmp_path / "b.png", quadrants(16, 12))
    source = ImageFiles(path=tmp_path, loop=True)
    source.open()
    for _ in range(5):
        source.read()
    assert source.skipped == 5
    assert caplog.text.count("a.png") == 1


def test_a_loop_without_a_good_picture_fails_instead_of_spinning(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"broken")
    source = ImageFiles(path=tmp_path, loop=True)
    source.open()
    with pytest.raises(SourceError, match="none of the pictures"):
        source.read()


def test_a_loop_whose_folder_vanishes_fails(tmp_path: Path) -> None:
    file = write(tmp_path / "a.png", quadrants(16, 12))
    source = ImageFiles(path=tmp_path, loop=True)
    source.open()
    source.read()
    file.unlink()
    with pytest.raises(SourceError, match="no pictures"):
        source.read()


def test_reading_before_opening_and_closing_twice(tmp_path: Path) -> None:
    write(tmp_path / "a.png", quadrants(16, 12))
    source = ImageFiles(path=tmp_path)
    source.close()
    source.open()
    source.close()
    source.close()
    with pytest.raises(SourceError, match="not open"):
        source.read()
