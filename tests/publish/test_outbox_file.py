"""The outbox's file: what is written is there again; what can't be a database is set aside, and a new one is made."""

import os
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from edgevision.publish.outbox_file import Bounds, DamagedError, OutboxFile
from edgevision.publish.outbox_opening import open_outbox_file
from tests.publish.outbox_taker import BOOT, entry


def opened(path: Path, *, boot: str = BOOT, bounds: Bounds | None = None) -> OutboxFile:
    return open_outbox_file(path, boot, bounds or Bounds())


def a_full_one(path: Path) -> None:
    file = opened(path)
    file.write([entry(number, 200) for number in range(500)], (), {"a": entry(1, track="a")}, None)
    file.close()


def numbers(file: OutboxFile, most: int = 1000) -> list[int]:
    return [int(one.payload.rstrip(b"\0")) for _, one in file.read(0, most) if one is not None]


def test_what_is_written_is_there_again(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    file = opened(path)
    first = entry(1, track="a")
    seqs = file.write([first, entry(2), entry(3)], (), {"a": first}, 5.0)
    file.write([], seqs[:1], {}, 5.0)
    file.close()
    assert [found.name for found in tmp_path.iterdir()] == ["outbox.db"]
    again = opened(path)
    assert numbers(again) == [2, 3]
    assert again.count(seqs[1]) == 1
    assert again.tracks() == {"a": first}
    more = again.write([entry(4)], (), {"a": None}, 5.0)
    assert more[0] > seqs[-1]
    assert again.tracks() == {}
    again.close()


def test_what_is_committed_survives_a_power_cut(tmp_path: Path) -> None:
    file = opened(tmp_path / "outbox.db")
    assert file._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert file._db.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL: an fsync for each commit
    file.close()


def test_all_or_nothing_is_written(tmp_path: Path) -> None:
    file = opened(tmp_path / "outbox.db")
    file._db.execute("CREATE TRIGGER t BEFORE INSERT ON tracks BEGIN SELECT RAISE(ABORT, 'no'); END")
    with pytest.raises(sqlite3.IntegrityError):
        file.write([entry(1)], (), {"a": entry(1)}, None)
    file._db.execute("DROP TRIGGER t")
    file.write([entry(2)], (), {}, None)
    assert numbers(file) == [2]
    file.close()


def test_offsets_of_another_boot_mean_nothing(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    file = opened(path)
    late = entry(1, track="a", offset=5.0)
    file.write([late], (), {"a": late}, None)
    assert [one and one.offset for _, one in file.read(0, 9)] == [5.0]
    file.close()
    for boot, offset in ((BOOT, 5.0), ("another", None)):
        file = opened(path, boot=boot)
        assert [one and one.offset for _, one in file.read(0, 9)] == [offset]
        assert [one and one.offset for one in file.tracks().values()] == [offset]
        assert len(file.wrong(0, 9)) == (boot == BOOT)
        file.close()


def test_a_second_user_is_kept_out_and_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    file = opened(path)
    file.write([entry(1)], (), {}, None)
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        opened(path)
    assert numbers(file) == [1]
    file.close()
    assert [found.name for found in tmp_path.iterdir()] == ["outbox.db"]


def test_a_file_that_was_large_once_shrinks(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    file = opened(path)
    seqs = file.write([entry(number, 100_000) for number in range(50)], (), {}, None)
    file.write([], seqs, {}, None)
    file.close()
    assert path.stat().st_size > 1_000_000
    opened(path).close()
    assert path.stat().st_size < 100_000


def nothing(_: Path) -> None:
    """What a run leaves that is killed before it could write anything."""


def empty(path: Path) -> None:
    path.touch()


@pytest.mark.parametrize("leave", [nothing, empty])
def test_no_file_and_an_empty_one_are_fine(
    tmp_path: Path, leave: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "state" / "outbox.db"
    path.parent.mkdir()
    leave(path)
    opened(path).close()
    assert not caplog.records


def garbage(path: Path) -> None:
    path.write_bytes(random.Random(1).randbytes(50_000))


def text(path: Path) -> None:
    path.write_text("hello\n" * 1000)


def folder(path: Path) -> None:
    path.mkdir()
    (path / "precious").touch()


def cut(path: Path) -> None:
    a_full_one(path)
    os.truncate(path, path.stat().st_size // 2)


def spoilt_pages(path: Path) -> None:
    a_full_one(path)
    with path.open("r+b") as file:
        for page in range(2, 30, 3):
            file.seek(page * 4096)
            file.write(random.Random(page).randbytes(4096))


def header_only(path: Path) -> None:
    a_full_one(path)
    os.truncate(path, 100)


def another_version(path: Path) -> None:
    a_full_one(path)
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version=99")
    database.close()


def another_program(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE entries(seq, whatever)")
        database.execute("PRAGMA user_version=1")
    database.close()


DAMAGES = [garbage, text, folder, cut, spoilt_pages, header_only, another_version, another_program]


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_is_set_aside_and_said(
    tmp_path: Path, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "outbox.db"
    damage(path)
    was_folder = path.is_dir()
    file = opened(path)
    file.write([entry(7)], (), {}, None)
    assert numbers(file) == [7]
    file.close()
    assert (tmp_path / "outbox.db.damaged-1").is_dir() == was_folder
    (record,) = caplog.records
    assert record.levelname == "ERROR"
    assert "outbox.db.damaged-1" in record.getMessage()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    a_full_one(path)
    path.chmod(0)
    opened(path).close()
    assert (tmp_path / "outbox.db.damaged-1").exists()


def test_two_damaged_files_are_kept_at_most(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    for number in range(5):
        path.write_bytes(b"%d" % number * 5000)
        opened(path).close()
    assert sorted(found.name for found in tmp_path.iterdir()) == [
        "outbox.db",
        *(f"outbox.db.damaged-{n}" for n in (1, 2)),
    ]
    assert (tmp_path / "outbox.db.damaged-2").read_bytes()[:1] == b"4"


def test_the_log_of_a_damaged_file_is_not_taken_for_the_new_ones(tmp_path: Path) -> None:
    path, dead = tmp_path / "outbox.db", tmp_path / "dead.db"
    file = opened(dead)
    file.write([entry(1)], (), {}, None)
    log = Path(f"{dead}-wal").read_bytes()
    file.close()
    path.mkdir()
    Path(f"{path}-wal").write_bytes(log)
    file = opened(path)
    assert numbers(file) == []
    file.close()
    assert (tmp_path / "outbox.db.damaged-1-wal").read_bytes() == log


@pytest.mark.parametrize("round_", range(40))
def test_any_flipped_bytes_end_in_a_file_that_works(tmp_path: Path, round_: int) -> None:
    path, chance = tmp_path / "outbox.db", random.Random(round_)
    a_full_one(path)
    raw = bytearray(path.read_bytes())
    for _ in range(chance.choice([1, 3, 50])):
        raw[chance.randrange(chance.choice([100, 4096, len(raw)]))] = chance.randrange(256)
    path.write_bytes(raw)
    file = opened(path)
    try:
        file.tracks()
        file.write([entry(7)], [seq for seq, _ in file.read(0, 1000)], {}, 1.0)
        assert 7 in numbers(file)
    except DamagedError:  # found later; the outbox rescues what it can then
        pass
    finally:
        file.close()


def test_a_folder_that_is_none_is_no_damage(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        opened(tmp_path / "file" / "outbox.db")
