"""What was set by MQTT outlives a restart, a damaged file and a disk that can't be written."""

import json
import os
import stat
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from edgevision.daemon.memory import MOST_WRITES, Memory, Remembered, RememberedCamera, RememberedThreshold

OFF = Remembered(
    cameras={"front": RememberedCamera(detect=False, threshold=RememberedThreshold(value=0.7, configured=0.5))},
    retained=("edgevision/pi/status",),
    components={"count--front--person": "sensor"},
)


def memory(path: Path, seconds_a_look: float = 0.0) -> Memory:
    clock = count(step=seconds_a_look)
    return Memory(path, lambda: next(clock))


def stored(path: Path) -> Memory:
    kept = memory(path)
    kept.content = OFF
    kept.store()
    return kept


def test_what_is_stored_is_there_at_the_next_start(tmp_path: Path) -> None:
    stored(tmp_path / "new" / "folder" / "mqtt.json")
    assert memory(tmp_path / "new" / "folder" / "mqtt.json").content == OFF
    assert [path.name for path in (tmp_path / "new" / "folder").iterdir()] == ["mqtt.json"]


def test_nothing_is_written_while_nothing_changes(tmp_path: Path) -> None:
    path = tmp_path / "mqtt.json"
    kept = stored(path)
    path.unlink()
    kept.content = replace(OFF)
    kept.store(now=True)
    assert not path.exists()


def test_many_changes_are_written_once_a_second_after_the_first_and_the_last_one_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "mqtt.json"
    kept = memory(path, seconds_a_look=0.01)
    written = []
    for number in range(100):
        kept.content = Remembered(retained=(f"topic {number}",))
        kept.store()
        written.append(path.read_bytes())
    assert MOST_WRITES <= len(set(written)) <= MOST_WRITES + 2
    kept.store(now=True)
    assert memory(path).content == kept.content


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b'{"cameras": {"front": {"threshold": {"value": 7, "configured": 0.5}}}}',
        b'{"cameras": {"front": {"detect": "perhaps"}}}',
        b"[" * 100_000,
        b'{"retained": [""]}',
        b'{"retained": ["edgevision+pi/status"]}',
        b'{"retained": ["' + b"a" * 65_536 + b'"]}',
        b'{"components": {"count--front/": "sensor"}}',
        b'{"components": {"count--front": "sen#or"}}',
    ],
)
def test_a_damaged_file_is_told_and_replaced(content: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "mqtt.json"
    path.write_bytes(content)
    kept = memory(path)
    assert kept.content == Remembered()
    assert "is damaged" in caplog.text
    kept.content = OFF
    kept.store()
    assert memory(path).content == OFF


def test_a_pipe_in_its_place_keeps_nobody_waiting(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    os.mkfifo(tmp_path / "mqtt.json")
    assert memory(tmp_path / "mqtt.json").content == Remembered()
    assert "is no regular file" in caplog.text


def test_a_disk_that_cannot_be_written_is_told_once_and_all_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    kept = memory(tmp_path / "state" / "mqtt.json", seconds_a_look=10)
    for number in range(3):
        kept.content = Remembered(retained=(f"topic {number}",))
        kept.store()
    warnings = [record.getMessage() for record in caplog.records if "can't be written" in record.getMessage()]
    assert len(warnings) == 1
    assert "state_dir" in warnings[0]


def test_what_could_not_be_written_is_written_a_minute_later(tmp_path: Path) -> None:
    path = tmp_path / "state" / "mqtt.json"
    path.parent.write_text("a file where the folder should be")
    kept = memory(path, seconds_a_look=20)
    kept.content = OFF
    kept.store()
    path.parent.unlink()
    kept.store()
    assert not path.exists(), "not tried again at each look"
    for _ in range(3):
        kept.store()
    assert memory(path).content == OFF


def test_a_write_that_fails_leaves_the_old_file_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "mqtt.json"
    stored(path)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    kept = memory(path)
    kept.content = Remembered()
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        kept.store()
    assert memory(path).content == OFF
    assert [path.name for path in tmp_path.iterdir()] == ["mqtt.json"]


def test_it_is_json_that_others_may_read(tmp_path: Path) -> None:
    path = tmp_path / "mqtt.json"
    stored(path)
    assert json.loads(path.read_text())["cameras"]["front"]["detect"] is False
    assert stat.S_ISREG(path.stat().st_mode)
