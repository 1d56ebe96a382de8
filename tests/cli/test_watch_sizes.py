"""`edgevision watch` fits every terminal; what is there comes before figures, and what has no room is counted."""

import re

import pytest
from rich.cells import cell_len

from edgevision.cli.watch_state import View
from tests.cli.watched import BASE, EVENTS_OF_FRONT, drawn, event, say, stats, trimmed, view_of


def crowd() -> View:
    """Many cameras with long names, each with many things of long labels, and as many events as are kept."""
    view = view_of((f"{BASE}/status", b"online"), (f"{BASE}/info", {"version": "0.1.0", "runtime": "litert " * 30}))
    long = "a label of quite a few words, or 猫" * 5
    for number in range(12):
        name = f"camera-{number}-with-a-long-name"
        say(view, f"{BASE}/stats", stats(name, dropped_frames=10**6))
        say(view, f"{BASE}/{name}/count/{long}", b"3")
        for thing in range(3):
            zones = ["a-zone-with-a-long-name"] * 3
            say(view, f"{BASE}/{name}/events", event("start", 0, f"{number}-{thing}", label=long, zones=zones))
    return view


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (80, 10), (40, 15), (132, 60), (300, 100), (12, 4)])
def test_it_fits_the_terminal(columns: int, rows: int) -> None:
    lines = drawn(crowd(), columns=columns, rows=rows).splitlines()
    assert len(lines) <= rows
    assert max(map(cell_len, lines)) <= columns


def test_on_80_columns_and_24_rows_the_main_things_can_be_read() -> None:
    view = crowd()
    say(view, f"{BASE}/a/events", event("start", track="a", label="German short-haired pointer"))
    say(view, f"{BASE}/a/events", event("end", 1, "b"))
    shown = trimmed(drawn(view, columns=80, rows=24))
    assert "German short-ha… 83 %, 30 s" in shown
    assert re.search(r"a +end +person +91 % +2 min 05 s  drive", shown)
    assert "30.0       12.3      71.2" in shown
    assert shown.count("camera-") >= 12, "each camera has a line before others have many"


def test_on_40_columns_what_is_there_comes_before_figures() -> None:
    view = view_of((f"{BASE}/stats", stats()), (EVENTS_OF_FRONT, event("start")))
    assert "person 83 %, 30 s" in drawn(view, columns=40, rows=15)


def test_what_there_is_no_room_for_is_counted() -> None:
    view = view_of(*[(EVENTS_OF_FRONT, event("start", track=f"t{number}")) for number in range(40)])
    say(view, f"{BASE}/back/events", event("start", track="b"))
    shown = drawn(view, rows=24)
    assert shown.count("person 83 %") + int(re.findall("… and ([0-9]+) more", shown)[0]) == 41
    for number in range(40):
        say(view, f"{BASE}/camera-{number}/status", b"online")
    assert "… and " in drawn(view, rows=24)


@pytest.mark.parametrize(
    ("rows", "cameras", "events", "shown"),
    [
        (24, 4, 10, (4, 10)),
        (24, 12, 10, (12, 8)),
        (24, 40, 10, (17, 3)),
        (24, 40, 1, (19, 1)),
        (24, 40, 0, (22, 0)),
        (8, 2, 10, (2, 2)),
        (8, 9, 10, (6, 0)),
    ],
)
def test_events_get_what_cameras_leave_but_some(rows: int, cameras: int, events: int, shown: tuple[int, int]) -> None:
    view = view_of(*[(f"{BASE}/camera-{number}/status", b"online") for number in range(cameras)])
    for number in range(events):
        say(view, f"{BASE}/camera-0/events", event("end", track=f"t{number}"))
    lines = drawn(view, rows=rows).splitlines()
    assert (sum(line.startswith(("camera-", "    ")) for line in lines), sum("end" in line for line in lines)) == shown
