"""The log is for a person, for the journal, or for a machine."""

import io
import json
import logging
import os
import sys
from pathlib import Path

from edgevision.log import JournalFormatter, JsonFormatter, writes_to_journal


def record(level: int = logging.WARNING, message: str = "a stream at %s") -> logging.LogRecord:
    return logging.LogRecord("edgevision.capture", level, __file__, 1, message, ("10:00",), None)


def test_the_journal_gets_priorities_on_every_line_and_no_time() -> None:
    formatter = JournalFormatter("%(message)s")
    assert formatter.format(record()) == "<4>a stream at 10:00"
    assert formatter.format(record(logging.ERROR, "one\ntwo %s")) == "<3>one\n<3>two 10:00"


def test_json_lines_hold_one_record_each_with_its_traceback() -> None:
    try:
        int("broken")
    except ValueError:
        failed = record()
        failed.exc_info = sys.exc_info()
    entry = json.loads(JsonFormatter().format(failed))
    assert (entry["level"], entry["logger"], entry["message"]) == ("warning", "edgevision.capture", "a stream at 10:00")
    assert "ValueError: invalid literal" in entry["traceback"]


def test_the_journal_is_known_by_the_file_that_systemd_names(tmp_path: Path) -> None:
    with (tmp_path / "stderr").open("w") as stream:
        status = os.fstat(stream.fileno())
        assert writes_to_journal(stream, {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"})
        assert not writes_to_journal(stream, {"JOURNAL_STREAM": "8:1"})
        assert not writes_to_journal(stream, {})
    assert not writes_to_journal(io.StringIO(), {"JOURNAL_STREAM": "8:1"})
